"""What the service counts about itself."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.metrics import CountRequests, Metrics


async def _answer(request: Request) -> Response:
    if request.path_params["name"] == "bad":
        raise RuntimeError("no")
    return Response(status_code=204)


async def test_requests_are_counted_by_route() -> None:
    """Each answer counts under its route's template, never under its path; a failure counts as 500."""
    metrics = Metrics()
    app = Starlette(routes=[Route("/runs/{name}", _answer)])
    app.add_middleware(CountRequests, metrics=metrics)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        await client.get("/runs/secret-name")
        await client.get("/elsewhere")
        with pytest.raises(RuntimeError):
            await client.get("/runs/bad")
    text = metrics.text().decode()
    assert 'cutloss_requests_total{method="GET",route="/runs/{name}",status="204"} 1.0' in text
    assert 'cutloss_requests_total{method="GET",route="/runs/{name}",status="500"} 1.0' in text
    assert 'route="other",status="404"' in text
    assert "secret-name" not in text


def test_each_service_counts_for_itself() -> None:
    """Two services in one process share no numbers."""
    first, second = Metrics(), Metrics()
    first.watchers.set(3)
    assert (True, True) == (
        "cutloss_watchers 3.0" in first.text().decode(),
        "cutloss_watchers 0.0" in second.text().decode(),
    )
