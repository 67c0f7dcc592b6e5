"""What the log of steps says of the steps ahead."""

import numpy as np
import pytest

from planner.step_level import StepLevel, step_level
from planner.timings import Durations, FloatArray


def noisy(count: int, level: float = 1.0) -> FloatArray:
    """Return durations with 5 % noise."""
    return np.asarray(level * np.exp(0.05 * np.random.default_rng(0).standard_normal(count)))


def level_of(seconds: FloatArray) -> StepLevel:
    """Return what a log of every step says, none of them first steps."""
    count = len(seconds)
    level = step_level(
        Durations(np.arange(1.0, count + 1), seconds, np.ones(count)), np.zeros(count, dtype=bool)
    )
    assert level is not None
    return level


def test_horizon_widens_the_draws() -> None:
    """Ten times as far ahead is less sure, relative to its length."""
    near, far = (np.std(level_of(noisy(500)).seconds(ahead)) / ahead for ahead in (500.0, 5000.0))
    assert far > near


def test_pauses_come_ahead_as_they_came_before() -> None:
    """One hour's pause in 1000 steps is in few of the next stretches of 100, never a tenth of each."""
    seconds = noisy(1000)
    seconds[500] = 3600.0
    median, high = np.quantile(level_of(seconds).seconds(100.0), (0.5, 0.97))
    assert median == pytest.approx(100, rel=0.02)
    assert high > 3000


def test_burst_that_came_before_will_end() -> None:
    """In the fourth burst of double steps, a long horizon is nearer to the mean of all than to the burst."""
    bursts = np.where(np.arange(840) % 240 >= 200, 2.0, 1.0)
    seconds = np.r_[bursts, np.full(40, 2.0)] * noisy(880)
    level = level_of(seconds)
    assert level.stay is not None
    assert np.median(level.seconds(2000.0)) / 2000 == pytest.approx(level.ever_seconds, rel=0.05)


def test_slow_down_that_never_ended_goes_on() -> None:
    """A single slow-down is the pace ahead."""
    level = level_of(np.r_[noisy(600), noisy(400, 1.4)])
    assert np.median(level.seconds(600.0)) / 600 == pytest.approx(1.4, rel=0.02)


def test_steady_growth_goes_on_in_part() -> None:
    """Sequences that grow make the steps ahead longer than those seen, if not by the full slope."""
    level = level_of(np.linspace(1.0, 1.5, 1000))
    ahead = np.median(level.seconds(1000.0)) / 1000
    assert level.slope > 0
    assert 1.5 < ahead < 1.75


def test_no_steps_ahead_take_no_time() -> None:
    """Nothing left is nothing to draw."""
    assert not level_of(noisy(10)).seconds(0.0).any()


def test_empty_log_says_nothing() -> None:
    """Without a step there is no level."""
    none = np.empty(0)
    assert step_level(Durations(none, none, none), np.empty(0, dtype=bool)) is None
