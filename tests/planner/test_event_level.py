"""What the events seen say of those ahead."""

import numpy as np
import pytest

from planner.event_level import EventLevel, event_level
from planner.timings import Durations


def level_of(*seconds: float) -> EventLevel:
    """Return what events of these durations say."""
    count = len(seconds)
    level = event_level(Durations(np.arange(1.0, count + 1), np.array(seconds), np.ones(count)))
    assert level is not None
    return level


def test_slow_first_event_is_left_out() -> None:
    """A first validation that compiles says nothing of the ones ahead."""
    assert level_of(60.0, 20.0, 20.0, 20.0).seconds == pytest.approx(20.0)


def test_more_events_are_surer() -> None:
    """Ten equal validations leave less doubt than one."""
    one, ten = (np.std(level_of(*[20.0] * count).mean_seconds(10.0, 3)) for count in (1, 10))
    assert ten < 0.7 * one


def test_one_long_event_does_not_carry_the_mean() -> None:
    """A validation that hung for an hour counts as a long one, not as an hour."""
    assert level_of(20.0, 20.0, 20.0, 3600.0).seconds < 60


def test_clock_bounds_what_an_event_can_take() -> None:
    """What the clock leaves no room for is not drawn."""
    assert level_of(20.0).within(15.0).mean_seconds(1.0, 3).max() == 15.0


def test_free_events_stay_free() -> None:
    """Validations of 0 s cost nothing."""
    assert not level_of(0.0, 0.0).mean_seconds(5.0, 3).any()
