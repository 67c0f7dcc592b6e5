"""The best of a loss so far."""

import numpy as np

from planner.best import Best, best_of
from planner.curve import Curve


def test_the_first_of_equal_losses_is_the_best() -> None:
    """The best is the lowest finite loss, at the step at which it came first."""
    curve = Curve(np.array([10.0, 20.0, 30.0, 40.0]), np.array([3.0, 1.0, np.nan, 1.0]))
    assert Best(20.0, 1.0) == best_of(curve)


def test_what_a_resume_took_back_is_not_the_best() -> None:
    """A loss of steps that a newer attempt has done again does not count."""
    curve = Curve(np.array([1.0, 2.0, 3.0, 4.0, 3.0, 4.0]), np.array([5.0, 4.0, 3.0, 1.0, 3.5, 3.2]))
    assert Best(4.0, 3.2) == best_of(curve)


def test_without_a_finite_loss_there_is_no_best() -> None:
    """Neither an empty curve nor one of infinities has a best."""
    empty, infinite = Curve(np.zeros(0), np.zeros(0)), Curve(np.arange(3.0), np.full(3, np.inf))
    assert [None, None] == [best_of(empty), best_of(infinite)]
