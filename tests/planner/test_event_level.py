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


def test_a_first_one_in_progress_lasts_longer_than_it_has() -> None:
    """Past what was expected it is expected longer, and so are those ahead; before that nothing is known."""
    expected = EventLevel(170.0, 0.0, 0, 1.3)
    assert expected.lasting(1.0).seconds == pytest.approx(170.0, rel=0.01)
    found = [expected.lasting(seconds) for seconds in (100.0, 600.0, 100_000.0)]
    assert 170.0 < found[0].seconds < found[1].seconds < found[2].seconds
    assert [True] * 3 == [one.seconds >= lasted for one, lasted in zip(found, (100, 600, 1e5), strict=True)]
    assert found[1].prior < 1.3


def test_batches_of_the_first_one_tell_of_those_ahead() -> None:
    """17 of 68 batches in 300 s are 1,200 s, the surer the more of them are done."""
    expected = EventLevel(170.0, 0.0, 0, 1.3)
    few, many = expected.lasting(17.6, 1, 68), expected.lasting(300.0, 17, 68)
    assert many.seconds == pytest.approx(1200.0, rel=0.2)
    assert many.prior < few.prior < 1.3
    assert 170.0 < few.seconds < many.seconds


def test_what_is_not_in_doubt_stays() -> None:
    """Neither what has just begun, nor what takes no time, nor what was seen is told anything by it."""
    known, none = EventLevel(20.0, 0.1, 5), EventLevel(0.0, 0.0, 0, 1.3)
    fresh = EventLevel(170.0, 0.0, 0, 1.3)
    assert [known, none, fresh] == [known.lasting(90.0), none.lasting(90.0), fresh.lasting(0.0, 0, 68)]
