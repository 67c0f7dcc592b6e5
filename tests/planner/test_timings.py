"""Cleaning of durations as they come from logs."""

import numpy as np
import pytest

from planner.errors import InvalidInputError
from planner.timings import Timings, usable_events, usable_steps


def test_columns_of_different_lengths_are_refused() -> None:
    """Each entry has a step and a duration."""
    with pytest.raises(InvalidInputError, match="/seconds is 1"):
        Timings(np.arange(2.0), np.ones(1))


def test_missing_zero_and_nan_steps_say_nothing() -> None:
    """A step of 0 s is a clock that was not read; NaN, infinite and negative ones are no durations."""
    timings = Timings(np.arange(1.0, 7), np.array([1.0, 0.0, np.nan, np.inf, -1.0, 2.0]))
    usable = usable_steps(timings)
    assert usable.seconds.tolist() == [1.0, 2.0]
    assert usable.unknown == 4


def test_entry_of_a_sparse_log_stands_for_its_interval() -> None:
    """A log of every tenth step counts ten steps an entry, a resume or not, and a repeated row none."""
    timings = Timings(np.array([10.0, 20, 20, 30, 20, 30]), np.ones(6))
    assert usable_steps(timings).weights.tolist() == [10, 10, 10, 10, 10]


def test_block_means_count_their_steps() -> None:
    """Block means from the store weigh by the steps behind them."""
    timings = Timings(np.array([1.0, 50.0]), np.array([2.0, 1.0]), counts=np.array([1.0, 9.0]))
    assert usable_steps(timings).total == pytest.approx(11.0)


def test_long_log_is_averaged_without_losing_seconds() -> None:
    """A million entries become a few thousand with the same sum, whatever of it is unusable."""
    seconds = np.ones(1_000_000)
    seconds[::1000] = 101.0
    seconds[5::1000] = np.nan
    usable = usable_steps(Timings(np.arange(1.0, 1_000_001), seconds))
    assert len(usable) <= 8192
    assert usable.total == pytest.approx(1.1e6, rel=1e-3)


def test_events_of_zero_seconds_count_only_among_themselves() -> None:
    """A 0 s validation is unmeasured beside measured ones, and free where all of them are 0."""
    mixed = usable_events(Timings(np.array([1.0, 2]), np.array([0.0, 5])))
    free = usable_events(Timings(np.array([1.0, 2]), np.zeros(2)))
    assert (mixed.seconds.tolist(), free.seconds.tolist()) == ([5.0], [0.0, 0.0])


def test_seen_steps_need_no_duration() -> None:
    """A validation was seen whether or not its duration is known."""
    assert Timings(np.array([25.0, np.nan]), np.full(2, np.nan)).seen == frozenset({25})
