"""Pages and their own scripts and styles go out compressed."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

SMALLEST_BYTES = 1_000
LEVEL = 5
"""A page of 60 kB takes about a millisecond at this level, and higher ones hardly make it smaller."""
AS_THEY_ARE = ("/api/", "/bokeh/")
"""The API's answers are small or asked for by programs; the chart library is kept by the browser."""


class Compress:
    """Compress what a browser shows, for who reads it through a tunnel.

    Args:
        app: the application behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._packing = GZipMiddleware(app, minimum_size=SMALLEST_BYTES, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        is_page = scope["type"] == "http" and not scope["path"].startswith(AS_THEY_ARE)
        await (self._packing if is_page else self._plain)(scope, receive, send)
