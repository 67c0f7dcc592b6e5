"""The checkpoint interval that loses least."""

import math

import numpy as np
import pytest

from planner.checkpoint_interval import best_checkpoint_seconds, lost_share
from planner.errors import InvalidInputError


def test_cheap_checkpoints_follow_young() -> None:
    """Where saving is cheap, the interval is Young's square root of 2 × save × interruption."""
    assert best_checkpoint_seconds(1, 1e6) == pytest.approx(math.sqrt(2e6), rel=1e-3)


def test_interval_is_the_least_loss() -> None:
    """No other interval loses less time, to first order."""
    best = best_checkpoint_seconds(10, 86_400)
    others = [lost_share(best * factor, 10, 86_400) for factor in np.linspace(0.3, 3, 50)]
    assert lost_share(best, 10, 86_400) <= min(others) * 1.001


def test_saving_longer_than_it_ever_runs_is_saved_once() -> None:
    """Daly's bound: a save of twice the time between interruptions or more is not repeated within it."""
    assert best_checkpoint_seconds(200, 100) == 100


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.inf, math.nan])
def test_impossible_durations_are_refused(seconds: float) -> None:
    """A save takes a positive number of seconds."""
    with pytest.raises(InvalidInputError, match="/save_seconds"):
        best_checkpoint_seconds(seconds, 100)
