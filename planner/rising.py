"""Whether a loss that had fallen is rising again, beyond its noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.timings import FloatArray

IntArray = NDArray[np.int64]

_FEWEST_WINDOWS = 8
_SMALLEST_WINDOW = 20
_WINDOW_SHARE = 0.02
"""A window is this share of all records: what is called a rise has lasted for two of them."""

_SIGNIFICANT = 6.0
"""Standard errors of a window's mean: the best of fifty windows is low by chance, by two or three."""

_FALL_SHARE = 0.05
_LEAST_SHARE = 0.005
_TO_SIGMA = 1.4826
"""From a median absolute deviation to a standard deviation, for normal noise."""


@dataclass(frozen=True, slots=True)
class Rise:
    """A loss that rose: the best mean it had and at which step, its mean now, and since which step."""

    best: float
    best_step: int
    now: float
    since_step: int


def rising(steps: IntArray, losses: FloatArray, counts: IntArray, firmness: float = 1.0) -> Rise | None:
    """Return how far a loss has risen above its best, ``None`` where that is within its noise.

    The records are cut into windows of equal length, so that one odd batch is no rise. The noise of a
    window's mean is the larger of what second differences of the means say, which a steady fall does not
    inflate, and what differences within the windows say, which few windows do not distort.

    Args:
        steps: last step of each block, increasing, shape (n,).
        losses: finite block means, shape (n,).
        counts: records in each block, shape (n,).
        firmness: what the rise is multiplied with before it is judged; above 1 keeps a known rise longer.
    """
    windows = _windows(counts)
    if windows is None:
        return None
    kept = slice(len(steps) - len(windows), None)
    steps, losses, counts = steps[kept], losses[kept], counts[kept]
    means = np.bincount(windows, losses * counts) / np.bincount(windows, counts)
    noise = max(_noise_between(means), _noise_within(losses, counts, windows))
    best = int(np.argmin(means[:-2]))
    now = float(means[-2:].min())
    fall = max(float(means[0] - means[best]), 0.0)
    least = max(_SIGNIFICANT * noise, _FALL_SHARE * fall, _LEAST_SHARE * abs(float(means[best])))
    if firmness * (now - means[best]) <= least:
        return None
    since, at = int(steps[windows > best][0]), int(steps[windows == best][-1])
    return Rise(float(means[best]), at, float(means[-1]), since)


def _windows(counts: IntArray) -> IntArray | None:
    """Return the window of each of the newest blocks; the last window is whole, the first was left out."""
    behind = np.cumsum(counts[::-1])[::-1]
    if not len(behind):
        return None
    size = max(_SMALLEST_WINDOW, int(np.ceil(_WINDOW_SHARE * behind[0])))
    back = (behind - 1) // size
    whole = back < behind[0] // size
    number = back[whole].max(initial=-1) - back[whole]
    return number if number.max(initial=0) + 1 >= _FEWEST_WINDOWS else None


def _noise_between(means: FloatArray) -> float:
    bends = means[:-2] - 2 * means[1:-1] + means[2:]
    return float(_TO_SIGMA * np.median(np.abs(bends)) / np.sqrt(6))


def _noise_within(losses: FloatArray, counts: IntArray, windows: IntArray) -> float:
    a_record = np.abs(np.diff(losses)) * np.sqrt(np.minimum(counts[1:], counts[:-1]))
    return float(_TO_SIGMA * np.median(a_record) / np.sqrt(2 * np.median(np.bincount(windows, counts))))
