"""Compilation and warm-up at the start of a process."""

import numpy as np

from planner.first_steps import first_steps
from planner.timings import Durations


def log_of(seconds: list[float]) -> Durations:
    """Return a log of every step."""
    return Durations(np.arange(1.0, len(seconds) + 1), np.array(seconds), np.ones(len(seconds)))


def test_compilation_and_warm_up_are_first_steps() -> None:
    """A slow first step and the decay after it are left out, the steady steps are not."""
    log = log_of([60.0, 5.0, 3.0, 2.0, *[1.0] * 20])
    assert first_steps(log, [0]).sum() == 4


def test_each_attempt_has_its_own() -> None:
    """A resumed process compiles again."""
    log = log_of([60.0, *[1.0] * 10, 60.0, 40.0, *[1.0] * 10])
    assert np.flatnonzero(first_steps(log, [0, 11])).tolist() == [0, 11, 12]


def test_first_step_after_a_resume_is_known_as_one_at_once() -> None:
    """One slow entry after a resume is measured against the attempt before."""
    assert np.flatnonzero(first_steps(log_of([60.0, *[1.0] * 10, 60.0]), [0, 11])).tolist() == [0, 11]


def test_one_step_alone_is_kept() -> None:
    """Where one step is all there is, it is all there is to go by."""
    assert not first_steps(log_of([60.0]), [0]).any()
