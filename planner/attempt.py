"""One process start of a run, seen from its log."""

import numpy as np
from numpy.typing import NDArray

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


def is_of_newest(
    events: Durations, resumed_at_step: int | None, at_step: float = np.inf
) -> NDArray[np.bool_]:
    """Return which events are the newest attempt's: past the resume, and after the counter last went back.

    Args:
        events: in the order reported, shape (n,).
        resumed_at_step: the step that attempt resumed at, where it did.
        at_step: its completed steps; an event beyond was another attempt's and is still to come again.
    """
    # Two at one step are the same process's (its best and its last checkpoint) unless there was another.
    is_back = np.diff(events.step) <= 0 if resumed_at_step else np.diff(events.step) < 0
    back = np.flatnonzero(is_back)
    newest = np.arange(len(events)) > (back[-1] if len(back) else -1)
    after = resumed_at_step or -1  # a validation before the first step is this attempt's own
    return np.asarray(newest & (events.step > after) & (events.step <= at_step))
