"""The new job first, or none at all; and a checkpoint by signal where the trainer does not answer."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.replace import Replacer
from app.replacement import Replacement
from app.slurm.local import LocalRunner
from app.slurm.scheduler import SchedulerUnavailableError, Submission
from app.store import Store
from tests.app.replacing import PAUSES, cleared, report, states
from tests.waiting import PATIENCE_SECONDS, until

OLD = "#!/bin/bash\ntrap 'touch asked' USR1\ntouch ready\nwhile true; do sleep 0.05; done\n"
NEW = "#!/bin/sh\nexec sleep 600\n"


@pytest.fixture(name="scheduler")
def make_scheduler(tmp_path: Path) -> Iterator[LocalRunner]:
    """Run two jobs at a time, and leave none behind."""
    source = {"PATH": "/usr/bin:/bin"}
    with cleared(
        LocalRunner(tmp_path / "queue", "alice", source, slots=2, kill_wait_seconds=0.5, tick_seconds=0.05)
    ) as runner:
        yield runner


@pytest.fixture(name="old")
def start_old(scheduler: LocalRunner, store: Store, tmp_path: Path) -> str:
    """Start the job to be replaced, which reports as the run ``r`` and lives through USR1."""
    old = scheduler.submit(Submission(OLD, "old", str(tmp_path)))
    until((tmp_path / "ready").exists)
    report(store, "r", old)
    return old


@pytest.fixture(name="replacer")
def make_replacer(scheduler: LocalRunner, store: Store) -> Iterator[Replacer]:
    """Replace with short pauses."""
    with closing(Replacer(store, scheduler, time.time, pauses=PAUSES)) as replacer:
        yield replacer


def report_step(store: Store, new: str) -> None:
    """Report the first step of the run ``n``."""
    report(store, "n", new, steps={"seq": [1], "step": [8], "ended": [2.0], "seconds": [1.0], "loss": [2.0],
                                   "lr": [None]})  # fmt: skip


def report_checkpoint(store: Store, old: str, started: float) -> None:
    """Report a checkpoint of the run ``r``."""
    columns = {"seq": [5], "step": [40], "started": [started], "seconds": [0.1], "path": ["/ckpt/40"]}
    report(store, "r", old, checkpoints=columns)


def state(replacer: Replacer, replacement: Replacement) -> str:
    """Return how a replacement stands."""
    found = replacer.get(replacement.id)
    return found.state if found else ""


def test_the_old_job_is_touched_once_the_new_one_trains(
    replacer: Replacer, scheduler: LocalRunner, store: Store, old: str
) -> None:
    """Both run until NEW has reported a step; then OLD is cancelled."""
    started = replacer.start("r", script=NEW, user="alice", order="overlap")
    until(lambda: state(replacer, started) == "started")
    new = (replacer.get(started.id) or started).new_id
    until(lambda: states(scheduler, old, new) == ["RUNNING", "RUNNING"])
    assert scheduler.jobs([new or ""])[new or ""].dependency is None
    report_step(store, new or "")
    done = replacer.wait(started.id, PATIENCE_SECONDS)
    expected = [
        "prepared", "submitting", "submitted", "checked", "starting", "started", "proven", "releasing",
        "released", "cancelling", "cancelled", "handed_over", "done",
    ]  # fmt: skip
    assert expected == [stage.state for stage in done.stages]
    assert 8 == done.first_step
    assert ["CANCELLED", "RUNNING"] == states(scheduler, old, new)


def test_a_new_job_that_dies_young_leaves_the_old_one_alone(
    replacer: Replacer, scheduler: LocalRunner, old: str
) -> None:
    """Its end is told, OLD runs on."""
    script = "#!/bin/sh\nexit 3\n"
    failed = replacer.wait(
        replacer.start("r", script=script, user="alice", order="overlap").id, PATIENCE_SECONDS
    )
    assert "failed" == failed.state
    assert "FAILED before its first step" in (failed.reason or "")
    assert ["RUNNING"] == states(scheduler, old)


def test_a_new_job_that_reports_nothing_is_undone(scheduler: LocalRunner, store: Store, old: str) -> None:
    """After its time for a first step: two jobs would run for nothing."""
    with closing(Replacer(store, scheduler, time.time, pauses=replace(PAUSES, first_step=0.2))) as hasty:
        failed = hasty.wait(hasty.start("r", script=NEW, user="alice", order="overlap").id, PATIENCE_SECONDS)
    assert ("failed", True) == (failed.state, "reported no step" in (failed.reason or ""))
    until(lambda: states(scheduler, old, failed.new_id) == ["RUNNING", "CANCELLED"])


def test_an_old_job_that_ends_by_itself_leaves_the_new_one(
    replacer: Replacer, scheduler: LocalRunner, old: str
) -> None:
    """NEW is not undone for want of a first step when there is no other job left."""
    started = replacer.start("r", script=NEW, user="alice", order="overlap")
    until(lambda: state(replacer, started) == "started")
    scheduler.cancel(old)
    done = replacer.wait(started.id, PATIENCE_SECONDS)
    assert "done" == done.state
    assert ["CANCELLED", "RUNNING"] == states(scheduler, old, done.new_id)


def test_overlapping_can_be_undone_while_both_run(
    replacer: Replacer, scheduler: LocalRunner, old: str
) -> None:
    """Undoing cancels NEW, though it runs."""
    started = replacer.start("r", script=NEW, user="alice", order="overlap")
    until(lambda: state(replacer, started) == "started")
    replacer.rollback(started.id, "alice")
    undone = replacer.wait(started.id, PATIENCE_SECONDS)
    assert "rolled_back" == undone.state
    until(lambda: states(scheduler, old, undone.new_id) == ["RUNNING", "CANCELLED"])


def test_a_new_job_that_died_since_saves_the_old_one(
    replacer: Replacer, scheduler: LocalRunner, store: Store, old: str
) -> None:
    """Between its first step and the cancel, while the checkpoint is waited for."""
    started = replacer.start("r", script=NEW, user="alice", order="overlap", checkpoint_wait_seconds=60.0)
    until(lambda: state(replacer, started) == "started")
    new = (replacer.get(started.id) or started).new_id or ""
    report_step(store, new)
    until(lambda: state(replacer, started) == "checkpoint_asked")
    scheduler.cancel(new)
    until(lambda: states(scheduler, new) == ["CANCELLED"])
    report_checkpoint(store, old, time.time())
    failed = replacer.wait(started.id, PATIENCE_SECONDS)
    assert ("failed", f"job {new} no longer runs") == (failed.state, failed.reason)
    assert ["RUNNING"] == states(scheduler, old)


def test_a_signal_asks_where_the_trainer_does_not_answer(
    scheduler: LocalRunner, store: Store, old: str, tmp_path: Path
) -> None:
    """OLD gets it, saves, and the record of that is the answer."""
    ahead = [0.0]
    with closing(Replacer(store, scheduler, lambda: time.time() + ahead[0], pauses=PAUSES)) as replacer:
        started = replacer.start("r", script=NEW, user="alice", checkpoint_wait_seconds=600.0, signal="USR1")
        until(lambda: state(replacer, started) == "checkpoint_asked")
        ahead[0] = 601.0
        until((tmp_path / "asked").exists)
        report_checkpoint(store, old, time.time() + ahead[0])
        done = replacer.wait(started.id, PATIENCE_SECONDS)
    assert "done" == done.state
    assert {"status": "done", "step": 40, "path": "/ckpt/40"} == done.checkpoint
    assert {"signalling", "signalled"} <= {stage.state for stage in done.stages}


def test_a_checkpoint_from_before_is_no_answer(
    replacer: Replacer, scheduler: LocalRunner, store: Store, old: str
) -> None:
    """Nor is silence: it is given up, as was chosen."""
    report_checkpoint(store, old, time.time() - 60.0)
    asked = {"checkpoint_wait_seconds": 0.2, "signal": "USR1", "without_answer": "abort"}
    failed = replacer.wait(replacer.start("r", script=NEW, user="alice", **asked).id, PATIENCE_SECONDS)
    assert ("failed", None) == (failed.state, failed.checkpoint)
    assert ["RUNNING"] == states(scheduler, old)


def test_a_signal_that_would_kill_is_not_sent(
    replacer: Replacer, scheduler: LocalRunner, store: Store, tmp_path: Path
) -> None:
    """The script starts its training as a child of a shell without a trap."""
    old = scheduler.submit(Submission("#!/bin/sh\nsleep 600\n", "old", str(tmp_path)))
    until(lambda: states(scheduler, old) == ["RUNNING"])
    report(store, "r", old)
    asked = {"checkpoint_wait_seconds": 0.1, "signal": "USR1", "without_answer": "abort"}
    failed = replacer.wait(replacer.start("r", script=NEW, user="alice", **asked).id, PATIENCE_SECONDS)
    assert "would die of it" in (failed.reason or "")
    assert ["RUNNING"] == states(scheduler, old)


def test_a_signal_without_an_answer_is_not_sent_twice(
    replacer: Replacer, scheduler: LocalRunner, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been sent: the checkpoint is waited for as if it had."""
    sent = []

    def lost(*told: str) -> None:
        sent.append(told)
        raise SchedulerUnavailableError("no answer")

    monkeypatch.setattr(scheduler, "signal", lost)
    asked = {"checkpoint_wait_seconds": 0.1, "signal": "USR1"}
    done = replacer.wait(replacer.start("r", script=NEW, user="alice", **asked).id, PATIENCE_SECONDS)
    assert "done" == done.state
    assert [(old, "USR1", "full")] == sent
    assert "USR1 may have been sent" in [stage.words for stage in done.stages]
