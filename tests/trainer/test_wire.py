"""A real reporter against the real service in a process of its own."""

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cutloss
import pytest
from cutloss.cli import main
from cutloss.credentials import Service, find_service
from cutloss.questions import Exit
from cutloss.transport import call, post_records

Wait = Callable[[Callable[[], object], str], None]
Program = Callable[..., subprocess.CompletedProcess[str]]


class Live(NamedTuple):
    """The running service."""

    home: Path
    url: str
    operate_token: str

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Post to the API as a person who may act."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
        service = Service(self.url, self.operate_token, "test")
        return call(service, f"/api/v1{path}", 30, json.dumps(body).encode(), headers).data


@pytest.fixture(scope="module")
def live(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Run ``cutlossd serve`` on a free port, with a home and a store of its own."""
    home = tmp_path_factory.mktemp("home")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CUTLOSS")}
    environ |= {"HOME": str(home), "CUTLOSSD_SPOOL_SECONDS": "0.1"}
    cutlossd = [sys.executable, "-c", "from app.cli import main; main()"]
    options = ["--state", str(home / "state")]
    serve = [*cutlossd, "serve", "--port=0", "--scheduler=none", *options]
    with subprocess.Popen(serve, cwd=root, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = next(
            found[1] for line in process.stdout if (found := re.search(r"(http://\S+?)/\?token=", line))
        )
        create = [*cutlossd, "token", "create", "--scope=operate", *options]
        made = subprocess.run(create, cwd=root, env=environ, capture_output=True, text=True, check=True)
        yield Live(home, url, made.stdout.split()[-1])
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture
def reporting(live: Live, monkeypatch: pytest.MonkeyPatch) -> Live:
    """Let this test's client find the service by its credentials file, and spool to a folder of its own."""
    monkeypatch.setenv("CUTLOSS_CREDENTIALS", str(live.home / ".cutloss" / "credentials.json"))
    return live


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Return the JSON that the command prints."""
    assert Exit.ANSWERED == main([*arguments, "--json"])
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("reporting")
def test_what_a_training_reports_is_what_the_service_knows(capsys: pytest.CaptureFixture[str]) -> None:
    """Every kind of record, odd numbers among them, is taken and comes back in the run's answer."""
    run = cutloss.init(
        "wire", id="wire-1", total_steps=50, validate_every=10, checkpoint_every=20, validation_batches=4,
        target_loss=0.1, target_of="val", lr_schedule=lambda step: 0.1 / step,
    )  # fmt: skip
    for step in range(1, 41):
        with run.phase("data"):
            pass
        run.step(step, loss=float("nan") if step == 7 else 1.0 / step, lr=1e-3)
        if step % 10 == 0:
            with run.validation(step) as validation:
                validation.progress(1, 4)
                validation.loss, validation.metrics["accuracy"] = 1.1 / step, 0.9
    with run.checkpoint(40, "last.pt"):
        pass
    run.audit_result(parameters=10, random_parameters=4, missing=["a"], unexpected=["b"], modules=["m"])
    run.finish()
    assert {} == run.counters.nonzero()
    (row,) = [row for row in answer(capsys, "runs")["runs"] if row["id"] == "wire-1"]
    known = (row["name"], row["at_step"], row["total_steps"], row["finished"], row["last_val_loss"])
    assert ("wire", 40, 50, "finished", 1.1 / 40) == known


@pytest.mark.usefixtures("reporting")
def test_a_log_that_was_read_is_a_run_like_any_other(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The service takes what is known of it: no moments, some seconds, a loss that is none."""
    log = tmp_path / "train.log"
    lines = [
        f"step {step}/500 loss {'nan' if step == 20 else 9 / step} 250 ms/step" for step in range(10, 210, 10)
    ]
    log.write_text("\n".join([*lines, "val loss 0.125", "saving checkpoint to here", ""]))
    found = answer(capsys, "attach", str(log), "--once", "--run-id", "log-1")
    assert ("generic", 20, 1, 1) == tuple(
        found[name] for name in ("preset", "steps", "validations", "checkpoints")
    )
    (row,) = [row for row in answer(capsys, "runs")["runs"] if row["id"] == "log-1"]
    assert (200, 500, 0.125) == (row["at_step"], row["total_steps"], row["last_val_loss"])


@pytest.mark.usefixtures("reporting")
def test_a_running_training_has_an_eta(capsys: pytest.CaptureFixture[str], wait_for: Wait) -> None:
    """The question can be asked while the training runs."""
    run = cutloss.init(
        "eta", id="wire-eta", total_steps=1000, validate_every="never", checkpoint_every="never"
    )
    for step in range(1, 101):
        run.step(step, loss=1.0)
    wait_for(lambda: main(["eta", "wire-eta", "--json"]) == Exit.ANSWERED, "the eta")
    capsys.readouterr()
    assert 900 == answer(capsys, "eta", "wire-eta")["steps_left"]
    run.finish()


def test_a_command_travels_to_the_training_and_back(
    reporting: Live, wait_for: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked over the API, seen by the training, answered by the save, then no longer asked."""
    monkeypatch.setattr("cutloss.sender.HEARTBEAT_SECONDS", 0.2)  # an answer to one brings the command
    run = cutloss.init("asked", id="wire-asked", total_steps=10)
    run.step(1)
    wait_for(lambda: main(["eta", "wire-asked"]) != Exit.NO_SUCH_RUN, "the run")
    reporting.post("/runs/wire-asked/commands", {"command": "checkpoint"})
    wait_for(run.should_checkpoint, "the command")
    with run.checkpoint(1, "last.pt"):
        pass
    run.finish()
    heartbeat = {"v": 1, "attempt": run.attempt, "attempt_started": 1.0, "job": None}
    found = post_records(find_service(os.environ, "report"), run.id, heartbeat, 30)
    assert ("stored", [], {}) == (found.outcome, found.commands, run.counters.nonzero())


def test_a_killed_training_is_replayed_by_sync(
    reporting: Live, program: Program, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    """Spooled without a service, killed with -9, sent later: every record is there."""
    source = """
import cutloss, os, pathlib, time
run = cutloss.init("killed", id="wire-killed", total_steps=10)
for step in range(1, 8):
    run.step(step, loss=1.0)
spool = pathlib.Path.home() / ".cutloss" / "spool" / run.id / (run.attempt + ".jsonl")
while not spool.exists() or b'"step":7' not in spool.read_bytes():
    time.sleep(0.01)
os.kill(os.getpid(), 9)
"""
    assert -9 == program(source, CUTLOSS_CREDENTIALS="/nonexistent").returncode
    for _ in range(2):
        assert Exit.ANSWERED == main(["sync", str(home / ".cutloss" / "spool"), "--all"])
    capsys.readouterr()
    (row,) = answer(capsys, "runs", "--query", "wire-killed")["runs"]
    assert (7, None) == (row["at_step"], row["finished"])
    assert reporting.url


def test_a_spool_on_the_shared_home_is_read_by_the_service(
    reporting: Live, program: Program, wait_for: Wait, capsys: pytest.CaptureFixture[str]
) -> None:
    """A compute node without a route writes its spool; the service reads it where it lies."""
    source = """
import cutloss
run = cutloss.init("node", id="wire-node", total_steps=3)
for step in range(1, 4):
    run.step(step, loss=1.0)
run.finish()
"""
    program(source, HOME=str(reporting.home), CUTLOSS_CREDENTIALS="/nonexistent")

    def finished() -> bool:
        return main(["runs", "--query", "wire-node"]) == 0 and "finished" in capsys.readouterr().out

    wait_for(finished, "the spooled run")


@pytest.mark.usefixtures("reporting")
def test_the_doctor_finds_everything_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Service, clock, both tokens and the spool."""
    found = answer(capsys, "doctor")
    assert {"process", "spool", "service", "clock", "report token", "read token"} == {
        item["check"] for item in found
    }
    assert all(item["passed"] for item in found)
