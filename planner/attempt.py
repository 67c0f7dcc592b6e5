"""One process start of a run, seen from its log."""

import numpy as np

from planner.timings import Durations

_MOST_ATTEMPTS = 32


def attempt_starts(logged: Durations, resumed_at_step: int | None) -> list[int]:
    """Return the index of the first entry of each attempt; the counter goes back where one begins.

    Args:
        logged: step durations in the order reported.
        resumed_at_step: the step the newest attempt resumed at, where known.
    """
    back = (np.flatnonzero(np.diff(logged.step) < 0) + 1).tolist()
    starts = [0, *back[-_MOST_ATTEMPTS:]]
    if resumed_at_step:
        newest = starts[-1] + int(np.argmax(np.r_[logged.step[starts[-1] :], np.inf] > resumed_at_step))
        starts.append(newest)
    return sorted(set(starts))
