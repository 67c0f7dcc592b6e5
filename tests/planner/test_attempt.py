"""Where attempts begin in a log."""

import numpy as np

from planner.attempt import attempt_starts
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
