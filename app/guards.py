"""What every request passes before it is answered: the Host check, the body limit, the security headers."""

import asyncio
import socket
import zlib
from collections.abc import Callable, Iterable, Iterator

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth import WHO_ASKS
from app.errors import BadEncodingError, TooLargeError, UnauthorizedError, problem, status_of
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
STRANGERS_BYTES = 64 * 1024
"""As much of a body is kept before anybody looks who sends it: everyone on a machine reaches its loopback."""
PART_BYTES = 256 * 1024
"""A body is unpacked in parts of this size."""
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
        is_known: tells whether somebody known sends a request; a stranger's body is small or not kept.
    """

    def __init__(self, app: ASGIApp, largest_bytes: int, is_known: Callable[[Scope], bool]) -> None:
        self._app = app
        self._largest_bytes = largest_bytes
        self._is_known = is_known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body, or answer 401, 413 or 415."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        encoding = Headers(scope=scope).get("content-encoding", "identity").strip().lower()
        body = _Body(encoding, self._largest_bytes, lambda: self._is_known(scope))
        try:
            whole = await self._read(receive, body)
        except (TooLargeError, BadEncodingError, UnauthorizedError) as error:
            await problem(status_of(error), str(error))(scope, receive, send)
            return
        if whole is not None:
            await self._app(_plain(scope, len(whole)), _replay(whole, receive), send)

    async def _read(self, receive: Receive, body: "_Body") -> bytes | None:
        """Return the whole body, ``None`` where its sender has gone in the middle of it."""
        received = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            received += len(chunk)
            await body.add(chunk)
            if not message.get("more_body", False) or received > DRAIN_FACTOR * self._largest_bytes:
                return body.whole()


class _Body:
    """A body that grows up to its limit; what comes after that is thrown away."""

    def __init__(self, encoding: str, largest_bytes: int, is_known: Callable[[], bool]) -> None:
        self._largest_bytes = largest_bytes
        self._is_known = is_known
        self._may_grow = False
        self._parts: list[bytes] = []
        self._size = 0
        self._error: Exception | None = None
        self._gzip = zlib.decompressobj(wbits=31) if encoding in {"gzip", "x-gzip"} else None
        if self._gzip is None and encoding != "identity":
            self._error = BadEncodingError(f"Content-Encoding is {encoding[:40]!r}; expected gzip or none.")

    async def add(self, chunk: bytes) -> None:
        """Take a chunk as received; others have their turn while much is unpacked."""
        for part in self._decoded(chunk):
            if self._error is None:
                self._keep(part)
            if self._gzip is not None and len(part) == PART_BYTES:
                await asyncio.sleep(0)

    def whole(self) -> bytes:
        """Return the body.

        Raises:
            TooLargeError: it is larger than is taken.
            BadEncodingError: it is not what its encoding says.
            UnauthorizedError: it is large, and nobody known sent it.
        """
        if self._error is None and self._gzip and not self._gzip.eof:
            self._error = BadEncodingError("The body is no complete gzip stream.")
        if self._error is not None:
            raise self._error
        return b"".join(self._parts)

    def _decoded(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what a chunk unpacks to, in small parts: a little may hold gigabytes."""
        if self._gzip is None:
            yield chunk
            return
        try:
            while chunk and self._error is None:
                yield self._gzip.decompress(chunk, PART_BYTES)
                chunk = self._gzip.unconsumed_tail
        except zlib.error as error:
            self._error = BadEncodingError(f"The body is no gzip stream: {error}.")

    def _keep(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)
        if self._size > STRANGERS_BYTES and not self._may_grow:
            self._may_grow = self._is_known()
            if not self._may_grow:
                self._refuse(UnauthorizedError(WHO_ASKS))
        if self._size > self._largest_bytes:
            self._refuse(TooLargeError(f"The body is larger than {self._largest_bytes} bytes."))

    def _refuse(self, error: Exception) -> None:
        self._parts.clear()
        self._error = self._error or error


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
