"""One HTTP exchange: over a bare socket where that is enough, by ``urllib`` where TLS or a proxy is needed.

``urllib`` brings TLS with it, some 8 MB of memory that a report to a service in the same house does not need.
"""

import os
import socket
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from cutloss.credentials import is_loopback

LONGEST_HEAD = 64 << 10
RECEIVE_BYTES = 64 << 10
HTTP_PORT = 80


class Exchanged(NamedTuple):
    """An answer as it came: status, the words beside it, the service's date, the body."""

    status: int
    reason: str
    date: str | None
    body: bytes


class NoAnswer(Exception):  # noqa: N818 - it is no fault of ours
    """Nothing that is HTTP came back: the message says why."""


def exchange(
    url: str, headers: Mapping[str, str], body: bytes | None, timeout: float, longest: int
) -> Exchanged:
    """Send one request, a ``POST`` where there is a body, and return the answer; no redirect is followed.

    Args:
        url: absolute, ``http`` or ``https``.
        headers: beside those that HTTP needs.
        body: what is posted, ``None`` for a ``GET``.
        timeout: seconds for the whole exchange over a bare socket; for each wait of it otherwise.
        longest: bytes of the answer that are read at most.

    Raises:
        NoAnswer: no connection, no answer in time, or an answer that is no HTTP.
    """
    parts = urlsplit(url)
    if parts.scheme == "http" and not _has_proxy(url):
        try:
            return _over_socket(parts, headers, body, timeout, longest)
        except (OSError, ValueError, IndexError) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error
    return _over_urllib(url, headers, body, timeout, longest)


def _has_proxy(url: str) -> bool:
    # A site's proxy never leads to this machine's own loopback.
    return not is_loopback(url) and any(os.environ.get(name) for name in ("http_proxy", "all_proxy"))


def _over_socket(
    parts: SplitResult, headers: Mapping[str, str], body: bytes | None, timeout: float, longest: int
) -> Exchanged:
    deadline = time.monotonic() + timeout
    address = (parts.hostname or "", parts.port or HTTP_PORT)
    with socket.create_connection(address, timeout) as connection:
        connection.settimeout(_left(deadline))
        connection.sendall(_request(parts, headers, body))
        return _parsed(_received(connection, deadline, longest + LONGEST_HEAD), longest)


def _request(parts: SplitResult, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """Return a request of HTTP/1.0: the answer then has no chunks, and its end is the connection's."""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"{'GET' if body is None else 'POST'} {target} HTTP/1.0",
        f"Host: {parts.netloc}",
        "Connection: close",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [] if body is None else [f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def _received(connection: socket.socket, deadline: float, longest: int) -> bytes:
    data = bytearray()
    wanted = longest
    while len(data) < wanted:
        connection.settimeout(_left(deadline))
        part = connection.recv(RECEIVE_BYTES)
        if not part:
            break
        data += part
        if wanted == longest and (end := data.find(b"\r\n\r\n")) >= 0:
            length = _headers(bytes(data[:end])).get("content-length")
            wanted = min(end + 4 + int(length), longest - 1) if length else wanted
    return bytes(data)


def _left(deadline: float) -> float:
    """Return the seconds until a deadline: an answer that comes in drops must not outlast it.

    Raises:
        TimeoutError: it has passed.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _parsed(data: bytes, longest: int) -> Exchanged:
    head, separator, body = data.partition(b"\r\n\r\n")
    protocol, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
    status, _, reason = rest.partition(" ")
    if not separator or not protocol.startswith("HTTP/"):
        raise ValueError(f"the answer is {data[:40]!r}; expected HTTP")
    headers = _headers(head)
    length = int(headers.get("content-length") or len(body))
    if len(body) < length <= longest:
        raise ValueError(f"the answer ended after {len(body)} of {length} bytes")
    return Exchanged(int(status), reason, headers.get("date"), body[: min(length, longest)])


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _over_urllib(
    url: str, headers: Mapping[str, str], body: bytes | None, timeout: float, longest: int
) -> Exchanged:
    # Imported where it is needed only: it brings TLS into the process.
    from http.client import HTTPException  # noqa: PLC0415 - see above
    from urllib.error import HTTPError  # noqa: PLC0415 - see above
    from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener  # noqa: PLC0415 - see above

    class NoRedirect(HTTPRedirectHandler):
        """Follow no redirect: it would carry the token to another address."""

        def redirect_request(self, *_details: object) -> None:
            """Refuse; the redirect's status then comes back as the answer."""

    opener = build_opener(NoRedirect, ProxyHandler({}) if is_loopback(url) else ProxyHandler())
    request = Request(url, body, dict(headers))  # noqa: S310 - credentials only pass http and https
    try:
        with opener.open(request, timeout=timeout) as response:
            return Exchanged(
                response.status, response.reason, response.headers.get("Date"), response.read(longest)
            )
    except HTTPError as error:
        with error:
            return Exchanged(error.code, error.reason, error.headers.get("Date"), error.read(longest))
    except (OSError, HTTPException, ValueError) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error
