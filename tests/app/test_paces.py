"""From a run's records to the question of time, and to what a comparison assumes."""

from typing import Any

import numpy as np
import pytest

from app.paces import assumed_plan, elapsed_seconds, eta_query, pace_durations, validations_left
from app.settings import Settings
from app.slurm.scheduler import JobFacts
from app.snapshot import Snapshot
from app.store.facts import Attempt, Checkpoint, Note, Run, StepBlocks, Validation
from planner.duration import Duration
from planner.eta import InProgress, eta
from planner.priors import Priors

NOW = 10_000.0


def _snapshot(plan: dict[str, Any], steps: int = 60, **parts: Any) -> Snapshot:
    at = np.arange(1, steps + 1)
    ones, loss, took = np.ones(steps, dtype=np.int64), at**-0.5, np.full(steps, 40.0)
    values: dict[str, Any] = {
        "run": Run("r", "r", "ada", 0.0, plan, 1, NOW, None, None, None, {}),
        "attempts": [Attempt("a", 1_000.0, None, 1, steps, steps, NOW)],
        "job": None,
        "job_seen_at": None,
        "blocks": StepBlocks(at, at, ones, ones, ones, *[loss] * 4, ones, *[took] * 4, took, took * np.nan),
        "validations": [],
        "checkpoints": [],
        "span_seconds": {},
        "startups": [],
        "progress": None,
        "audit": None,
        "warnings": [],
        "commands": [],
    }
    return Snapshot(**{**values, **parts})


def _progress(**data: Any) -> Note:
    return Note("a", 1, "progress", data)


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        (
            _progress(phase="validation", started=NOW - 300, done=17, of=68),
            InProgress("validation", 300.0, 17, 68),
        ),
        (_progress(phase="validation", started=NOW + 5, done=70, of=68), InProgress("validation", 0.0)),
        (_progress(phase=None, started=NOW), None),
        (_progress(phase="validation", started="soon"), None),
        (Note("an earlier attempt", 1, "progress", {"phase": "validation", "started": NOW}), None),
    ],
)
def test_progress_of_the_newest_attempt(note: Note, expected: InProgress | None) -> None:
    """What the newest attempt says is in progress counts, as far as it makes sense."""
    assert expected == eta_query(_snapshot({}, progress=note), NOW, Priors()).in_progress


def test_clock_starts_with_the_allocation() -> None:
    """Elapsed time counts from the job's start, to its end; without a job from the first attempt's start."""
    running = JobFacts("1", "c", "RUNNING", started=4_000.0)
    ended = JobFacts("1", "c", "COMPLETED", started=4_000.0, ended=5_000.0)
    found = [elapsed_seconds(_snapshot({}, job=job), NOW) for job in (running, ended, None)]
    assert [6_000.0, 1_000.0, 9_000.0] == found


def _restarted(**parts: Any) -> Snapshot:
    """Return a run of 200 steps of 40 s, stopped after step 60, saved at 50, started again 40 s ago."""
    attempts = [
        Attempt("a", 1_000.0, None, 1, 60, 60, 5_000.0),
        Attempt("b", NOW - 40, None, None, None, 0, None),
    ]
    plan = {"total_steps": 200, "validate_every": "never", "checkpoint_every": "never"}
    values: dict[str, Any] = {
        "attempts": attempts,
        "checkpoints": [Checkpoint("a", step, 0.0, 5.0, None) for step in (25, 50)],
        "startups": [Note("a", 1, "startup", {"seconds": 100.0})],
        "job": JobFacts("1", "c", "RUNNING", started=NOW - 40, time_limit_seconds=20_000.0),
    }
    return _snapshot(plan, 60, **{**values, **parts})


def _median(snapshot: Snapshot) -> float:
    remaining = eta(eta_query(snapshot, NOW, Priors())).remaining_seconds
    assert remaining is not None
    return remaining.at(0.5) or 0.0


