"""One HTTP exchange with real sockets: sound, broken, slow, encrypted, or with a name that nobody knows."""

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import cutloss
import pytest
from cutloss.exchange import NoAnswer, exchange

from tests.waiting import PATIENCE_SECONDS

Serving = Callable[[bytes], str]


@pytest.fixture
def answering() -> Iterator[Serving]:
    """Return what serves fixed bytes once and gives the address."""
    listening: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(answer: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)

        def once() -> None:
            connection, _ = server.accept()
            # Who has read enough hangs up.
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(answer)

        threads.append(threading.Thread(target=once))
        threads[-1].start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/path?query=1"

    yield serve
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    for server in listening:
        server.close()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: now\r\n\r\n{}", (200, "OK", "now", b"{}")),
        (b"HTTP/1.0 404 Not Found\r\n\r\nwhere", (404, "Not Found", None, b"where")),
        (b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\n\r\n", (302, "Found", None, b"")),
        (b"HTTP/1.1 204\r\n\r\n", (204, "", None, b"")),
    ],
)
def test_an_answer_is_read_as_it_came(
    answering: Serving, answer: bytes, expected: tuple[object, ...]
) -> None:
    """With a length or without; a redirect is an answer like any other."""
    assert expected == tuple(exchange(answering(answer), {}, b"{}", PATIENCE_SECONDS, 1000))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"\x00" * 9,
    ],
)
def test_what_is_no_answer_is_told(answering: Serving, answer: bytes) -> None:
    """Another protocol, an answer cut short, or none."""
    with pytest.raises(NoAnswer):
        exchange(answering(answer), {}, b"{}", PATIENCE_SECONDS, 1000)


def test_an_endless_answer_is_cut(answering: Serving) -> None:
    """No more is read than was asked for."""
    answer = exchange(
        answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000), {}, None, PATIENCE_SECONDS, 1000
    )
    assert 1000 == len(answer.body)


def test_silence_is_waited_for_in_bounds() -> None:
    """The limit is for the whole exchange."""
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(NoAnswer, match="timed out"):
        exchange(f"http://127.0.0.1:{server.getsockname()[1]}/", {}, None, 0.05, 1000)


def test_an_answer_in_drops_is_waited_for_in_bounds() -> None:
    """A service that is slow without end, and never silent, holds nobody longer than one that is silent."""
    is_over = threading.Event()

    def drip() -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            while not is_over.wait(0.001):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            with pytest.raises(NoAnswer, match="timed out"):
                exchange(f"http://127.0.0.1:{server.getsockname()[1]}/", {}, None, 0.2, 1 << 40)
        finally:
            is_over.set()
            thread.join()


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[str]:
    """Serve TLS with a certificate that nobody vouches for; give the address."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
         "-days", "1", "-subj", "/CN=nobody.invalid"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = socket.create_server(("127.0.0.1", 0))
    is_closing = threading.Event()

    def serve() -> None:
        while not is_closing.is_set():
            connection, _ = server.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as wrapped:
                    wrapped.recv(1000)
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    address = server.getsockname()
    yield f"https://127.0.0.1:{address[1]}"
    is_closing.set()
    socket.create_connection(address).close()
    thread.join()
    server.close()


@pytest.mark.openssl
def test_a_certificate_of_nobody_gets_no_token(
    encrypted: str, monkeypatch: pytest.MonkeyPatch, spooled: Callable[..., list[object]]
) -> None:
    """TLS that fails is a service that is away: the training ends well, and the spool has its records."""
    with pytest.raises(NoAnswer, match="certificate"):
        exchange(encrypted, {"Authorization": "Bearer secret"}, b"{}", PATIENCE_SECONDS, 1000)
    monkeypatch.setenv("CUTLOSS_URL", encrypted)
    monkeypatch.setenv("CUTLOSS_TOKEN", "secret")
    run = cutloss.init("tls")
    run.step(1, loss=1.0)
    run.finish()
    assert 1 == len(spooled("step"))
    assert 0 == run.counters.errors


def test_a_name_that_hangs_hangs_nobody(
    monkeypatch: pytest.MonkeyPatch, wait_for: Callable[[Callable[[], object], str], None]
) -> None:
    """A resolver that never answers holds the sender's thread, and neither the steps nor the end."""
    asked, released = threading.Event(), threading.Event()

    def hang(*_question: object, **_options: object) -> list[object]:
        asked.set()
        released.wait(PATIENCE_SECONDS)
        raise OSError("no name")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setenv("CUTLOSS_URL", "http://nobody.invalid")
    monkeypatch.setenv("CUTLOSS_TOKEN", "secret")
    run = cutloss.init("dns")
    wait_for(asked.is_set, "the question")
    for step in range(1, 100):
        run.step(step, loss=1.0)
    run.finish()
    assert not released.is_set()
    released.set()
    for thread in threading.enumerate():
        if thread.name == "cutloss-sender":
            thread.join(PATIENCE_SECONDS)


def test_a_report_brings_no_tls_into_the_training(root: Path, service: object) -> None:
    """Over plain HTTP a run costs neither urllib's memory nor TLS's."""
    source = (
        f"import sys; sys.path.insert(0, {str(root / 'trainer')!r})\n"
        "import cutloss, cutloss.pipeline as pipeline, cutloss.sender as sender\n"
        "pipeline.FLUSH_SECONDS = sender.STRANGER_SECONDS = sender.TIMEOUT_SECONDS = 60.0\n"
        "run = cutloss.init('x')\nrun.step(1, loss=1.0)\nrun.finish()\n"
        "print({'ssl', 'urllib.request', 'http.client', 'dataclasses'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-S", "-c", source], capture_output=True, text=True, check=True)
    assert "set()\n" == ran.stdout
    assert service.batches  # type: ignore[attr-defined]  # the recording service of conftest
