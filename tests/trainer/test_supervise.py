"""A supervised training is started again with a corrected command, inside its allocation."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cutloss.cli import parser
from cutloss.supervise import LONGEST_ORDER_SECONDS, Supervisor

from tests.waiting import until

FIRST = ["/bin/sh", "-c", "touch first; exec sleep 60"]


def order(path: Path, content: Any, mode: int = 0o600) -> None:
    """Give an order as the service does: whole, by a rename."""
    part = path.with_suffix(".new")
    part.write_bytes(os.fsencode(content if isinstance(content, str) else json.dumps(content)))
    part.chmod(mode)
    part.replace(path)


@pytest.fixture(name="orders")
def make_orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of orders, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "orders.json"


def supervised(
    orders: Path, command: list[str], grace_seconds: float = 5.0, probation_seconds: float = 0.0
) -> tuple[Supervisor, list[int]]:
    """Supervise a command in a thread; the list gets its exit code."""
    supervisor, codes = Supervisor(orders, grace_seconds, 0.02, probation_seconds), []
    thread = threading.Thread(target=lambda: codes.append(supervisor.run(command)), daemon=True)
    thread.start()
    return supervisor, codes


def answer(orders: Path) -> Mapping[str, Any]:
    """Return what was answered."""
    told: Mapping[str, Any] = json.loads(orders.with_suffix(".answer").read_text())
    return told


def test_a_corrected_command_takes_over(orders: Path, tmp_path: Path) -> None:
    """The first is told to end, the second runs, and its exit code is the job's."""
    _, codes = supervised(orders, FIRST)
    until((tmp_path / "first").exists)
    order(orders, {"id": "fix-1", "command": ["/bin/sh", "-c", 'echo "$1" > second; exit 7', "x", "a $(id)"]})
    until(lambda: codes == [7])
    assert "a $(id)\n" == (tmp_path / "second").read_text()
    assert ("fix-1", "settled") == (answer(orders)["id"], answer(orders)["state"])


def test_it_says_that_it_takes_orders(orders: Path, tmp_path: Path) -> None:
    """Beside the orders lies what runs, while it runs; only the user may read it."""
    running = orders.with_suffix(".running")
    _, codes = supervised(orders, FIRST)
    until((tmp_path / "first").exists)
    until(running.exists)
    assert FIRST == json.loads(running.read_text())["command"]
    assert 0o600 == running.stat().st_mode & 0o777
    order(orders, {"id": "fix-1", "command": ["/bin/sh", "-c", f"cat {running} > told"]})
    until(lambda: codes == [0])
    assert not running.exists()


def test_a_corrected_command_is_a_run_of_its_own(orders: Path, tmp_path: Path) -> None:
    """The order names the new run and the one that it replaces; nothing else is set."""
    _, codes = supervised(orders, FIRST)
    until((tmp_path / "first").exists)
    named = {"CUTLOSS_RUN": "topo-7-fix", "CUTLOSS_REPLACES": "topo-7"}
    show = ["/bin/sh", "-c", 'echo "$CUTLOSS_RUN $CUTLOSS_REPLACES" > named']
    order(orders, {"id": "fix-1", "command": show, "environment": named})
    until(lambda: codes == [0])
    assert "topo-7-fix topo-7\n" == (tmp_path / "named").read_text()


def test_what_does_not_end_is_killed(orders: Path, tmp_path: Path) -> None:
    """After its time of grace, with all it has started."""
    stubborn = ["/bin/sh", "-c", "trap '' TERM; touch first; while true; do sleep 0.05; done"]
    _, codes = supervised(orders, stubborn, grace_seconds=0.2)
    until((tmp_path / "first").exists)
    order(orders, {"id": "fix-1", "command": ["true"]})
    until(lambda: codes == [0])


def test_an_order_from_before_is_not_carried_out(orders: Path) -> None:
    """A requeued job starts with its own command."""
    order(orders, {"id": "fix-1", "command": ["false"]})
    _, codes = supervised(orders, ["/bin/sh", "-c", "sleep 0.3"])
    until(lambda: codes == [0])


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        ({"id": "x", "command": ["false"]}, 0o666),
        ({"id": "x", "command": "false"}, 0o600),
        ({"id": "x", "command": []}, 0o600),
        ({"id": 1, "command": ["false"]}, 0o600),
        ({"command": ["false"]}, 0o600),
        ({"id": "x", "command": ["a\0b"]}, 0o600),
        ({"id": "x", "command": ["true", "\ud800"]}, 0o600),
        ({"id": "x", "command": ["false"], "environment": {"LD_PRELOAD": "x"}}, 0o600),
        ({"id": "x", "command": ["false"], "environment": {"CUTLOSS_RUN": "a b"}}, 0o600),
        ({"id": "x", "command": ["false"], "environment": []}, 0o600),
        ('{"id": "x", "comm', 0o600),
        ("[]", 0o600),
        ("[" * 200_000, 0o600),
        ("\udcff", 0o600),
    ],
)
def test_odd_orders_change_nothing(orders: Path, tmp_path: Path, content: Any, mode: int) -> None:
    """Nor does one that somebody else might have written."""
    _, codes = supervised(orders, ["/bin/sh", "-c", "touch first; sleep 0.5"])
    until((tmp_path / "first").exists)
    order(orders, content, mode)
    until(lambda: bool(codes))
    assert [0] == codes
    assert not orders.with_suffix(".answer").exists()


