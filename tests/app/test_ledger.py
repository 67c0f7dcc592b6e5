"""Where a run's time went."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.ledger import ledger
from app.records import RecordBatch
from app.slurm.scheduler import JobFacts
from app.snapshot import Snapshot, read_snapshot
from app.store import Store
from app.store.facts import Attempt, JobKey, Note, Run, StepBlocks, Validation
from planner.eta import Eta, PhaseMeans

NO_ETA = Eta("refused", "no_steps")


def _blocks(count: int, seconds: float) -> StepBlocks:
    steps, ones = np.arange(count), np.ones(count, dtype=np.int64)
    values = np.full(count, seconds)
    return StepBlocks(steps, steps, ones, ones, ones, *[values] * 4, ones, *[values] * 6)


@pytest.fixture
def snapshot() -> Snapshot:
    """Return a run of ten steps of 40 s, a validation, a start-up and two spans."""
    run = Run("r", "r", "ada", 0.0, {}, 1, 0.0, None, None, None, {})
    return Snapshot(
        run=run,
        attempts=[Attempt("a", 0.0, None, 1, 10, 9, 0.0)],
        job=JobFacts("1", "c", "RUNNING", submitted=100.0, started=400.0),
        job_seen_at=0.0,
        blocks=_blocks(10, 40.0),
        validations=[Validation("a", 5, 0.0, 120.0, 1.0, {}), Validation("a", 10, 0.0, None, 1.0, {})],
        checkpoints=[],
        span_seconds={"data": 7.0, "validation": 9.0, "compile": 3.0},
        startups=[Note("a", 1, "startup", {"seconds": 30.0})],
        progress=None,
        audit=None,
        warnings=[],
        commands=[],
    )


def test_each_second_is_counted_once(snapshot: Snapshot) -> None:
    """Records and spans add up; a check before the first step is validation too; the rest is idle."""
    rows = {row.phase: row.spent_seconds for row in ledger(snapshot, NO_ETA, 700.0)}
    expected = {
        "queue": 300.0, "startup": 30.0, "step": 393.0, "data": 7.0, "validation": 129.0, "compile": 3.0,
        "idle": 138.0,
    }  # fmt: skip
    assert expected == rows


def test_our_own_silence_is_not_called_idle(snapshot: Snapshot) -> None:
    """Of the time since the last record nothing is known, neither that it was idle nor that it was not."""
    for silent, expected in ((100.0, (38.0, 100.0)), (138.0, (0.0, 138.0)), (500.0, (0.0, 138.0))):
        rows = {row.phase: row.spent_seconds for row in ledger(snapshot, NO_ETA, 700.0, silent)}
        assert expected == (rows["idle"], rows["silent"])
    assert "silent" not in {row.phase for row in ledger(snapshot, NO_ETA, None, 100.0)}


def test_idle_is_not_guessed(snapshot: Snapshot) -> None:
    """Without a clock what no phase explains is not called idle."""
    assert "idle" not in {row.phase for row in ledger(snapshot, NO_ETA, None)}


def test_parts_of_a_step_are_shown_apart_and_not_twice(snapshot: Snapshot) -> None:
    """What a step's parts took is taken off the step, spent and left."""
    split = replace(snapshot, span_seconds={"data": 100.0, "forward": 120.0, "backward": 80.0})
    eta = Eta("ok", by_phase=PhaseMeans(800.0, 0.0, 0.0))
    rows = {row.phase: (row.spent_seconds, row.left_seconds) for row in ledger(split, eta, None)}
    assert ((100.0, 200.0), (100.0, 200.0)) == (rows["step"], rows["data"])
    assert ((120.0, 240.0), (80.0, 160.0)) == (rows["forward"], rows["backward"])


def test_a_step_in_ten_that_is_reported_stands_for_ten(snapshot: Snapshot) -> None:
    """Seconds are those of one step; the nine that were not reported took as long."""
    steps = np.arange(10, 110, 10)
    sparse = replace(snapshot.blocks, first_step=steps, last_step=steps)
    spent = {row.phase: row.spent_seconds for row in ledger(replace(snapshot, blocks=sparse), NO_ETA, None)}
    assert 91 * 40.0 - 7.0 == spent["step"]


