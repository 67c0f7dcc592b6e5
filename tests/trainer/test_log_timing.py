"""Seconds that a log does not name."""

from cutloss.logs.readings import Reading
from cutloss.logs.timing import Timing


def train(step: int, ended: float | None = None, seconds: float | None = None) -> Reading:
    """Return a training line."""
    return Reading("train", step, 1.0, seconds=seconds, ended=ended)


def test_seconds_come_from_the_timestamps() -> None:
    """The time between two lines, by the steps between them; unknown for the first."""
    timing = Timing()
    assert [None, 0.5] == [
        timing.complete(train(step, ended), None).seconds for step, ended in ((10, 5.0), (20, 10.0))
    ]


def test_the_logs_own_seconds_win() -> None:
    """What the training measured is nearer than what was written when."""
    timing = Timing()
    timing.complete(train(10, 5.0), None)
    assert 0.25 == timing.complete(train(20, 10.0, seconds=0.25), None).seconds


def test_a_validation_is_no_part_of_a_step() -> None:
    """It gets what passed since the last step's line, and the step after it has no seconds."""
    timing = Timing()
    for reading in (train(10, 5.0), train(20, 10.0)):
        timing.complete(reading, None)
    assert 30.0 == timing.complete(Reading("val", 20, 1.0, ended=40.0), None).seconds
    assert None is timing.complete(train(30, 45.0), None).seconds
    assert 0.5 == timing.complete(train(40, 50.0), None).seconds


def test_steps_before_a_validation_are_not_its_time() -> None:
    """A validation at step 25, last heard of at 20, took less than what passed."""
    timing = Timing()
    for reading in (train(10, 5.0), train(20, 10.0)):
        timing.complete(reading, None)
    assert 27.5 == timing.complete(Reading("val", 25, 1.0, ended=40.0), None).seconds


def test_arrival_counts_where_there_is_no_timestamp() -> None:
    """Only of lines that came while the log was watched."""
    timing = Timing()
    assert None is timing.complete(train(10), None).ended
    assert None is timing.complete(train(20), 100.0).seconds
    assert 1.0 == timing.complete(train(30), 110.0).seconds


def test_a_long_gap_is_no_step() -> None:
    """A job that waited over night did not take a night for a step; nor does a clock run backwards."""
    timing = Timing()
    for reading in (train(10, 5.0), train(20, 10.0)):
        timing.complete(reading, None)
    assert None is timing.complete(train(30, 40000.0), None).seconds
    assert None is timing.complete(train(40, 20.0), None).seconds
    assert None is timing.complete(train(5, 30.0), None).seconds
