"""One stretch of training."""

import numpy as np
import pytest

from planner.leg import Leg, leg_of, whole_step
from planner.plan import Plan

SEED = Plan(total_steps=311, validate_every=25, checkpoint_every=50)


def leg(plan: Plan, start: float, validations_left: int | None = None) -> Leg:
    """Return a stretch that can be counted."""
    found = leg_of(plan, np.array([start]), validations_left)
    assert isinstance(found, Leg)
    return found


def counts(stretch: Leg, step: float, *, checkpoint_at_step: bool = True) -> tuple[float, float, float]:
    """Return steps, validations and checkpoints on the way to a step."""
    found = stretch.counts_to(np.array([step]), checkpoint_at_step=checkpoint_at_step)
    return float(found.steps[0]), float(found.validations[0]), float(found.checkpoints[0])


def test_counts_are_of_what_lies_ahead() -> None:
    """From step 43 to 311 there are 268 steps, 11 validations and 6 checkpoints; from 50 one fewer each."""
    assert (268, 11, 6) == counts(leg(SEED, 43), 311)
    assert (261, 10, 5) == counts(leg(SEED, 50), 311)


def test_validation_comes_before_the_checkpoint() -> None:
    """At the end of the validation at step 50 the checkpoint of that step is still to come."""
    assert (7, 1, 1) == counts(leg(SEED, 43), 50)
    assert (7, 1, 0) == counts(leg(SEED, 43), 50, checkpoint_at_step=False)


def test_given_count_holds_at_the_end() -> None:
    """A given number of validations caps the count on the way and is the count at the end."""
    assert (268, 10, 6) == counts(leg(SEED, 43, 10), 311)
    assert (268, 12, 6) == counts(leg(SEED, 43, 12), 311)
    assert (32, 2, 1) == counts(leg(SEED, 43, 2), 75)


def test_first_validation_is_never_at_the_start() -> None:
    """The validation at the step a run resumes from is not due."""
    assert [75.0] == leg(SEED, 50).first_validation_from(np.array([50.0]))
    assert [50.0] == leg(SEED, 43).first_validation_from(np.array([43.2]))
    assert [np.inf] == leg(SEED, 43).first_validation_from(np.array([301.0]))


def test_validation_at_the_end_is_found() -> None:
    """After the last regular validation the one at the end is the first."""
    at_end = Plan(total_steps=311, validate_every=25, validate_at_end=True, checkpoint_every="never")
    assert [311.0] == leg(at_end, 43).first_validation_from(np.array([301.0]))


def test_start_beyond_the_end_leaves_nothing() -> None:
    """A checkpoint beyond the plan's end leaves no steps, not a negative number of them."""
    assert (0, 0, 0) == counts(leg(SEED, 400), 311)


@pytest.mark.parametrize(("step", "whole"), [(50.0, 50), (50.0000000001, 50), (50.01, 51), (0.2, 1)])
def test_crossing_between_steps_counts_as_the_next(step: float, whole: int) -> None:
    """A crossing is seen after the step that passes it; rounding does not cost a step."""
    assert [whole] == whole_step(np.array([step]))


def test_never_stays_never() -> None:
    """A crossing that never comes is at no whole step."""
    assert [np.inf] == whole_step(np.array([np.inf]))
