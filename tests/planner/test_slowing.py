"""Steps that take longer than usual are told from stalls and from chance."""

import numpy as np
import pytest
from numpy.typing import NDArray

from planner.slowing import slowing

RECORDS = 1_500
ONES = np.ones(RECORDS, dtype=np.int64)
STEPS = np.arange(1, RECORDS + 1)


def steady(seed: int, noise: float) -> NDArray[np.float64]:
    """Return steps of ten seconds, every fiftieth six times as long."""
    seconds = 10 * np.exp(np.random.default_rng(seed).normal(0, noise, RECORDS))
    seconds[::50] *= 6
    return np.asarray(seconds)


def ratios(seconds: NDArray[np.float64], first: int = 60, every: int = 5) -> list[tuple[int, float]]:
    """Return what is said of the pace as the records come in."""
    seen = ((n, slowing(STEPS[:n], seconds[:n], ONES[:n])) for n in range(first, RECORDS + 1, every))
    return [(n, found.ratio) for n, found in seen if found is not None]


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.4])
def test_chance_and_stalls_are_no_slowing(noise: float) -> None:
    """Ten runs of steady pace are never 30 % slower than usual, however noisy their steps."""
    assert [] == [seed for seed in range(10) if max(ratio for _, ratio in ratios(steady(seed, noise))) >= 1.3]


@pytest.mark.parametrize(("noise", "within"), [(0.02, 25), (0.1, 25), (0.4, 150)])
def test_steps_half_as_long_again_are_seen(noise: float, within: int) -> None:
    """A lasting change by half is above 30 % soon after it came, and its two paces are known."""
    seconds = steady(1, noise)
    seconds[800:] *= 1.5
    seen = next(n for n, ratio in ratios(seconds, 800, 1) if ratio >= 1.3)
    assert 0 < seen - 800 <= within
    found = slowing(STEPS[:950], seconds[:950], ONES[:950])
    assert found is not None
    assert found.usual_seconds == pytest.approx(10, rel=0.06)
    assert found.now_seconds == pytest.approx(15, rel=0.12)


def test_quick_steps_need_two_minutes_worth() -> None:
    """A second of slow steps out of thousands is a hiccup, not a pace."""
    seconds = np.full(RECORDS, 0.1)
    seconds[-100:] = 0.2
    found = slowing(STEPS, seconds, ONES)
    assert found is None or found.ratio < 1.3


def test_too_few_steps_say_nothing() -> None:
    """Before thirty usual steps there is no usual pace."""
    assert None is slowing(STEPS[:45], steady(0, 0.1)[:45], ONES[:45])
    assert None is slowing(STEPS[:0], np.zeros(0), ONES[:0])