def test_after_a_term_nothing_is_started(orders: Path, tmp_path: Path) -> None:
    """The job is being cancelled: it ends by the signal's number."""
    supervisor, codes = supervised(orders, FIRST)
    until((tmp_path / "first").exists)
    supervisor.pass_on(signal.SIGTERM)
    order(orders, {"id": "fix-1", "command": ["touch", "second"]})
    until(lambda: codes == [143])
    assert not (tmp_path / "second").exists()


SLOW_TO_END = [
    "/bin/sh",
    "-c",
    "trap 'until test -e go; do sleep 0.02; done; exit 0' TERM; touch first; while true; do sleep 0.02; done",
]
AGAIN = ["/bin/sh", "-c", "echo began >> began; while ! test -e finish; do sleep 0.02; done"]


def began(folder: Path) -> int:
    """Return how often ``AGAIN`` began."""
    file = folder / "began"
    return len(file.read_text().split()) if file.exists() else 0


def test_a_job_that_is_being_ended_starts_nothing(orders: Path, tmp_path: Path) -> None:
    """A TERM to the job while the old command makes way counts for the corrected one too."""
    supervisor, codes = supervised(orders, SLOW_TO_END, grace_seconds=60.0)
    until((tmp_path / "first").exists)
    order(orders, {"id": "fix-1", "command": ["touch", "second"]})
    until(lambda: supervisor._known == "fix-1")
    supervisor.pass_on(signal.SIGTERM)
    (tmp_path / "go").touch()
    until(lambda: codes == [0])
    assert "refused" == answer(orders)["state"]
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize("name", ["pythn-that-is-not-there", "./no-such", "", "/etc/passwd"])
def test_a_command_that_is_not_there_costs_nothing(orders: Path, tmp_path: Path, name: str) -> None:
    """The old one is not even touched, and the answer says why."""
    _, codes = supervised(orders, AGAIN)
    until(lambda: began(tmp_path) == 1)
    order(orders, {"id": "fix-1", "command": [name, "train.py"]})
    until(orders.with_suffix(".answer").exists)
    told = answer(orders)
    assert ("fix-1", "refused") == (told["id"], told["state"])
    assert f"{name}: no such command" in told["words"]
    (tmp_path / "finish").touch()
    until(lambda: codes == [0])
    assert 1 == began(tmp_path)


def test_a_command_that_cannot_be_started_gives_its_place_back(orders: Path, tmp_path: Path) -> None:
    """It was there when looked for: the old one, which has ended by then, is started again."""
    _, codes = supervised(orders, AGAIN)
    until(lambda: began(tmp_path) == 1)
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o700)
    order(orders, {"id": "fix-1", "command": [str(broken)]})
    until(lambda: began(tmp_path) == 2)
    until(orders.with_suffix(".answer").exists)
    assert "refused" == answer(orders)["state"]
    assert "started again" in answer(orders)["words"]
    (tmp_path / "finish").touch()
    until(lambda: codes == [0])


