"""What is predicted at the click, what came of it, and what the next comparison learns from it."""

from dataclasses import replace
from typing import Any

import pytest

from app.fixes import FixBook
from app.habits import FIX
from app.plans import Plans
from app.replacement import Replacement
from app.schemas.actions import RelaunchOrder
from app.store import Store
from tests.app.clock import Clock

PLAN = {"total_steps": 200, "validate_every": "never", "checkpoint_every": "never"}
SCENARIO = {
    "name": "fix", "action": "relaunch", "edit_seconds": 900, "test_seconds": 300, "queue_seconds": [60, 600],
    "plan": {"total_steps": 100},
}  # fmt: skip


@pytest.fixture
def book(store: Store, plans: Plans, clock: Clock) -> FixBook:
    """Return the book of fixes."""
    return FixBook(store, plans, clock)


def _click(clock: Clock, id_: str = "r1", **changes: Any) -> Replacement:
    made = Replacement(
        id=id_, run="old", user="ada", state="prepared", created=clock.now, updated=clock.now, cluster="c",
        old_id="7", old_submitted=None, old_user="ada", token="t", script="#!/bin/sh", sha256="",
        work_dir=".",
    )  # fmt: skip
    return replace(made, **changes)


def _order(**told: Any) -> RelaunchOrder:
    return RelaunchOrder(script="#!/bin/sh", **told)


def test_predicted_and_realised_side_by_side(store: Store, book: FixBook, report: Any, clock: Clock) -> None:
    """What was predicted at the click stands beside what each part and the whole then took."""
    report("old", steps=100, plan=PLAN, notes=[("startup", {"seconds": 30})])
    store.put_document("old", "scenario", SCENARIO, clock.now)
    book.click(_click(clock), _order(edit_seconds=1000, test_seconds=200))
    clicked = clock.now
    done = _click(clock, old_ended=clicked + 20, new_started=clicked + 140)
    waiting = book.outcome(done)
    assert waiting is not None
    parts = {part.part: part for part in waiting.parts}
    assert (1000.0, 200.0, 120.0) == tuple(parts[name].realised_seconds for name in ("edit", "test", "queue"))
    assert (60.0, 600.0) == tuple(parts["queue"].predicted_seconds.at(level) for level in (0.1, 0.9))
    assert (None, None) == (waiting.new_run, parts["finish"].realised_seconds)
    clock.now += 5000.0
    report(
        "new", steps=100, attempt="second", attempt_started=clock.now - 4500,
        plan={**PLAN, "total_steps": 100, "replaces": "old"},
        notes=[("startup", {"seconds": 45}), ("finish", {"reason": "finished"})],
    )  # fmt: skip
    told = book.outcome(done)
    assert told is not None
    parts = {part.part: part for part in told.parts}
    assert ("new", 45.0) == (told.new_run, parts["startup"].realised_seconds)
    finish = parts["finish"]
    ended = store.attempts("new")[-1].last_ended
    assert pytest.approx(ended - clicked) == finish.realised_seconds
    assert 100 * 40.0 <= (finish.predicted_seconds.at(0.5) or 0.0) <= 100 * 40.0 + 600.0 + 60.0
    assert pytest.approx(100 * 40.0, rel=0.05) == told.continue_seconds.at(0.5)


def test_the_same_click_is_kept_once(store: Store, book: FixBook, report: Any, clock: Clock) -> None:
    """The same key asked again changes nothing of what was predicted at the click; another relaunch does."""
    report("old", steps=100, plan=PLAN)
    book.click(_click(clock), _order(edit_seconds=60))
    book.click(_click(clock), _order(edit_seconds=99))
    assert 60.0 == store.document("old", FIX)[0]["edit_seconds"]
    book.click(_click(clock, "r2"), _order(edit_seconds=99))
    assert 99.0 == store.document("old", FIX)[0]["edit_seconds"]
    assert None is book.outcome(_click(clock))


@pytest.mark.parametrize(
    ("pause", "expected"), [(1200.0, (900.0, 300.0)), (30.0, (None, None)), (90_000.0, (None, None))]
)
def test_edit_and_test_from_the_first_look(  # noqa: PLR0913, PLR0917 - fixtures and one table
    store: Store, book: FixBook, report: Any, clock: Clock, pause: float, expected: tuple[Any, Any]
) -> None:
    """What nobody tells is the time since the fix was begun, split as predicted; not seconds, not days."""
    report("old", steps=100, plan=PLAN)
    store.put_document("old", "scenario", SCENARIO, clock.now)
    book.begin("old")
    clock.now += pause
    book.begin("old") if pause < 90_000.0 else None
    book.click(_click(clock), _order())
    kept = store.document("old", FIX)[0]
    assert expected == (kept["edit_seconds"], kept["test_seconds"])


def test_the_next_comparison_starts_from_it(plans: Plans, book: FixBook, report: Any, clock: Clock) -> None:
    """After one fix of 1000 s the next is taken to need that, within a factor of three."""
    report("old", steps=100, plan=PLAN)
    book.click(_click(clock), _order(edit_seconds=900, test_seconds=60))
    report("next", steps=50, plan=PLAN)
    scenario = plans.view("next").scenario
    assert ([300.0, 2700.0], [20.0, 180.0]) == (scenario["edit_seconds"], scenario["test_seconds"])


def test_nothing_to_predict(book: FixBook, report: Any, clock: Clock) -> None:
    """Where a run has nothing to compare, what was realised still stands, beside nothing."""
    report("old", steps=10)
    book.click(_click(clock), _order(edit_seconds=60))
    told = book.outcome(_click(clock))
    assert told is not None
    assert ({None}, 60.0) == (
        {part.predicted_seconds for part in told.parts}, told.parts[0].realised_seconds,
    )  # fmt: skip
    assert (None, None) == (told.continue_seconds, told.action)


def test_unknown_run(book: FixBook, clock: Clock) -> None:
    """A relaunch of a run that is not there leaves nothing."""
    book.click(_click(clock), _order())
    assert None is book.outcome(_click(clock))


def test_all_of_a_persons_relaunches_are_told(
    store: Store, book: FixBook, plans: Plans, report: Any, clock: Clock
) -> None:
    """The newest relaunch of each run is there with its parts, and the usual times are learned from it."""
    report("old", steps=100, plan=PLAN)
    made = _click(clock)
    store.put_replacement(made.id, "old", made.state, made.as_data(), clock.now)
    assert "settings" == plans.habits_of("ada").edit.source
    book.click(made, _order(edit_seconds=1000, test_seconds=200))
    assert ["r1"] == [one.replacement for one in book.outcomes("ada")]
    assert [] == book.outcomes("bob")
    assert ("user", 1) == (plans.habits_of("ada").edit.source, plans.habits_of("ada").edit.count)
