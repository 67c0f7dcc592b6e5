"""``cutloss attach``: from a log to the records of a run."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cutloss.cli import main
from cutloss.questions import Exit

LINES = [f"step {step}/1000 loss {9 / step:.4f} lr 1e-3 {100 + step} ms/step" for step in range(10, 110, 10)]
Capture = pytest.CaptureFixture[str]
Spooled = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a finished log."""
    path = tmp_path / "train.log"
    path.write_text("\n".join([*LINES, "val loss 0.5"]))
    return path


def test_a_log_becomes_a_run(log: Path, spooled: Spooled, capsys: Capture) -> None:
    """Steps with their losses, rates and seconds, the validation, and the total the log tells."""
    assert Exit.ANSWERED == main(["attach", str(log), "--once", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert ("generic", 10, 1, 1000) == (
        found["preset"], found["steps"], found["validations"], found["total_steps"],
    )  # fmt: skip
    steps = spooled("step")
    assert list(range(10, 110, 10)) == [record["step"] for record in steps]
    assert (0.9, 0.001, 0.11) == (steps[0]["loss"], steps[0]["lr"], steps[0]["seconds"])
    assert [(100, 0.5)] == [(record["step"], record["loss"]) for record in spooled("validation")]
    assert 1000 == [note["data"] for note in spooled("note") if note["kind"] == "plan"][-1]["total_steps"]


def test_a_log_read_once_is_sent(log: Path, service: Any) -> None:
    """What the end of the reporting left is sent like a spool."""
    assert Exit.ANSWERED == main(["attach", str(log), "--once"])
    assert set(range(10, 110, 10)) == set(service.column("steps", "step"))


def test_the_plan_of_the_command_line_wins(log: Path, spooled: Spooled) -> None:
    """What a person declares, the log does not overrule."""
    main(
        [
            "attach",
            str(log),
            "--once",
            "--total-steps",
            "500",
            "--validate-every",
            "50",
            "--target-loss",
            "0.1",
        ]
    )
    plan = [note["data"] for note in spooled("note") if note["kind"] == "plan"][-1]
    assert (500, 50, 0.1) == (plan["total_steps"], plan["validate_every"], plan["target_loss"])


def test_even_validations_are_a_cadence(tmp_path: Path, spooled: Spooled) -> None:
    """Twice the same distance is declared, so that those still due are counted."""
    path = tmp_path / "train.log"
    path.write_text("".join(f"step {n} loss 1.5\nstep {n} val_loss 1.25\n" for n in (25, 50, 75, 100)))
    main(["attach", str(path), "--once"])
    plan = [note["data"] for note in spooled("note") if note["kind"] == "plan"][-1]
    assert 25 == plan["validate_every"]


def test_attaching_again_continues_the_run(log: Path, home: Path) -> None:
    """The same log is the same run in the same attempt; a job's id is in the name."""
    for _ in range(2):
        main(["attach", str(log), "--once"])
    main(["attach", str(log), "--once", "--job", "77"])
    attempts = {run.name: list(run.glob("*.jsonl")) for run in (home / ".cutloss" / "spool").iterdir()}
    assert [1, 1] == sorted(map(len, attempts.values()))
    header = json.loads(attempts["train-77"][0].read_text().splitlines()[0])
    assert {"cluster": "cluster", "id": "77"} == header["job"]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [("(", "no regular expression"), (r"(?P<lost>\d+)", "nobody reads"), (r"(?P<lr>\d+)", "no group step")],
)
def test_an_expression_that_tells_nothing_is_wrong_usage(
    log: Path, home: Path, capsys: Capture, expression: str, reason: str
) -> None:
    """It is refused before a run begins: nothing is reported, and no thread is left to report."""
    before = set(threading.enumerate())
    assert Exit.USAGE == main(["attach", str(log), "--once", "--regex", expression])
    assert reason in capsys.readouterr().err
    assert not (home / ".cutloss").exists()
    assert set() == set(threading.enumerate()) - before


def test_wrong_usage_leaves_an_earlier_report_as_it_is(log: Path, home: Path) -> None:
    """An expression that is refused at the second time neither adds to the run nor begins another attempt."""
    main(["attach", str(log), "--once"])
    spooled = {path: path.read_bytes() for path in (home / ".cutloss").rglob("*") if path.is_file()}
    assert Exit.USAGE == main(["attach", str(log), "--once", "--regex", "("])
    assert spooled == {path: path.read_bytes() for path in (home / ".cutloss").rglob("*") if path.is_file()}


def test_an_expression_reads_on_where_it_was(log: Path, spooled: Spooled) -> None:
    """The same expression continues the attempt of the same log; a log that changed begins another."""
    words = ["attach", str(log), "--once", "--regex", r"step (?P<step>\d+)/\d+ loss (?P<loss>\S+)"]
    main(words)
    with log.open("a") as file:
        file.write("\nstep 110/1000 loss 0.25\n")
    main(words)
    assert list(range(10, 120, 10)) == [record["step"] for record in spooled("step")]
    log.write_text("step 7/1000 loss 0.125\n")
    main(words)
    assert [7] == [record["step"] for record in spooled("step") if record["loss"] == 0.125]


def test_a_text_that_is_no_log_is_said_so(tmp_path: Path, capsys: Capture) -> None:
    """Nothing found is a problem, not a success."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir,\n")
    assert Exit.PROBLEM == main(["attach", str(path), "--once"])
    assert "nothing was found" in capsys.readouterr().out
    assert Exit.USAGE == main(["attach", str(tmp_path / "none"), "--once"])


def test_a_log_is_followed_while_it_grows(
    tmp_path: Path, root: Path, spooled: Spooled, wait_for: Callable[[Callable[[], object], str], None]
) -> None:
    """Lines that come are reported with the moment they came; the key that ends it is no fault."""
    path = tmp_path / "train.log"
    environ = os.environ | {"PYTHONPATH": str(root / "trainer")}
    following = subprocess.Popen(
        # Where the tests run in the background the key is ignored, and children would inherit that.
        ["env", "--default-signal=INT", sys.executable, "-m", "cutloss.cli", "attach", str(path)],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        with path.open("w") as file:
            for line in LINES[:5]:
                print(line, file=file, flush=True)
            wait_for(lambda: len(spooled("step")) == 5, "the first lines")
            print(LINES[5], file=file, flush=True)
            wait_for(lambda: len(spooled("step")) == 6, "the line that came later")
        following.send_signal(signal.SIGINT)
        out, err = following.communicate(timeout=60)
    finally:
        following.kill()
        following.wait()
    assert "at step 60 of 1000" in out
    assert "reads as generic" in err
    assert None is not spooled("step")[-1]["ended"]
    assert 0 == following.returncode


def test_following_ends_when_nothing_comes(log: Path, capsys: Capture) -> None:
    """For a script that waits for the training's end."""
    assert Exit.ANSWERED == main(["attach", str(log), "--idle", "0"])
    assert "10 training lines" in capsys.readouterr().out


def test_a_finished_log_finishes_the_run(tmp_path: Path, spooled: Spooled) -> None:
    """The last step of a known total is the end; anything else is not."""
    path = tmp_path / "train.log"
    path.write_text("".join(f"step {n}/30 loss 1.5\n" for n in (10, 20, 30)))
    main(["attach", str(path), "--once"])
    assert "finish" == spooled("note")[-1]["kind"]


def test_the_training_began_when_its_log_did(tmp_path: Path, home: Path) -> None:
    """The first timestamp tells when, so that what has passed already is not forgotten."""
    path = tmp_path / "train.log"
    path.write_text("2024-01-02 03:04:05 start\n2024-01-02 03:05:05 step 10 loss 1.5\nstep 20 loss 1.25\n")
    main(["attach", str(path), "--once"])
    header = json.loads(next((home / ".cutloss" / "spool").glob("*/*.jsonl")).read_text().splitlines()[0])
    assert time.mktime((2024, 1, 2, 3, 4, 5, 0, 0, -1)) == header["attempt_started"]


def test_following_ends_with_the_input_that_it_was_told_to_watch(
    log: Path, root: Path, spooled: Spooled, wait_for: Callable[[Callable[[], object], str], None]
) -> None:
    """A program that follows logs for others ends it by closing the pipe; the last line is read then."""
    following = subprocess.Popen(
        [sys.executable, "-m", "cutloss.cli", "attach", str(log), "--until-input-ends", "--json"],
        env=os.environ | {"PYTHONPATH": str(root / "trainer")}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(lambda: len(spooled("step")) == 10, "the lines that have an end")
        out, _ = following.communicate(timeout=60)
    finally:
        following.kill()
        following.wait()
    assert (0, 1) == (following.returncode, json.loads(out)["validations"])


def test_without_a_file_the_service_follows_the_job(service: Any, capsys: Capture) -> None:
    """What the command line declares travels along."""
    service.answer = lambda _: (202, {"run": "topo-77", "path": "/home/ada/slurm-77.out"})
    assert Exit.ANSWERED == main(["attach", "--job", "77", "--total-steps", "311"])
    path, _, order = service.calls[-1]
    assert ("/api/v1/jobs/77/log", {"total_steps": 311}) == (path, order)
    assert "/home/ada/slurm-77.out is followed by the service, as topo-77\n" == capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["--total-steps", "3"], ["--job", "77", "--regex", "x"]])
def test_neither_file_nor_job_is_wrong_usage(words: list[str], capsys: Capture) -> None:
    """A regular expression of the user's is never run inside the service."""
    assert Exit.USAGE == main(["attach", *words])
    assert "no FILE was given" in capsys.readouterr().err
