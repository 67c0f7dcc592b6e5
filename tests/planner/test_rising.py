"""A loss that rises is told from one that is merely noisy."""

import numpy as np
import pytest
from numpy.typing import NDArray

from planner.rising import Rise, rising

RECORDS = 2_000
TURN = 1_200
ONES = np.ones(RECORDS, dtype=np.int64)
STEPS = np.arange(1, RECORDS + 1)


def falling(seed: int, noise: float, memory: float) -> NDArray[np.float64]:
    """Return a power law down to 2 with noise that remembers its last value."""
    rng = np.random.default_rng(seed)
    shocks = rng.normal(0, noise * np.sqrt(1 - memory**2), RECORDS)
    told = np.zeros(RECORDS)
    for n in range(1, RECORDS):
        told[n] = memory * told[n - 1] + shocks[n]
    return np.asarray((2 + 6 * (1 + STEPS / 20) ** -0.5) * np.exp(told))


def looks(losses: NDArray[np.float64], start: int = 160, every: int = 20) -> list[tuple[int, Rise]]:
    """Return the rises seen while the records come in, and after how many."""
    seen = ((n, rising(STEPS[:n], losses[:n], ONES[:n])) for n in range(start, RECORDS + 1, every))
    return [(n, found) for n, found in seen if found is not None]


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("noise", [0.005, 0.05, 0.15])
def test_noise_on_a_falling_loss_is_no_rise(noise: float, memory: float) -> None:
    """Of eight falling curves, looked at all along their way, none ever rises."""
    assert [] == [seed for seed in range(8) if looks(falling(seed, noise, memory))]


def test_a_loss_that_turns_is_seen_where_it_turned() -> None:
    """A rise of a third is told once it stands out, with its best step near the turn."""
    losses = falling(3, 0.02, 0.0)
    losses[TURN:] *= np.linspace(1.0, 1.33, RECORDS - TURN)
    first, rise = looks(losses)[0]
    assert TURN + 40 < first < TURN + 320
    assert abs(rise.best_step - TURN) < 100
    assert rise.best_step < rise.since_step <= first
    assert rise.best < rise.now


def test_one_odd_batch_is_no_rise() -> None:
    """A few records far above the rest change nothing."""
    losses = falling(5, 0.02, 0.0)
    losses[-30:-26] *= 4
    assert None is rising(STEPS, losses, ONES)


def test_block_means_say_what_their_records_say() -> None:
    """A curve in blocks of eight rises as its records do."""
    losses = falling(4, 0.03, 0.0)
    losses[TURN:] *= np.linspace(1.0, 1.5, RECORDS - TURN)
    whole = rising(STEPS, losses, ONES)
    blocks = rising(STEPS[7::8], losses.reshape(-1, 8).mean(axis=1), np.full(RECORDS // 8, 8))
    assert whole is not None
    assert blocks is not None
    assert blocks.best == pytest.approx(whole.best, rel=0.02)
    assert blocks.now == pytest.approx(whole.now, rel=0.02)


def test_a_known_rise_is_kept_longer() -> None:
    """With more firmness a rise that has half come back still counts."""
    losses = falling(6, 0.01, 0.0)
    losses[TURN:] *= 1.12
    assert None is rising(STEPS, losses, ONES)
    assert None is not rising(STEPS, losses, ONES, 2.0)


def test_too_few_records_say_nothing() -> None:
    """Below eight windows of twenty records nothing is called a rise, nor of no records at all."""
    rise = np.linspace(1.0, 9.0, RECORDS)
    assert None is rising(STEPS[:159], rise[:159], ONES[:159])
    assert None is not rising(STEPS[:160], rise[:160], ONES[:160])
    assert None is rising(STEPS[:0], rise[:0], ONES[:0])
