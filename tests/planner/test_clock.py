"""The clock since the allocation's start against what was measured."""

import numpy as np
import pytest

from planner.clock import Clock


def clock(
    elapsed: float, *, startup: float | None = 100.0, untimed: int = 0, measured: float = 1000.0
) -> Clock:
    """Return the clock of 1000 steps of 1 s."""
    return Clock(elapsed, startup, measured, measured, 1000, 1000.0, untimed)


def test_explained_clock_has_no_overhead() -> None:
    """Start-up and steps that add up to the clock leave nothing to expect."""
    assert np.allclose(clock(1100.0).overhead(1.0), 0.0)


def test_idle_time_between_steps_recurs() -> None:
    """Half a second beside every second of steps, for hours, goes on."""
    hours = Clock(15_100.0, 100.0, 10_000.0, 10_000.0, 1000, 10_000.0, 0)
    assert np.median(hours.overhead(1.0)) == pytest.approx(0.47, abs=0.05)


def test_unknown_start_up_takes_its_share_first() -> None:
    """A minute that nothing explains is a start-up, not an overhead."""
    assert np.median(clock(1060.0, startup=None).overhead(1.0)) == 0


def test_overlapping_measurements_are_cut_down() -> None:
    """Logged intervals that add up to 10 % more than the clock overstate the pace."""
    assert clock(1000.0).overhead(1.0) == pytest.approx(-0.097, abs=0.005)


def test_untimed_events_have_what_is_left() -> None:
    """Ten validations nobody timed share what the clock leaves."""
    assert clock(1400.0, untimed=10).event_room(1.0) == pytest.approx(30.0)
    assert clock(1400.0).event_room(1.0) == np.inf


def test_clock_alone_tells_a_pace() -> None:
    """Where no step was measured, elapsed less start-up over steps is the pace."""
    level = clock(2100.0, measured=0.0).step_level()
    assert level is not None
    assert level.now_seconds == pytest.approx(2.0)


def test_first_steps_told_as_start_up_are_not_counted_twice() -> None:
    """Nine of ten steps measured and the first within the start-up: nothing overlaps, nothing is left."""
    early = Clock(110.0, 20.0, 90.0, 9.0, 9, 10.0, 0)
    assert early.unexplained_seconds(10.0) == 0
    assert early.overhead(10.0) == 0
