"""Whether and when a loss is reached."""

import numpy as np
import pytest

from planner.belief import LEVELS, Belief
from planner.reaching import reach, reaching


def test_reaching_is_at_least_as_likely_as_being_there() -> None:
    """The lowest point of a curve is no higher than its last: no chance is lowered, and the order stays."""
    below = np.linspace(0.0, 1.0, 101)
    reached = reaching(below, 0.5, 0.1)
    assert (reached >= below).all()
    assert (np.diff(reached) >= 0).all()
    assert reached[10] > 0.2
    assert (reached[0], reached[-1]) == pytest.approx((0.0, 1.0), abs=1e-4)


def test_a_curve_that_turns_up_has_been_where_it_was() -> None:
    """A loss that is likely at some step stays reached when the curve rises again, at the step it came."""
    steps = np.array([100.0, 200.0, 300.0])
    around = np.linspace(-0.01, 0.01, len(LEVELS))
    belief = Belief(np.array([3.0, 1.0, 2.0])[:, None] + around)
    found = reach(1.5, steps, belief, (0.1, 0.5))
    assert found.probability == pytest.approx(1.0, abs=1e-6)
    assert found.step_quantiles is not None
    assert all(step is not None and 100 < step < 200 for step in found.step_quantiles.values)


def test_a_loss_far_below_has_no_step() -> None:
    """What is not reached has a chance near 0 and no step, however far below it lies."""
    belief = Belief(np.array([3.0, 2.0])[:, None] + np.linspace(-0.1, 0.1, len(LEVELS)))
    for loss in (0.5, -1e308):
        found = reach(loss, np.array([1.0, 2.0]), belief, (0.1, 0.5))
        assert found.probability == pytest.approx(0.0, abs=1e-5)
        assert found.step_quantiles is not None
        assert (None, None) == found.step_quantiles.values
