"""What the command line does to a run, and with which token."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cutloss.cli import main
from cutloss.questions import Exit

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Return a corrected batch script."""
    path = tmp_path / "job.sh"
    path.write_text("#!/bin/sh\ntrue\n")
    return path


@pytest.fixture
def answering(service: Any) -> Callable[[int, Any], None]:
    """Return what lets the service give one answer to everything."""

    def answer(status: int, content: Any) -> None:
        service.answer = lambda _: (status, content)

    return answer


def test_a_relaunch_sends_the_script(
    answering: Callable[[int, Any], None], service: Any, script: Path, capsys: Capture
) -> None:
    """With options, with a key of its own, to the run that is named."""
    answering(202, {"id": "r1", "state": "prepared", "sha256": "a" * 64})
    arguments = ["relaunch", "topo 1", "--script", str(script), "--option", "time=10", "--no-checkpoint"]
    assert Exit.ANSWERED == main(arguments)
    path, headers, body = service.calls[-1]
    assert "/api/v1/runs/topo%201/relaunch" == path
    asked = {"script": script.read_text(), "ask_checkpoint": False, "options": {"time": "10"}}
    assert {**asked, "sha256": "a" * 64} == body
    assert ("/api/v1/runs/topo%201/relaunch/check", asked) == (service.calls[-2][0], service.calls[-2][2])
    assert headers["Idempotency-Key"].startswith("cutloss-")
    assert "Bearer a-token" == headers["Authorization"]
    assert "replacement r1 of topo 1: prepared\n" == capsys.readouterr().out


def test_a_relaunch_can_be_waited_for(service: Any, script: Path) -> None:
    """It returns when the replacement has come to an end; a failed one is a problem."""
    service.answer = lambda body: (200, {"id": "r1", "state": "failed" if "path" in body else "submitting"})
    assert Exit.PROBLEM == main(["relaunch", "r", "--script", str(script), "--wait", "--key", "k"])
    assert "/api/v1/replacements/r1" == service.calls[-1][0]
    assert ["k", "k"] == [headers["Idempotency-Key"] for _, headers, _ in service.calls[:2]]


def test_the_way_is_the_persons_choice(
    answering: Callable[[int, Any], None], service: Any, script: Path
) -> None:
    """Order, signal and what happens without an answer are sent as they were said."""
    answering(202, {"id": "r1", "state": "prepared"})
    said = ["--order", "overlap", "--signal", "USR1", "--without-answer", "abort", "--checkpoint-wait", "60"]
    assert Exit.ANSWERED == main(["relaunch", "r", "--script", str(script), *said])
    body = service.calls[-1][2]
    assert ("overlap", "USR1", "abort", 60.0) == (
        body["order"], body["signal"], body["without_answer"], body["checkpoint_wait_seconds"],
    )  # fmt: skip


def test_a_corrected_command_keeps_the_nodes(answering: Callable[[int, Any], None], service: Any) -> None:
    """No script is needed: one line goes to the job that runs."""
    answering(202, {"id": "r1", "state": "prepared"})
    assert Exit.ANSWERED == main(["relaunch", "r", "--command", "srun python train.py --fix"])
    body = service.calls[-1][2]
    assert ("keep", "srun python train.py --fix") == (body["order"], body["script"])


def test_a_check_submits_nothing(
    answering: Callable[[int, Any], None], service: Any, script: Path, capsys: Capture
) -> None:
    """It prints what speaks against it, what would be lost and the difference, and exits as it came out."""
    checks = [{"name": "shebang", "passed": False, "finding": "none"}]
    lost = {"steps": 12, "seconds": 600.0, "since_step": 40}
    told = {"checks": checks, "passes": False, "sha256": "ab", "difference": ["+x"], "lost": lost}
    answering(200, {**told, "environment": {"A": "1"}})
    assert Exit.PROBLEM == main(["relaunch", "r", "--script", str(script), "--check"])
    assert ["/api/v1/runs/r/relaunch/check"] == [call[0] for call in service.calls]
    out = capsys.readouterr().out
    lines = [
        "NO  shebang: none", "without a new checkpoint 12 steps are lost, 10 min", "A=1 is added", "+x",
        "sha256 ab",
    ]  # fmt: skip
    assert lines == out.splitlines()


def test_a_cancel_asks_the_training_to_end(
    answering: Callable[[int, Any], None], service: Any, capsys: Capture
) -> None:
    """The training saves what it has and ends; its job is not killed."""
    answering(202, {"id": "c1", "state": "pending"})
    assert Exit.ANSWERED == main(["cancel", "topo-1"])
    path, _, body = service.calls[-1]
    assert ("/api/v1/runs/topo-1/commands", {"command": "stop"}) == (path, body)
    assert "asked to end" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, Exit.NO_ACCESS),
        (403, Exit.NO_ACCESS),
        (404, Exit.NO_SUCH_RUN),
        (409, Exit.PROBLEM),
        (422, Exit.USAGE),
    ],
)
def test_each_refusal_has_its_exit_code(
    answering: Callable[[int, Any], None], status: int, expected: Exit
) -> None:
    """A script can tell a token that may not from a run that cannot."""
    answering(status, {"detail": "No."})
    assert expected == main(["cancel", "r"])


@pytest.mark.parametrize(
    "arguments", [["relaunch", "r", "--script", "/nowhere"], ["relaunch", "r"], ["cancel"]]
)
def test_wrong_usage_is_refused_before_any_call(service: Any, arguments: list[str], capsys: Capture) -> None:
    """Nothing is asked of the service."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    assert (Exit.USAGE, []) == (code, service.calls)
    assert "expected" in capsys.readouterr().err or len(arguments) < 3


def test_an_option_without_a_value_is_refused(service: Any, script: Path, capsys: Capture) -> None:
    """The message names what was given."""
    assert Exit.USAGE == main(["relaunch", "r", "--script", str(script), "--option", "exclusive"])
    assert "'exclusive'; expected NAME=VALUE" in capsys.readouterr().err
    assert [] == service.calls


def test_the_credentials_files_address_takes_an_operators_token(
    home: Path, new_service: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The file holds no token that may act: it comes from the environment."""
    service = new_service()
    service.answer = lambda _: (202, {"id": "c1"})
    path = home / ".cutloss" / "credentials.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"url": service.url, "host": socket.gethostname(), "read_token": "r"}))
    path.chmod(0o600)
    assert Exit.NO_SERVICE == main(["cancel", "r"])
    assert "CUTLOSS_TOKEN is not set" in capsys.readouterr().err
    monkeypatch.setenv("CUTLOSS_TOKEN", "o")
    assert Exit.ANSWERED == main(["cancel", "r"])
    assert "Bearer o" == service.calls[-1][1]["Authorization"]
