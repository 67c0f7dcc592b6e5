"""How far an attempt's clock is from the service's."""

from typing import Any

import pytest

from app.records import RecordBatch, checked
from app.store import Store
from tests.app.conftest import batch

AT = 1_000_000.0


def _told(store: Store, came: float, ended: list[float | None], first: int = 1, **parts: Any) -> None:
    steps = list(range(first, first + len(ended)))
    columns = {"seq": steps, "step": steps, "ended": ended, "seconds": [40.0] * len(ended)}
    body = batch(columns=columns, **{"attempt_started": AT - 100.0, **parts})
    store.add("ada", "one", checked(RecordBatch.model_validate(body)), came)


def _behind(store: Store) -> tuple[float | None, float]:
    attempt = store.attempts("one")[-1]
    return attempt.clock_behind, attempt.behind


@pytest.mark.parametrize("behind", [3_600.0, -3_600.0])
def test_the_shortest_way_tells(store: Store, behind: float) -> None:
    """A clock an hour off stays that: what came late, and what was told again, changes nothing."""
    _told(store, AT + behind + 2.0, [AT - 40.0, AT])
    _told(store, AT + 40.0 + behind + 900.0, [AT + 40.0], 3)
    _told(store, AT + behind + 9_000.0, [AT - 40.0, AT])
    assert (behind + 2.0, behind + 2.0) == _behind(store)


def test_a_way_of_seconds_is_no_other_clock(store: Store) -> None:
    """A minute on the way is what a report may take: the clock is taken as right."""
    _told(store, AT + 30.0, [AT])
    assert (30.0, 0.0) == _behind(store)


@pytest.mark.parametrize("ended", [[None, None], [AT - 90_000.0, AT - 86_500.0], []])
def test_some_records_tell_nothing_of_the_clock(store: Store, ended: list[float | None]) -> None:
    """Neither steps without an end, nor those of the day before, nor a heartbeat."""
    _told(store, AT, ended)
    assert (None, 0.0) == _behind(store)


def test_what_was_done_since_the_last_step_is_not_on_the_way(store: Store) -> None:
    """A validation told with the step before it took its time; one in progress may have taken any."""
    timed = {"seq": [90], "step": [1], "started": [AT], "seconds": [1_200.0], "loss": [1.0], "metrics": [{}]}
    _told(store, AT + 1_201.0, [AT], validations=timed)
    assert (1.0, 0.0) == _behind(store)
    begun = [("progress", {"phase": "validation", "started": AT})]
    _told(store, AT + 300.0, [AT], attempt="second", attempt_started=AT - 50.0, notes=begun)
    assert (None, 0.0) == _behind(store)


def test_a_step_from_the_future_tells_of_a_clock_ahead(store: Store) -> None:
    """Whatever is in progress: no step comes before it has ended. A validation's length tells nothing."""
    begun = [("progress", {"phase": "validation", "started": AT + 3_600.0})]
    _told(store, AT, [AT + 3_600.0], notes=begun)
    assert (-3_600.0, -3_600.0) == _behind(store)
    timed = {"seq": [90], "step": [1], "started": [AT], "seconds": [1_200.0], "loss": [1.0], "metrics": [{}]}
    _told(store, AT + 1.0, [AT], attempt="second", attempt_started=AT - 50.0, validations=timed)
    assert (0.0, 0.0) == _behind(store)
