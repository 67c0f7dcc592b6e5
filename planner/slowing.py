"""Whether steps have come to take longer than they usually did."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.timings import FloatArray

IntArray = NDArray[np.int64]

_RECENT_RECORDS = 20
_RECENT_SHARE = 0.02
_RECENT_SECONDS = 120.0
_FEWEST_BEFORE = 30
_FEWEST_BLOCKS = 4
_NOISE_RECORDS = 740.0
"""Times the variance of log durations: with as many steps the median of half of them is right to 6 %."""


@dataclass(frozen=True, slots=True)
class Slowing:
    """The pace of late beside the usual one.

    Attributes:
        usual_seconds: median of one step before.
        now_seconds: median of one step of late.
        ratio: of late over usual, the lower of what the two halves of the recent steps say.
        since_step: first of the recent steps.
    """

    usual_seconds: float
    now_seconds: float
    ratio: float
    since_step: int


def slowing(first_steps: IntArray, seconds: FloatArray, counts: IntArray) -> Slowing | None:
    """Return the pace of late beside the usual one, ``None`` where too few steps were seen.

    Recent are the last 20 steps or more: 2 % of all, two minutes' worth, and more the noisier they are, so
    that neither a stall nor chance is a change of pace. Medians on both sides: single long steps count for
    nothing.

    Args:
        first_steps: first step of each block, increasing, shape (n,).
        seconds: mean seconds of one step in each block, all finite, shape (n,).
        counts: steps in each block, shape (n,).
    """
    counted = seconds > 0
    first_steps, seconds, counts = first_steps[counted], seconds[counted], counts[counted]
    if len(seconds) < _FEWEST_BLOCKS:
        return None
    behind = np.cumsum(counts[::-1])[::-1]
    spent = np.cumsum((seconds * counts)[::-1])[::-1]
    noisy = _NOISE_RECORDS * _spread(np.log(seconds)) ** 2
    wanted = max(_RECENT_RECORDS, _RECENT_SHARE * float(behind[0]), noisy)
    is_old = (behind > wanted) & (spent > _RECENT_SECONDS)
    cut = int(np.count_nonzero(is_old))
    if counts[:cut].sum() < _FEWEST_BEFORE or cut + 1 >= len(seconds):
        return None
    usual = _median(seconds[:cut], counts[:cut])
    middle = (cut + len(seconds)) // 2
    halves = [_median(seconds[cut:middle], counts[cut:middle]), _median(seconds[middle:], counts[middle:])]
    now = _median(seconds[cut:], counts[cut:])
    return Slowing(usual, now, min(halves) / usual, int(first_steps[cut]))


def _spread(logs: FloatArray) -> float:
    """Return the standard deviation of noise, of successive differences: a change does not inflate it."""
    return float(1.4826 * np.median(np.abs(np.diff(logs))) / np.sqrt(2))


def _median(values: FloatArray, weights: IntArray) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
