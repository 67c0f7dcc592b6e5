"""From what the training reported to numbered records."""

import time
from typing import Any

import pytest
from cutloss.composer import SPAN_SECONDS, Composer, StepTimes
from cutloss.counters import Counters
from cutloss.queues import Entry
from cutloss.records import decode


@pytest.fixture
def counters() -> Counters:
    """Return fresh counters."""
    return Counters()


@pytest.fixture
def composer(counters: Counters) -> Composer:
    """Return a composer of a process that took 60 s to start."""
    return Composer(StepTimes(startup_seconds=60.0), counters)


def records(composer: Composer, *entries: Entry) -> list[dict[str, Any]]:
    """Return the records of some entries."""
    lines = [line for entry in entries for line in composer.compose(entry)]
    return [record for line in lines if (record := decode(line.data))]


def step(number: object, elapsed: float, loss: object = 1.0) -> Entry:
    """Return a step that ended now."""
    now = time.perf_counter()
    return (number, now, now - elapsed, loss, 0.1)  # type: ignore[return-value]  # wrong ones too


def test_the_first_step_is_start_up(composer: Composer) -> None:
    """Compilation and warm-up are in it, so it says nothing about the steps to come."""
    note, first, second = records(composer, step(1, 4.0), step(2, 0.5))
    assert ("startup", {"seconds": 64.0}) == (note["kind"], note["data"])
    assert (None, 0.5) == (first["seconds"], second["seconds"])


def test_the_steps_of_a_warm_up_are_start_up(counters: Counters) -> None:
    """As many as were declared: told at the first and at the last of them, and no step's time."""
    composer = Composer(StepTimes(startup_seconds=60.0, warmup_steps=3), counters)
    found = records(composer, *(step(10 + number, 4.0 / number) for number in range(1, 6)))
    notes = [record["data"]["seconds"] for record in found if record["k"] == "note"]
    assert [64.0, pytest.approx(64.0 + 2.0 + 4 / 3, abs=0.01)] == notes
    assert [None, None, None, 1.0, 0.8] == [record["seconds"] for record in found if record["k"] == "step"]


def test_a_warm_up_ends_between_two_reports(counters: Counters) -> None:
    """Where every tenth step is reported, the time of a stretch that holds some of it is not told."""
    composer = Composer(StepTimes(startup_seconds=60.0, warmup_steps=5), counters)
    found = records(composer, step(1, 4.0), step(10, 9.0), step(20, 10.0))
    assert [None, None, 1.0] == [record["seconds"] for record in found if record["k"] == "step"]


def test_records_are_numbered_from_one(composer: Composer) -> None:
    """Numbers grow by one, over all kinds."""
    found = records(composer, step(1, 1.0), {"k": "note", "kind": "finish", "data": {}}, step(2, 1.0))
    assert [1, 2, 3, 4] == [record["seq"] for record in found]


def test_the_time_of_several_steps_is_shared_among_them(composer: Composer) -> None:
    """Seconds are those of one step, however often it is reported."""
    *_, last = records(composer, step(10, 1.0), step(20, 5.0))
    assert 0.5 == last["seconds"]


def test_a_step_back_has_no_duration(composer: Composer) -> None:
    """A training that returns to an earlier step inside a process did not take that time for one step."""
    *_, back, on = records(composer, step(10, 1.0), step(5, 9.0), step(6, 0.5))
    assert [(5, None), (6, 0.5)] == [(record["step"], record["seconds"]) for record in (back, on)]


def test_ends_are_wall_clock_times(composer: Composer) -> None:
    """The step that ended now carries this second."""
    *_, found = records(composer, step(1, 1.0))
    assert abs(found["ended"] - time.time()) < 5


@pytest.mark.parametrize("number", ["one", None, -1, 0.5, float("nan")])
def test_what_holds_no_step_is_counted_and_left_out(
    composer: Composer, counters: Counters, number: object
) -> None:
    """One bad entry costs itself alone."""
    validation = {"k": "validation", "step": number, "started": 1.0, "seconds": 1.0, "loss": 1, "metrics": {}}
    found = records(composer, step(1, 1.0), step(number, 1.0), validation, step(2, 1.0))
    assert [1, 2] == [record["step"] for record in found if record["k"] == "step"]
    assert 2 == counters.invalid


def test_short_spans_are_added_up(composer: Composer) -> None:
    """A data loader is timed at every step; its time travels once in a while."""
    span = {"k": "span", "phase": "data", "started": time.time() - SPAN_SECONDS - 1, "seconds": 0.25}
    assert [] == records(composer, span, dict(span), dict(span))
    (line,) = composer.due()
    found = decode(line.data)
    assert found is not None
    assert ("span", "data", 0.75) == (found["k"], found["phase"], found["seconds"])


def test_young_spans_wait_unless_the_run_ends(composer: Composer) -> None:
    """The end leaves nothing behind."""
    records(composer, {"k": "span", "phase": "data", "started": time.time(), "seconds": 0.25})
    assert (0, 1) == (len(composer.due()), len(composer.due(everything=True)))


def test_difficulties_are_reported_once(composer: Composer, counters: Counters) -> None:
    """What was counted travels as a warning, and again only when it has changed."""
    counters.thinned = 7
    (line,) = composer.due(everything=True)
    found = decode(line.data)
    assert found is not None
    assert ("warning", 7) == (found["kind"], found["data"]["thinned"])
    assert [] == composer.due(everything=True)