def test_a_command_that_fails_at_once_gives_its_place_back(
    orders: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A replacement costs no allocation: the old one is started again, once, and the answer says so."""
    _, codes = supervised(orders, [*AGAIN[:2], AGAIN[2] + "; exit 5"], probation_seconds=60.0)
    until(lambda: began(tmp_path) == 1)
    order(orders, {"id": "fix-1", "command": ["/bin/sh", "-c", "exit 3"]})
    until(lambda: began(tmp_path) == 2)
    until(lambda: answer(orders)["state"] == "refused")
    assert "/bin/sh ended with 3 after" in answer(orders)["words"]
    (tmp_path / "finish").touch()
    until(lambda: codes == [5])
    assert 2 == began(tmp_path)
    assert "the former command was started again" in capfd.readouterr().err


def test_a_command_settles_once_nothing_takes_it_back(orders: Path, tmp_path: Path) -> None:
    """Until then it has only started, and whoever gave the order is told for how long at most."""
    supervisor, codes = supervised(orders, AGAIN, probation_seconds=3000.0)
    until(lambda: began(tmp_path) == 1)
    wait = "touch second; while ! test -e finish; do sleep 0.02; done"
    order(orders, {"id": "fix-1", "command": ["/bin/sh", "-c", wait]})
    until((tmp_path / "second").exists)
    until(orders.with_suffix(".answer").exists)
    started = answer(orders)
    assert ("started", 3000.0) == (started["state"], started["settles_within"])
    supervisor._probation_seconds = 0.0
    until(lambda: answer(orders)["state"] == "settled")
    assert started["at"] == answer(orders)["at"]
    (tmp_path / "finish").touch()
    until(lambda: codes == [0])
    assert ("fix-1", 1) == (answer(orders)["id"], began(tmp_path))


@pytest.mark.parametrize("later", ["true", "./no-such"])
@pytest.mark.parametrize(("code", "state", "times"), [(0, "settled", 1), (3, "refused", 2)])
def test_an_order_while_another_is_tried_is_refused(  # noqa: PLR0913, PLR0917 - fixtures
    orders: Path, tmp_path: Path, later: str, code: int, state: str, times: int
) -> None:
    """The command that is known to run is not forgotten over it, and the one tried gets its own answer."""
    _, codes = supervised(orders, AGAIN, probation_seconds=3000.0)
    until(lambda: began(tmp_path) == 1)
    wait = f"touch second; while ! test -e end; do sleep 0.02; done; exit {code}"
    order(orders, {"id": "fix-1", "command": ["/bin/sh", "-c", wait]})
    until((tmp_path / "second").exists)
    order(orders, {"id": "fix-2", "command": [later]})
    until(lambda: orders.with_suffix(".answer").exists() and answer(orders)["id"] == "fix-2")
    assert ("refused", "another command is still being tried") == (
        answer(orders)["state"], answer(orders)["words"],
    )  # fmt: skip
    (tmp_path / "end").touch()
    until(lambda: (answer(orders)["id"], answer(orders)["state"]) == ("fix-1", state))
    (tmp_path / "finish").touch()
    until(lambda: codes == [0])
    assert times == began(tmp_path)


def test_a_command_that_was_signalled_ends_the_job(orders: Path, tmp_path: Path) -> None:
    """Somebody wants it to end: that is no failure of its own."""
    supervisor, codes = supervised(orders, AGAIN, probation_seconds=60.0)
    until(lambda: began(tmp_path) == 1)
    order(orders, {"id": "fix-1", "command": ["/bin/sh", "-c", "touch second; exec sleep 60"]})
    until((tmp_path / "second").exists)
    until(orders.with_suffix(".answer").exists)
    supervisor.pass_on(signal.SIGTERM)
    until(lambda: codes == [143])
    assert 1 == began(tmp_path)
    # It may be the TERM of a requeue, after which the former command runs.
    assert "started" == answer(orders)["state"]


def test_an_order_that_comes_too_late_is_not_carried_out(orders: Path, tmp_path: Path) -> None:
    """Who gave it has given it up, and may have acted otherwise."""
    _, codes = supervised(orders, AGAIN)
    until(lambda: began(tmp_path) == 1)
    part = tmp_path / "late"
    part.write_text(json.dumps({"id": "fix-1", "command": ["touch", "second"]}))
    part.chmod(0o600)
    given = time.time() - LONGEST_ORDER_SECONDS - 1.0
    os.utime(part, (given, given))
    part.replace(orders)
    until(orders.with_suffix(".answer").exists)
    assert ("fix-1", "expired") == (answer(orders)["id"], answer(orders)["state"])
    (tmp_path / "finish").touch()
    until(lambda: codes == [0])
    assert not (tmp_path / "second").exists()


def test_a_lost_folder_does_not_fail_a_training(orders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says beside its orders may not be removable at the end; the exit code is the training's."""

    def stale(_path: Path, missing_ok: bool = False) -> None:
        del missing_ok
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(Path, "unlink", stale)
    assert 0 == Supervisor(orders, 1.0, 0.02).run(["true"])
    assert orders.with_suffix(".running").exists()


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "-1", "86400.1", "1e400", "ten", ""])
def test_a_probation_without_an_end_is_wrong_usage(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The service would not wait for it, or for ever."""
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["supervise", f"--probation={text}", "--", "true"])
    assert 2 == ended.value.code
    assert f"{text!r}; expected a number of seconds from 0 to 86400" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), ("1.5", 1.5), ("86400", 86400.0)])
def test_a_probation_is_a_number_of_seconds(text: str, seconds: float) -> None:
    """From none at all to a day."""
    assert seconds == parser().parse_args(["supervise", "--probation", text, "--", "true"]).probation


def test_the_command_line_ends_as_its_command_does(tmp_path: Path) -> None:
    """With its exit code; a missing command is wrong usage."""
    environment = {**os.environ, "CUTLOSS_SUPERVISE": str(tmp_path / "folder" / "orders.json")}
    argv = [sys.executable, "-m", "cutloss.cli", "supervise", "--grace", "1"]
    ended = subprocess.run([*argv, "--", "sh", "-c", "exit 5"], env=environment, check=False)
    empty = subprocess.run([*argv, "--"], env=environment, capture_output=True, check=False)
    unknown = subprocess.run([*argv, "--", "/no/such"], env=environment, capture_output=True, check=False)
    assert (5, 2, 2) == (ended.returncode, empty.returncode, unknown.returncode)
    assert b"expected one behind --" in empty.stderr
