"""A home of its own for each test, and small real services that record, refuse, hang or fail."""

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import PATIENCE_SECONDS, until

FOREIGN_VARIABLES = ("CUTLOSS", "SLURM", "OMPI_", "PMI", "JSM_")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a home and an environment without a job, a rank or a service."""
    for name in list(os.environ):
        if name.startswith(FOREIGN_VARIABLES) or name in {"RANK", "LOCAL_RANK"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(autouse=True)
def _patient_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the end of a training take its time on a busy machine; what it writes is the same."""
    monkeypatch.setattr("cutloss.pipeline.FLUSH_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a service that answers, however busy the machine is."""
    monkeypatch.setattr("cutloss.sender.STRANGER_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr("cutloss.sender.TIMEOUT_SECONDS", PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def wait_for() -> Callable[[Callable[[], object], str], object]:
    """Return what waits until a condition holds."""
    return until


class RecordingService(ThreadingHTTPServer):
    """A service that keeps every batch it answers with 200.

    Attributes:
        answer: takes a batch, returns status and JSON answer.
        batches: those taken.
        refused: those answered otherwise.
        calls: path, headers and batch of every call.
    """

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answer: Callable[[dict[str, Any]], tuple[int, Any]] = lambda _: (200, {"commands": []})
        self.batches: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self.calls: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def column(self, block: str, field: str) -> list[Any]:
        """Return one field of one kind of record over all batches."""
        return [value for batch in list(self.batches) for value in batch.get(block, {}).get(field, [])]

    def close(self) -> None:
        """Stop it."""
        self.shutdown()
        self.thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: RecordingService

    def handle(self) -> None:
        """Answer, also who has hung up meanwhile."""
        with suppress(ConnectionError):
            super().handle()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        batch = json.loads(body)
        self.server.calls.append((self.path, dict(self.headers), batch))
        status, answer = self.server.answer(batch)
        (self.server.batches if status == 200 else self.server.refused).append(batch)
        self._respond(status, answer)

    def do_GET(self) -> None:
        self.server.calls.append((self.path, dict(self.headers), {}))
        self._respond(*self.server.answer({"path": self.path}))

    def _respond(self, status: int, answer: Any) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        if status in {301, 302, 307, 308}:
            self.send_header("Location", str(answer))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_parts: object) -> None:
        """Print nothing."""


def use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Point the client at a service."""
    monkeypatch.setenv("CUTLOSS_URL", url)
    monkeypatch.setenv("CUTLOSS_TOKEN", "a-token")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, patient: None) -> Iterator[RecordingService]:  # noqa: ARG001 - its effect is used
    """Run a recording service that the client reports to."""
    running = RecordingService()
    use(monkeypatch, running.url)
    yield running
    running.close()


@pytest.fixture
def new_service() -> Iterator[Callable[[int], RecordingService]]:
    """Return what starts a recording service on a given port."""
    started: list[RecordingService] = []

    def start(port: int = 0) -> RecordingService:
        started.append(RecordingService(port))
        return started[-1]

    yield start
    for running in started:
        running.close()


@pytest.fixture
def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def absent_service(monkeypatch: pytest.MonkeyPatch, free_port: int) -> int:
    """Point the client at a port that refuses connections; return it."""
    use(monkeypatch, f"http://127.0.0.1:{free_port}")
    return free_port


@pytest.fixture
def silent_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Point the client at a socket that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        use(monkeypatch, f"http://127.0.0.1:{listening.getsockname()[1]}")
        yield listening


@pytest.fixture
def spooled(home: Path) -> Callable[..., list[dict[str, Any]]]:
    """Return what reads the records in the spool, of one kind or of all."""

    def read(kind: str | None = None) -> list[dict[str, Any]]:
        paths = sorted((home / ".cutloss" / "spool").glob("*/*.jsonl"))
        lines = [
            line for path in paths if "commands" not in path.name for line in path.read_text().splitlines()
        ]
        records = [record for record in map(json.loads, lines) if "k" in record]
        return [record for record in records if kind in {None, record["k"]}]

    return read


Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def program(root: Path) -> Program:
    """Return what runs a training script as an interpreter of its own."""

    def run(source: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {"PYTHONPATH": str(root / "trainer")} | variables
        return subprocess.run(
            [sys.executable, *arguments, "-c", source],
            env=environ, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run
