"""When a run will end: counts, sums, refusals and the seed's own job."""

import numpy as np
import pytest

from planner.eta import Eta, EtaQuery, eta
from planner.plan import Plan
from planner.timings import Timings


def every_step(last: int, seconds: float) -> Timings:
    """Return the durations of steps 1 … last, all the same."""
    return Timings(np.arange(1.0, last + 1), np.full(last, seconds))


def events(steps: list[float], seconds: float) -> Timings:
    """Return events of one duration at the given steps."""
    return Timings(np.array(steps), np.full(len(steps), seconds))


def seed_query(plan: Plan | None = None) -> EtaQuery:
    """Return the seed document's job: step 43 of 311, 45 s a step, 20 min a validation."""
    declared = plan or Plan(total_steps=311, validate_every=25, checkpoint_every="never")
    return EtaQuery(43, declared, steps=every_step(43, 45.0), validations=events([25.0], 1200.0))


def test_seed_job_counts_eleven_validations() -> None:
    """The worked example: 268 steps and 11 validations are left, 25,260 s."""
    answer = eta(seed_query())
    assert (answer.steps_left, answer.validations_left, answer.checkpoints_left) == (268, 11, 0)
    assert answer.mean_seconds == pytest.approx(25_260, rel=0.01)


def test_phase_means_add_up_to_the_mean() -> None:
    """The means by phase sum to the mean exactly."""
    answer = eta(seed_query())
    assert answer.by_phase is not None
    phases = answer.by_phase
    assert phases.step + phases.validation + phases.checkpoint + phases.startup == answer.mean_seconds


def test_unknown_end_is_refused() -> None:
    """A run whose end is not declared has no ETA, and says so."""
    assert Eta("refused", "no_total_steps").reason == eta(seed_query(Plan())).reason


def test_no_step_seen_is_refused() -> None:
    """Before the first step there is no pace to go by."""
    assert eta(EtaQuery(0, Plan(total_steps=311))).reason == "no_steps"
