"""The first steps of a process: compilation, caches and warm-up, which say nothing of the steps ahead."""

import numpy as np
from numpy.typing import NDArray

from planner.timings import Durations

_EXCESS = 1.25
_AT_MOST = 0.5
_ENOUGH = 8
"""Entries from which on an attempt tells its own usual pace."""

_CALM = 3
"""Entries in a row that must be back to normal before the first steps are over."""


def first_steps(logged: Durations, starts: list[int]) -> NDArray[np.bool_]:
    """Return which entries are first steps: slower than what follows, from an attempt's start on.

    Args:
        logged: step durations in the order reported.
        starts: index of the first entry of each attempt.
    """
    first = np.zeros(len(logged), dtype=bool)
    for start, end in zip(starts, [*starts[1:], len(logged)], strict=True):
        earlier = logged.seconds[:start][~first[:start]]
        usual = float(np.median(earlier)) if len(earlier) else None
        first[start : start + _count(logged.seconds[start:end], usual)] = True
    return first


def _count(seconds: NDArray[np.float64], usual_before: float | None) -> int:
    """Return how many entries at the start of one attempt are first steps."""
    count = len(seconds)
    if count <= 1:
        return int(usual_before is not None and count == 1 and seconds[0] > _EXCESS * usual_before)
    later = seconds[count // 4 :] if count >= _ENOUGH else seconds[1:]
    usual = float(np.median(later)) if count >= _ENOUGH or usual_before is None else usual_before
    limit = max(int(count * _AT_MOST), 1)
    slow = seconds[: limit + _CALM] > _EXCESS * usual
    calm = (index for index in range(1, limit + 1) if not slow[index : index + _CALM].any())
    return next(calm, 1)
