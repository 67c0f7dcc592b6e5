"""What every request passes: hosts, bodies, headers."""

import gzip
import zlib
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message

from app.guards import POLICY, STRANGERS_BYTES, BodyLimit, allowed_hosts
from app.settings import Settings
from tests.app.bombs import bomb


async def _echo(request: Request) -> Response:
    return Response(await request.body(), headers={"length": request.headers["content-length"]})


@pytest.fixture
async def limited() -> Any:
    """Yield a client of an application that returns bodies of at most 1,000 bytes."""
    app = Starlette(routes=[Route("/", _echo, methods=["POST"])])
    app.add_middleware(BodyLimit, largest_bytes=1000, is_known=lambda _: True)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        yield client


async def test_compressed_body_arrives_plain(limited: Any) -> None:
    """A gzip body arrives uncompressed, with its new length."""
    sent = gzip.compress(b"a" * 1000)
    answer = await limited.post("/", content=sent, headers={"Content-Encoding": "gzip"})
    assert (200, b"a" * 1000, "1000") == (answer.status_code, answer.content, answer.headers["length"])


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_limit_counts_after_decompression(limited: Any, encoding: str) -> None:
    """One byte more than the limit is 413, compressed or not."""
    body = b"a" * 1001 if encoding == "identity" else gzip.compress(b"a" * 1001)
    answer = await limited.post("/", content=body, headers={"Content-Encoding": encoding})
    assert (413, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"x"),
        ("gzip", b"plain"),
        ("gzip", gzip.compress(b"cut short")[:-4]),
        ("gzip", zlib.compress(b"x")),
    ],
)
async def test_broken_encoding_is_415(limited: Any, encoding: str, body: bytes) -> None:
    """An unknown encoding, or a body that is not what it says, is refused."""
    answer = await limited.post("/", content=body, headers={"Content-Encoding": encoding})
    assert 415 == answer.status_code


@pytest.mark.parametrize("packed", [True, False])
async def test_strangers_leave_no_large_body(service: Any, packed: bool) -> None:
    """Of a body that nobody known sends little is kept: everyone on the machine reaches its loopback."""
    body = b" " * (STRANGERS_BYTES + 1)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    content = gzip.compress(body) if packed else body
    answers = [
        await service.client.post("/api/v1/eta", content=content, headers={**headers, **who})
        for who in ({}, {"Authorization": "Bearer wrong"}, service.headers("read"))
    ]
    assert [401, 401, 422] == [answer.status_code for answer in answers]
    assert "application/problem+json" == answers[0].headers["content-type"]


async def test_two_gigabytes_in_two_megabytes(service: Any) -> None:
    """A body that unpacks to very much is refused without unpacking it."""
    headers = {**service.headers("report"), "Content-Encoding": "gzip"}
    answer = await service.client.post("/api/v1/runs/big/records", content=bomb(2000), headers=headers)
    assert 413 == answer.status_code


async def test_a_sender_that_leaves_is_not_answered() -> None:
    """Half a body, then nobody: the application behind is not asked."""
    asked: list[Any] = []

    async def behind(*parts: Any) -> None:
        asked.append(parts)

    async def send(_: Message) -> None:
        raise AssertionError("nobody is there to be answered")

    messages = iter([
        {"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}
    ])  # fmt: skip

    async def receive() -> Message:
        return next(messages)

    limit = BodyLimit(behind, 1000, lambda _: True)
    await limit({"type": "http", "method": "POST", "headers": []}, receive, send)
    assert [] == asked


async def test_hundred_megabytes(service: Any) -> None:
    """A body of 100 MB is 413, its sender is heard out, and nothing is stored."""

    async def chunks() -> Any:
        for _ in range(100):
            yield b" " * 1_000_000

    answer = await service.client.post(
        "/api/v1/runs/big/records", content=chunks(), headers=service.headers("report")
    )
    assert (413, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert None is service.app.state.store.run("big")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:1", 200), ("localhost", 200), ("[::1]:8765", 200), ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
    ],
)  # fmt: skip
async def test_host_header_is_checked(service: Any, host: str, status: int) -> None:
    """Only the service's own names are answered: another name may be a page's rebound to loopback."""
    assert status == (await service.client.get("/healthz", headers={"Host": host})).status_code


def test_configured_hosts_are_allowed() -> None:
    """Names from the settings count, in any case."""
    allowed = allowed_hosts(Settings(allowed_hosts=("Login1.Example",)))
    assert {"login1.example", "localhost", "127.0.0.1", "::1"} <= allowed


async def test_every_answer_carries_the_policy(service: Any) -> None:
    """Pages, data, refusals and errors carry the content security policy; nothing is cached but files."""
    for path in ("/healthz", "/api/v1/runs", "/nothing"):
        headers = (await service.client.get(path)).headers
        assert (POLICY, "nosniff", "no-store") == (
            headers["content-security-policy"], headers["x-content-type-options"], headers["cache-control"],
        )  # fmt: skip


async def test_nothing_comes_from_elsewhere(service: Any) -> None:
    """The service has no page that loads from a CDN: no interactive documentation."""
    assert {404} == {(await service.client.get(path)).status_code for path in ("/docs", "/redoc")}
