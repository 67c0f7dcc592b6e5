"""Links and requests under a base path."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from app.links import link
from app.main import create_app
from app.settings import Settings

LOGIN = "login"


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the application under /cutloss."""
    app = create_app(settings.model_copy(update={"base_path": "/cutloss"}), login_token=LOGIN)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client,
    ):
        yield client


@pytest.mark.parametrize("prefix", ["", "/cutloss"])
async def test_prefix_kept_or_stripped(client: httpx.AsyncClient, prefix: str) -> None:
    """A proxy may keep the prefix or strip it; both lead to the same place, files included."""
    assert 200 == (await client.get(f"{prefix}/healthz")).status_code
    assert 401 == (await client.get(f"{prefix}/api/v1/runs")).status_code
    assert 200 == (await client.get(f"{prefix}/bokeh/js/bokeh.min.js")).status_code


async def test_another_prefix_is_not_ours(client: httpx.AsyncClient) -> None:
    """A path that merely begins alike is not the base path."""
    assert 404 == (await client.get("/cutlossy/healthz")).status_code


async def test_login_leads_back_under_the_prefix(client: httpx.AsyncClient) -> None:
    """The login link redirects to, and its cookie is for, the prefixed path."""
    answer = await client.get(f"/cutloss/?token={LOGIN}")
    assert (303, "/cutloss/") == (answer.status_code, answer.headers["location"])
    assert "path=/cutloss/" in answer.headers["set-cookie"].lower()


def test_link_has_the_prefix() -> None:
    """A link is the base path and the path."""
    settings = Settings(base_path="/cutloss")
    request: Any = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(settings=settings)))
    assert "/cutloss/runs/x" == link(request, "/runs/x")