def test_a_restart_is_estimated_before_its_first_step() -> None:
    """The rest of a usual start-up, then the steps since the last checkpoint, none of them progress."""
    query = eta_query(_restarted(), NOW, Priors())
    assert (50, 50, 100.0) == (query.at_step, query.resumed_at_step, query.startup_seconds)
    assert InProgress("startup", 40.0) == query.in_progress
    assert _median(_restarted()) == pytest.approx(60 + 150 * 40, rel=0.01)


def test_a_start_up_that_was_told_is_over() -> None:
    """Between its start-up and its first step a restarted run has only the steps ahead."""
    told = [Note("b", 2, "startup", {"seconds": 30.0}), Note("a", 1, "startup", {"seconds": 100.0})]
    assert _median(_restarted(startups=told)) == pytest.approx(150 * 40, rel=0.01)


def test_a_restart_without_a_reported_checkpoint_goes_on_where_it_was() -> None:
    """Where no checkpoint was reported nothing tells that steps are lost."""
    assert 60 == eta_query(_restarted(checkpoints=[]), NOW, Priors()).at_step


def test_a_requeued_job_waits_with_its_whole_limit_ahead() -> None:
    """Of an allocation that has not begun nothing has passed; its start-up is still to come."""
    job = JobFacts("1", "c", "PENDING", time_limit_seconds=20_000.0)
    first = [Attempt("a", 1_000.0, None, 1, 60, 60, 5_000.0)]
    snapshot = _restarted(job=job, attempts=first)
    query = eta_query(snapshot, NOW, Priors())
    assert (0.0, 50, InProgress("startup", 0.0)) == (query.elapsed_seconds, query.at_step, query.in_progress)
    assert _median(snapshot) == pytest.approx(100 + 150 * 40, rel=0.01)
    assert eta(query).finishes_within_limit == 1.0


def test_a_start_up_nobody_timed_is_a_usual_one() -> None:
    """A restart whose start-ups were never timed still has one ahead."""
    assert _median(_restarted(startups=[])) > 150 * 40 + 60


def test_undeclared_cadences_are_those_seen() -> None:
    """Where the plan is silent a comparison assumes the cadence seen; what was not seen is not expected."""
    validations = [Validation("a", step, 0.0, 10.0, 1.0, {}) for step in (20, 40, 60)]
    query = eta_query(_snapshot({"total_steps": 200}, validations=validations), NOW, Priors())
    plan = assumed_plan(query)
    assert (20, "never", 7) == (plan.validate_every, plan.checkpoint_every, validations_left(query))


def test_declared_plan_is_kept() -> None:
    """What is declared is assumed as declared, and counted from the plan."""
    checkpoints = [Checkpoint("a", 30, 0.0, 5.0, None)]
    declared = {"total_steps": 200, "validate_every": 25, "checkpoint_every": "never"}
    query = eta_query(_snapshot(declared, checkpoints=checkpoints), NOW, Priors())
    assert (25, "never", None) == (
        assumed_plan(query).validate_every, assumed_plan(query).checkpoint_every, validations_left(query),
    )  # fmt: skip


def test_paces_hold_the_truth(settings: Settings) -> None:
    """A measured pace is a range around the truth; an unseen event's is wide, an unknown start-up as set."""
    query = eta_query(_snapshot({"total_steps": 200, "validate_every": 25}), NOW, Priors())
    paces = pace_durations(query, settings)
    assert paces.step_seconds.low < 40.0 < paces.step_seconds.high < 48.0
    assert paces.validation_seconds.high > 3 * paces.validation_seconds.low
    assert Duration(10.0, 600.0) == paces.startup_seconds


def test_without_a_step_only_the_startup_is_known(settings: Settings) -> None:
    """Before its first step a run has no pace; its own start-up is expected again."""
    startup = [Note("a", 1, "startup", {"seconds": 60.0})]
    paces = pace_durations(eta_query(_snapshot({}, 0, startups=startup), NOW, Priors()), settings)
    assert (None, Duration(40.0, 90.0)) == (paces.step_seconds, paces.startup_seconds)
