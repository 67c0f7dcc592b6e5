"""Where a run's time went."""

from dataclasses import replace

import numpy as np
import pytest

from app.ledger import ledger
from app.slurm.scheduler import JobFacts
from app.snapshot import Snapshot
from app.store.facts import Attempt, Note, Run, StepBlocks, Validation
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
        span_seconds={"data": 7.0, "validation": 999.0, "compile": 3.0},
        startups=[Note("a", 1, "startup", {"seconds": 30.0})],
        progress=None,
        audit=None,
        warnings=[],
        commands=[],
    )


def test_each_second_is_counted_once(snapshot: Snapshot) -> None:
    """Phases with records of their own are counted from those, the others from spans; the rest is idle."""
    rows = {row.phase: row.spent_seconds for row in ledger(snapshot, NO_ETA, 700.0)}
    expected = {
        "queue": 300.0, "startup": 30.0, "step": 400.0, "data": 7.0, "validation": 120.0, "compile": 3.0,
        "idle": 140.0,
    }  # fmt: skip
    assert expected == rows


def test_idle_is_not_guessed(snapshot: Snapshot) -> None:
    """Without a clock, or over several attempts, what no phase explains is not called idle."""
    twice = replace(snapshot, attempts=snapshot.attempts * 2)
    for rows in (ledger(snapshot, NO_ETA, None), ledger(twice, NO_ETA, 700.0)):
        assert "idle" not in {row.phase for row in rows}


def test_time_left_comes_from_the_eta(snapshot: Snapshot) -> None:
    """What is left of a phase is the ETA's mean, also where nothing of it was spent yet."""
    eta = Eta("ok", by_phase=PhaseMeans(800.0, 240.0, 60.0))
    rows = {row.phase: (row.spent_seconds, row.left_seconds) for row in ledger(snapshot, eta, None)}
    assert ((400.0, 800.0), (120.0, 240.0), (None, 60.0)) == (
        rows["step"], rows["validation"], rows["checkpoint"],
    )  # fmt: skip


def test_order_is_that_of_a_run(snapshot: Snapshot) -> None:
    """Phases come in the order in which a run goes through them, unknown ones last."""
    phases = [row.phase for row in ledger(snapshot, NO_ETA, 700.0)]
    assert ["queue", "startup", "step", "data", "validation", "idle", "compile"] == phases
