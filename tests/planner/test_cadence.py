"""What is due where the trainer declared it, and where it did not."""

import numpy as np
import pytest

from planner.cadence import seen_cadence, still_due
from planner.plan import Plan, validations_due
from planner.timings import Timings


def at(*steps: float) -> Timings:
    """Return validations at these steps, of 5 s each."""
    return Timings(np.array(steps), np.full(len(steps), 5.0))


@pytest.mark.parametrize(
    ("seen", "every"),
    [
        ((25.0,), 25),
        ((25.0, 50.0, 75.0), 25),
        ((0.0, 100.0), 100),
        ((383.0, 767.0), 384),
        ((0.0,), None),
        ((), None),
    ],
)
def test_cadence_is_read_off_what_was_seen(seen: tuple[float, ...], every: int | None) -> None:
    """The usual gap is the cadence; a single event came after one; a check before training is none."""
    assert seen_cadence(at(*seen)) == every


def test_undeclared_cadence_goes_on_from_the_last_event() -> None:
    """A 0-based log validates at 383, 767, … and goes on so."""
    plan = Plan(total_steps=2000)
    due = still_due(plan, None, 800, at(383, 767), validations_due)
    assert due is not None
    assert list(due.regular) == [1151, 1535, 1919]


def test_declared_cadence_wins_over_what_was_seen() -> None:
    """A plan that changed on the way counts by its newest word."""
    plan = Plan(total_steps=400, validate_every=100)
    due = still_due(plan, 100, 130, at(25, 50, 75, 100, 125), validations_due)
    assert due is not None
    assert list(due.regular) == [200, 300, 400]


def test_undeclared_and_unseen_is_unknown() -> None:
    """Nothing tells of validations: their number is not known, rather than none."""
    assert still_due(Plan(total_steps=400), None, 130, at(), validations_due) is None
