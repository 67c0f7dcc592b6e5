"""A process start that brought another pace: another node, another batch size."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from planner.timings import Durations, FloatArray

_FEWEST = 3
"""Entries from which on a process tells its own pace; with fewer one stall would."""

_FEWEST_EVENTS = 2
"""The same of its validations or checkpoints, which take more alike; the first may be slow."""

_FEWEST_STRETCHES = 5
_LEAST_CHANGE = 0.02
_BEYOND = 0.5
"""How far outside of all that was seen before, in shares of how far that itself strayed."""


def since_restart(steady: Durations, starts: Sequence[int]) -> int:
    """Return the entry at which the newest process began that has another pace than the one before it.

    What ran before says nothing of the steps ahead: it was another process. 0 where none differs.

    Args:
        steady: step durations in the order reported.
        starts: index of the first entry of each process, increasing.
    """
    edges = sorted({0, *starts})
    for before, start in zip(edges[-2::-1], edges[:0:-1], strict=True):
        earlier, own = np.log(steady.seconds[before:start]), np.log(steady.seconds[start:])
        if len(own) >= _FEWEST and len(earlier) >= _FEWEST and differs(earlier, own):
            return start
    return 0


def lately(events: Durations, own: NDArray[np.bool_]) -> Durations:
    """Return the events that tell of those ahead: the newest process's own, where they take another time.

    Args:
        events: in the order reported, shape (n,).
        own: which are its own, shape (n,).
    """
    before, newest = events.where(~own), events.where(own)
    if len(newest) < _FEWEST_EVENTS or len(before) < _FEWEST or min(events.seconds) <= 0:
        return events
    return newest if differs(np.log(before.seconds), np.log(newest.seconds)) else events


def differs(before: FloatArray, own: FloatArray) -> bool:
    """Whether the middle of what is new lies outside of where stretches as long used to lie.

    Medians: a single stall is no pace. Stretches that strayed, by bursts or by wandering, widen the range.

    Args:
        before: logarithms of the seconds, shape (n,).
        own: the same of what is new, shape (m,).
    """
    length = max(min(len(own), len(before) // _FEWEST_STRETCHES), 1)
    levels = np.median(before[len(before) % length :].reshape(-1, length), axis=1)
    usual, here = float(np.median(levels)), float(np.median(own))
    strayed = float(levels.max()) - usual if here > usual else usual - float(levels.min())
    return abs(here - usual) > strayed + max(_LEAST_CHANGE, _BEYOND * strayed)