def test_what_is_done_again_after_a_restart_is_lost(snapshot: Snapshot) -> None:
    """What the first attempt did and the second did again is lost, and is no time that nobody explains."""
    attempts = [
        Attempt("a", 100.0, {"cluster": "c", "id": "0"}, 1, 8, 7, 460.0),
        Attempt("b", 410.0, {"cluster": "c", "id": "1"}, 5, 10, 5, 0.0),
    ]
    earlier = JobFacts("0", "c", "TIMEOUT", submitted=20.0, started=90.0)
    resumed = replace(
        snapshot, attempts=attempts, earlier_jobs=[earlier], run=replace(snapshot.run, job=JobKey("c", "1")),
        given_up_seconds=160.0,
    )  # fmt: skip
    spent = {row.phase: row.spent_seconds for row in ledger(resumed, NO_ETA, 700.0)}
    assert (160.0, 370.0) == (spent["lost"], spent["queue"])
    # Both allocations, 700 s and 360 s, less what each phase explains.
    explained = 30.0 + 393.0 + 7.0 + 129.0 + 3.0 + 160.0
    assert 1060.0 - explained == spent["idle"]


def test_what_restarts_lost_took_what_each_process_took(store: Store, make_batch: Callable[..., Any]) -> None:
    """Three processes at 10, 30 and 50 s a step: steps 51 to 80 of the first and 71 to 75 of the second."""
    now = time.time()
    for n, (first, last, seconds) in enumerate(((1, 80, 10.0), (51, 75, 30.0), (71, 90, 50.0))):
        steps = list(range(first, last + 1))
        columns = {
            "seq": list(range(len(steps))), "step": steps, "ended": [now] * len(steps),
            "seconds": [seconds] * len(steps), "loss": [1.0] * len(steps), "lr": [None] * len(steps),
        }  # fmt: skip
        body = make_batch(0, {"total_steps": 100}, columns=columns)
        body |= {"attempt": f"process {n}", "attempt_started": now + n}
        store.add("ada", "r", RecordBatch.model_validate(body), now)
    run = store.run("r")
    assert run is not None
    spent = {row.phase: row.spent_seconds for row in ledger(read_snapshot(store, run), NO_ETA, None)}
    assert 30 * 10.0 + 5 * 30.0 == spent["lost"]
    assert 50 * 10.0 + 20 * 30.0 + 20 * 50.0 == spent["step"]


def test_a_run_that_never_went_back_lost_nothing(snapshot: Snapshot) -> None:
    """A checkpoint at the last step costs a restart nothing but its start-up."""
    attempts = [Attempt("a", 0.0, None, 1, 5, 4, 0.0), Attempt("b", 410.0, None, 6, 10, 4, 0.0)]
    rows = ledger(replace(snapshot, attempts=attempts), NO_ETA, 700.0)
    assert "lost" not in {row.phase for row in rows}


def test_time_left_comes_from_the_eta(snapshot: Snapshot) -> None:
    """What is left of a phase is the ETA's mean, also where nothing of it was spent yet."""
    eta = Eta("ok", by_phase=PhaseMeans(800.0, 240.0, 60.0))
    rows = {row.phase: (row.spent_seconds, row.left_seconds) for row in ledger(snapshot, eta, None)}
    assert ((393.0, 786.0), (129.0, 240.0), (None, 60.0)) == (
        rows["step"], rows["validation"], rows["checkpoint"],
    )  # fmt: skip


def test_a_start_up_that_is_told_anew_counts_once(snapshot: Snapshot) -> None:
    """The newest word of each process start, over all of them."""
    told = [("b", 5, 20.0), ("a", 4, 45.0), ("a", 1, 30.0)]
    notes = [Note(attempt, seq, "startup", {"seconds": seconds}) for attempt, seq, seconds in told]
    spent = {row.phase: row.spent_seconds for row in ledger(replace(snapshot, startups=notes), NO_ETA, None)}
    assert 65.0 == spent["startup"]


def test_order_is_that_of_a_run(snapshot: Snapshot) -> None:
    """Phases come in the order in which a run goes through them, unknown ones last."""
    phases = [row.phase for row in ledger(snapshot, NO_ETA, 700.0)]
    assert ["queue", "startup", "step", "data", "validation", "idle", "compile"] == phases
