"""Where attempts begin in a log."""

import numpy as np

from planner.attempt import attempt_starts, is_of_newest
from planner.timings import Durations


def log_at(*steps: float) -> Durations:
    """Return a log of these steps, 1 s each."""
    return Durations(np.array(steps), np.ones(len(steps)), np.ones(len(steps)))


def test_counter_that_goes_back_begins_an_attempt() -> None:
    """Steps 3 and 4 are replayed after the resume at 2."""
    assert attempt_starts(log_at(1, 2, 3, 4, 3, 4, 5), None) == [0, 4]


def test_resume_without_a_replay_is_known_by_its_step() -> None:
    """Where nothing was replayed, the resume step tells."""
    assert attempt_starts(log_at(1, 2, 3, 4, 5), 3) == [0, 3]


def test_attempt_without_steps_yet_begins_at_the_end() -> None:
    """Right after a resume no entry is of the new attempt."""
    assert attempt_starts(log_at(1, 2, 3), 3) == [0, 3]


def test_empty_log_has_one_attempt() -> None:
    """A run that has not stepped is in its first attempt."""
    assert attempt_starts(log_at(), None) == [0]


def test_events_of_the_newest_attempt() -> None:
    """Those after the counter last went back, past the resume, and not beyond where the attempt is."""
    events = log_at(20, 40, 60, 40, 60, 80)
    assert [False] * 4 + [True, False] == is_of_newest(events, 45, 70).tolist()
    assert [False] * 3 + [True] * 3 == is_of_newest(events, None).tolist()
    assert [True] == is_of_newest(log_at(0), None).tolist()
    assert [] == is_of_newest(log_at(), 5, 9).tolist()


def test_two_saves_at_one_step_are_no_restart() -> None:
    """The best and the last checkpoint of one process; after a resume the step may have come again."""
    assert [True] * 4 == is_of_newest(log_at(20, 20, 40, 40), None).tolist()
    assert [False, True] == is_of_newest(log_at(50, 50), 49).tolist()
