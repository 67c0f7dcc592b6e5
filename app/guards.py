"""What every request passes before it is answered: the Host check, the body limit, the security headers."""

import socket
import zlib
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BadEncodingError, TooLargeError, problem, status_of
from app.settings import LOOPBACK, Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Bokeh sets inline styles, hence the one exception; scripts only come from files of the service."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
CACHED_PATHS = ("/static/", "/bokeh/")
DRAIN_FACTOR = 8
"""How many times the body limit is read and thrown away, so that the sender hears why it was refused."""


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Return the names under which the service may be addressed."""
    names = {*LOOPBACK, settings.host, *settings.allowed_hosts}
    if settings.host not in LOOPBACK:
        names |= {socket.gethostname(), socket.getfqdn()}
    return frozenset(name.lower() for name in names)


class HostCheck:
    """Refuse a request addressed to another name: a page elsewhere may point its own name at loopback."""

    def __init__(self, app: ASGIApp, allowed: Iterable[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 400."""
        if scope["type"] == "http" and _host_name(scope) not in self._allowed:
            detail = "The Host header names no host of this service; see CUTLOSSD_ALLOWED_HOSTS."
            await problem(400, detail)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class SecurityHeaders:
    """Put the content security policy and its companions on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, headers added to its answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if not scope["path"].startswith(CACHED_PATHS):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """Read and decompress a request's body, at most so many bytes of it.

    Args:
        app: the application behind; it sees the whole body at once, uncompressed.
        largest_bytes: the limit after decompression.
    """

    def __init__(self, app: ASGIApp, largest_bytes: int) -> None:
        self._app = app
        self._largest_bytes = largest_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body, or answer 413 or 415."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        encoding = Headers(scope=scope).get("content-encoding", "identity").strip().lower()
        try:
            body = await self._read(receive, encoding)
        except (TooLargeError, BadEncodingError) as error:
            await problem(status_of(error), str(error))(scope, receive, send)
            return
        await self._app(_plain(scope, len(body)), _replay(body, receive), send)

    async def _read(self, receive: Receive, encoding: str) -> bytes:
        body = _Body(encoding, self._largest_bytes)
        received = 0
        while True:
            message = await receive()
            chunk = message.get("body", b"")
            received += len(chunk)
            body.add(chunk)
            if not message.get("more_body", False) or received > DRAIN_FACTOR * self._largest_bytes:
                return body.whole()


class _Body:
    """A body that grows up to its limit; what comes after that is thrown away."""

    def __init__(self, encoding: str, largest_bytes: int) -> None:
        self._largest_bytes = largest_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._error: Exception | None = None
        self._gzip = zlib.decompressobj(wbits=31) if encoding in {"gzip", "x-gzip"} else None
        if self._gzip is None and encoding != "identity":
            self._error = BadEncodingError(f"Content-Encoding is {encoding[:40]!r}; expected gzip or none.")

    def add(self, chunk: bytes) -> None:
        """Take a chunk as received."""
        if self._error is None:
            self._keep(self._decoded(chunk))

    def whole(self) -> bytes:
        """Return the body.

        Raises:
            TooLargeError: it is larger than is taken.
            BadEncodingError: it is not what its encoding says.
        """
        if self._error is None and self._gzip and not self._gzip.eof:
            self._error = BadEncodingError("The body is no complete gzip stream.")
        if self._error is not None:
            raise self._error
        return b"".join(self._parts)

    def _decoded(self, chunk: bytes) -> bytes:
        if self._gzip is None:
            return chunk
        try:
            return self._gzip.decompress(chunk, self._largest_bytes + 1 - self._size)
        except zlib.error as error:
            self._error = BadEncodingError(f"The body is no gzip stream: {error}.")
            return b""

    def _keep(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._largest_bytes:
            self._parts.clear()
            self._error = TooLargeError(f"The body is larger than {self._largest_bytes} bytes.")


def _host_name(scope: Scope) -> str:
    host = Headers(scope=scope).get("host", "").lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _plain(scope: Scope, size: int) -> Scope:
    dropped = {b"content-encoding", b"content-length", b"transfer-encoding"}
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in dropped]
    return {**scope, "headers": [*headers, (b"content-length", str(size).encode())]}


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()  # waits for the disconnect
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
