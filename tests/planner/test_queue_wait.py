"""Bounds of the queue wait from history."""

import numpy as np
import pytest

from planner.errors import InvalidInputError
from planner.queue_wait import queue_wait, upper_bound


def test_bound_holds_as_often_as_it_says() -> None:
    """Over many histories, the bound is above the true 90 % quantile in at least 95 % of them."""
    rng = np.random.default_rng(0)
    truth = np.exp(1.2815515594600038)
    bounds = [upper_bound(np.sort(rng.lognormal(size=60)), 0.9, 0.95) for _ in range(2000)]
    held = np.mean([bound is not None and bound >= truth for bound in bounds])
    assert 0.95 <= held <= 0.99


def test_twenty_nine_waits_are_the_fewest_for_a_bound() -> None:
    """0.9 to the 29th is below 5 %, to the 28th it is not: fewer waits bound nothing."""
    assert upper_bound(np.arange(28.0), 0.9, 0.95) is None
    assert upper_bound(np.arange(29.0), 0.9, 0.95) == 28.0


def test_no_history_gives_no_answer() -> None:
    """No wait, or none usable, is unknown."""
    assert queue_wait([]) is None
    assert queue_wait([np.nan, -1.0]) is None


def test_newest_waits_count() -> None:
    """A queue's habits change: waits older than the newest ones asked for are left out."""
    waits = np.r_[np.full(100, 9999.0), np.full(50, 60.0)]
    found = queue_wait(waits, recent=50)
    assert found is not None
    assert (found.count, found.bound_seconds, found.quantiles.at(0.5)) == (50, 60.0, 60.0)


def test_level_out_of_range_is_refused() -> None:
    """A quantile lies between 0 and 1."""
    with pytest.raises(InvalidInputError, match="/level is 1"):
        queue_wait([1.0], level=1.0)
