"""The service as a process."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from typer.testing import CliRunner

from app.auth import token_hash, token_name
from app.cli import app as command
from app.serving import MOST_FILES, PortTakenError, StateTakenError, bind, locked, url_of
from app.store import open_store
from tests.app.bombs import bomb
from tests.waiting import PATIENCE_SECONDS

CUTLOSSD = [sys.executable, "-c", "from app.cli import main; main()"]


class Running:
    """A service as a process of its own.

    Args:
        folder: holds its state and credentials.
        options: of ``cutlossd serve``.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        environment = {
            **os.environ,
            "CUTLOSSD_CREDENTIALS": str(folder / "credentials.json"),
            "CUTLOSSD_SCHEDULER": "none",
            "CUTLOSSD_SPOOL": str(folder / "spool"),
        }
        self.process = subprocess.Popen(
            [*CUTLOSSD, "serve", f"--state={folder / 'state'}", *options],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()

    @property
    def link(self) -> str:
        """The link it printed."""
        found = re.search(r"http://\S+", self.line)
        assert found, self.line
        return found[0]

    @property
    def url(self) -> str:
        """Its address."""
        parts = urlsplit(self.link)
        return f"{parts.scheme}://{parts.netloc}"

    def runs(self, token: str) -> httpx.Response:
        """Ask for the runs of whose token it is."""
        known = {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{self.url}/api/v1/runs", headers=known, timeout=PATIENCE_SECONDS)

    def end(self) -> str:
        """Ask it to end and return what it logged."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=PATIENCE_SECONDS)
        return str(said)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Yield a running service on a free port."""
    service = Running(tmp_path_factory.mktemp("running"), "--port=0")
    yield service
    service.end()


def test_ready_when_it_says_so(running: Running) -> None:
    """Once the link is printed the service answers, and the link signs a browser in."""
    with httpx.Client(follow_redirects=True, timeout=PATIENCE_SECONDS) as browser:
        assert 200 == browser.get(f"{running.url}/healthz").status_code
        page = browser.get(running.link)
    assert (200, running.url + "/") == (page.status_code, str(page.url))


def test_credentials_hold_the_real_port(running: Running) -> None:
    """The credentials file holds the address that was really taken, and its tokens are valid."""
    found = json.loads((running.folder / "credentials.json").read_text())
    assert (running.url, 200) == (found["url"], running.runs(found["read_token"]).status_code)


def test_second_service_on_one_state_is_refused(running: Running) -> None:
    """A state directory has one service."""
    second = Running(running.folder, "--port=0")
    _, said = second.process.communicate(timeout=PATIENCE_SECONDS)
    assert second.process.returncode != 0
    assert "another cutlossd runs" in said


def test_it_ends_with_a_live_connection_open(tmp_path: Path) -> None:
    """An open live connection does not keep the service from ending."""
    service = Running(tmp_path, "--port=0")
    with httpx.Client(follow_redirects=True, timeout=PATIENCE_SECONDS) as browser:
        browser.get(service.link)
        with browser.stream("GET", f"{service.url}/live") as stream:
            assert 200 == stream.status_code
            said = service.end()
    assert service.process.returncode in {0, -signal.SIGTERM}
    assert "Traceback" not in said


def test_tokens_from_the_command_line(running: Running) -> None:
    """A token made beside the running service is valid at once, and only its hash is stored."""
    made = subprocess.run(
        [*CUTLOSSD, "token", "create", "--scope=read", f"--state={running.folder / 'state'}"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    token = made.stdout.strip()
    assert 200 == running.runs(token).status_code
    stored = b"".join(path.read_bytes() for path in (running.folder / "state").glob("cutloss.sqlite3*"))
    assert (False, True) == (token.encode() in stored, token_hash(token).encode() in stored)


@pytest.mark.parametrize("scope", ["report", "read", "operate"])
def test_token_of_each_scope(tmp_path: Path, scope: str) -> None:
    """`cutlossd token create` prints one token of the scope asked for, for the user named."""
    made = CliRunner().invoke(
        command, ["token", "create", f"--scope={scope}", f"--state={tmp_path}", "--user=eve"]
    )
    store = open_store(tmp_path / "cutloss.sqlite3")
    stored = store.token(token_hash(made.stdout.strip()))
    store.close()
    assert ("eve", scope) == (stored.user, stored.scope)


def test_tokens_are_listed_and_revoked(tmp_path: Path) -> None:
    """`cutlossd token list` names tokens without showing them; `token revoke` takes a name, or a token."""
    state = f"--state={tmp_path}"
    tokens = [
        CliRunner()
        .invoke(command, ["token", "create", f"--scope={scope}", state, "--user=eve"])
        .stdout.strip()
        for scope in ("read", "operate")
    ]
    names = [token_name(token_hash(token)) for token in tokens]
    listed = CliRunner().invoke(command, ["token", "list", state])
    assert [(name, scope) for name, scope in zip(names, ("read", "operate"), strict=True)] == [
        tuple(line.split()[:2]) for line in listed.stdout.splitlines()
    ]
    assert not any(token in listed.stdout for token in tokens)
    for meant in (names[0], tokens[1]):
        assert 0 == CliRunner().invoke(command, ["token", "revoke", meant, state]).exit_code
    assert "" == CliRunner().invoke(command, ["token", "list", state]).stdout
    unknown = CliRunner().invoke(command, ["token", "revoke", names[0], state])
    assert (2, True) == (unknown.exit_code, "token list" in unknown.output)


def test_wrong_scope_is_refused(tmp_path: Path) -> None:
    """Another scope is refused, naming those there are."""
    made = CliRunner().invoke(command, ["token", "create", "--scope=all", f"--state={tmp_path}"])
    assert 2 == made.exit_code
    assert "operate" in made.output


def test_port_that_was_asked_for_is_not_changed() -> None:
    """A taken port is an error where it was asked for; where none was, another is found."""
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(PortTakenError, match="port"):
            bind("127.0.0.1", taken.getsockname()[1])
    with bind("127.0.0.1", None) as first:
        first.listen()
        with bind("127.0.0.1", None) as second:
            assert first.getsockname()[1] != second.getsockname()[1]


def test_address_from_this_machine() -> None:
    """The address names loopback for a loopback service, and this host for one that listens everywhere."""
    with bind("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        assert f"http://127.0.0.1:{port}" == url_of("localhost", bound)
        assert f"http://{socket.gethostname()}:{port}" == url_of("0.0.0.0", bound)  # noqa: S104 - not bound


def test_lock_is_let_go(tmp_path: Path) -> None:
    """A state directory can be taken again once its service has ended."""
    with locked(tmp_path), pytest.raises(StateTakenError), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_as_many_files_as_may_be_open(running: Running) -> None:
    """Every connection is an open file: the service lets itself have as many as the system lets it."""
    now, most = resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE)
    assert min(most, MOST_FILES) == now


def test_reports_are_taken_beside_slow_and_hostile_senders(running: Running) -> None:
    """Heads and bodies that never end, and bodies that unpack to a gigabyte, shut no reporter out."""
    address = ("127.0.0.1", urlsplit(running.url).port)
    token = json.loads((running.folder / "credentials.json").read_text())["report_token"]
    head = b"POST /api/v1/runs/r/records HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    sized = head + b"Content-Length: 30000000\r\n\r\n" + b" " * 1000
    body = bomb(1000)
    named = head + f"Authorization: Bearer {token}\r\nContent-Encoding: gzip\r\n".encode()
    with ExitStack() as open_ones:
        for started in [*[head] * 100, *[sized] * 100]:
            open_ones.enter_context(socket.create_connection(address)).sendall(started)
        bombs = [open_ones.enter_context(socket.create_connection(address)) for _ in range(5)]
        for sender in bombs:
            sender.sendall(named + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        batch = {"v": 1, "attempt": "a", "attempt_started": 1.0, "steps": {"seq": [1], "step": [1]}}
        answer = httpx.post(
            f"{running.url}/api/v1/runs/r/records",
            json=batch,
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE_SECONDS,
        )
        assert (200, 1) == (answer.status_code, answer.json()["acknowledged_seq"])
        assert {b"413"} == {sender.recv(12).split()[1] for sender in bombs}
