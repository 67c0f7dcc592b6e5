"""Links that hold under any base path: behind a proxy that keeps the prefix, strips it, or none."""

from starlette.requests import HTTPConnection, Request
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

READING = frozenset({"GET", "HEAD"})


def link(request: HTTPConnection, path: str) -> str:
    """Return an absolute path on this service (``"/runs/x"``) with the base path before it."""
    base_path: str = request.app.state.settings.base_path
    return base_path + path


def address(request: Request) -> str:
    """Return the path and the query of the page that answers a request, as a link opens it again.

    What answers a form has no address of its own: it is the page above it whose form that was.
    """
    path, query = request.scope["path"], request.url.query
    if request.method in READING:
        return f"{path}?{query}" if query else path
    while path and not _is_page(request, path):
        path = path.rpartition("/")[0]
    return path or "/"


def _is_page(request: Request, path: str) -> bool:
    asked = {**request.scope, "method": "GET", "path": path}
    return any(route.matches(asked)[0] is Match.FULL for route in request.app.router.routes)


class BasePath:
    """Take the base path off a request's path where the proxy kept it.

    A proxy that strips the prefix and one that keeps it are both served, and so is direct access.

    Args:
        app: the application behind.
        base_path: ``""`` or a path that begins and does not end with a slash.
    """

    def __init__(self, app: ASGIApp, base_path: str) -> None:
        self._app = app
        self._base_path = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its path relative to the base path."""
        path = scope.get("path", "")
        if self._base_path and (path == self._base_path or path.startswith(self._base_path + "/")):
            bare = path.removeprefix(self._base_path) or "/"
            scope = {**scope, "path": bare, "raw_path": bare.encode()}
        await self._app(scope, receive, send)
