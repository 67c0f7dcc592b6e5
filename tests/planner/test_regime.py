"""Lasting changes of pace."""

import numpy as np
import pytest

from planner.regime import stretches
from planner.timings import Durations, FloatArray


def log_of(seconds: FloatArray) -> Durations:
    """Return a log of every step."""
    return Durations(np.arange(1.0, len(seconds) + 1), seconds, np.ones(len(seconds)))


def noisy(count: int, level: float, seed: int) -> FloatArray:
    """Return durations with 5 % noise."""
    return np.asarray(level * np.exp(0.05 * np.random.default_rng(seed).standard_normal(count)))


def test_slow_down_is_dated_and_measured() -> None:
    """A node that slows by 30 % after step 700 is found there, with that ratio."""
    found = stretches(log_of(np.r_[noisy(700, 1.0, 0), noisy(300, 1.3, 1)])).regime
    assert found is not None
    assert found.since_step == pytest.approx(700, abs=16)
    assert found.ratio == pytest.approx(1.3, rel=0.02)


def test_newest_of_several_changes_is_named() -> None:
    """A batch-size ramp changes the pace three times; the last change is the current regime's start."""
    ramp = np.concatenate([noisy(300, level, i) for i, level in enumerate((0.5, 0.7, 1.0))])
    found = stretches(log_of(ramp))
    assert len(found.starts) == 3
    assert found.regime is not None
    assert found.regime.since_step == pytest.approx(600, abs=16)


@pytest.mark.parametrize("seed", range(10))
def test_noise_is_no_regime(seed: int) -> None:
    """A steady pace has no change to report, whatever its noise draws."""
    assert stretches(log_of(noisy(1000, 1.0, seed))).regime is None


def test_lone_pauses_are_no_regime() -> None:
    """Three steps of an hour among a thousand of a second change no level."""
    seconds = noisy(1000, 1.0, 3)
    seconds[[200, 600, 990]] = 3600.0
    assert stretches(log_of(seconds)).regime is None


def test_few_steps_are_one_stretch() -> None:
    """Ten steps cannot tell a regime from noise."""
    assert stretches(log_of(noisy(10, 1.0, 0))).starts == (0,)


def test_pace_that_keeps_coming_back_is_told_from_one_that_stays() -> None:
    """Bursts that ended tell how long one lasts; a single slow-down never went back."""
    bursts = np.where(np.arange(1200) % 200 < 40, 2.0, 1.0)
    usual_stay = stretches(log_of(bursts * noisy(1200, 1.0, 0))).usual_stay(2.0, 1.2)
    assert usual_stay == pytest.approx(40 / 1200, rel=0.3)
    slowed = stretches(log_of(np.r_[noisy(600, 1.0, 0), noisy(600, 1.3, 1)]))
    assert slowed.usual_stay(1.3, 1.15) is None
