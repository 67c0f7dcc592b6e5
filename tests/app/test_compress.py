"""What goes out compressed."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.compress import SMALLEST_BYTES, Compress


async def long_text(_: object) -> PlainTextResponse:
    """Answer with a text worth compressing."""
    return PlainTextResponse("loss " * SMALLEST_BYTES)


CLIENT = TestClient(Compress(Starlette(routes=[Route("/{path:path}", long_text)])))


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/", "gzip"), ("/static/cutloss.js", "gzip"), ("/bokeh/js/bokeh.min.js", None), ("/api/v1/runs", None)],
)
def test_pages_are_compressed_and_the_rest_is_not(path: str, expected: str | None) -> None:
    """Pages, scripts and styles are; the API and the chart library are not."""
    assert expected == CLIENT.get(path).headers.get("content-encoding")


def test_a_browser_that_does_not_ask_gets_plain_text() -> None:
    """Compression is only for who accepts it."""
    answer = CLIENT.get("/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers
