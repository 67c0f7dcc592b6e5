"""Which runs of the list are shown, and in which order."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from app.glances import Glance
from app.pages.list_title import list_advice, list_title
from app.pages.run_filter import RunFilter
from app.store.facts import Run
from app.words import Words

RUN = Run("x", "x", "ada", 0.0, {}, 1, 0.0, None, None, None, {})
WORDS = Words("en", 0.0)


def glance(name: str, state: Any, badge: Any, created: float, ends_at: float | None = None) -> Glance:
    """Return a run as a list sees it."""
    return Glance(
        replace(RUN, id=name, name=name, created=created, last_record_at=-created), state, badge, ends_at
    )


RUNS = (
    glance("done", "finished", "done", 9.0),
    glance("well", "live", "continue", 1.0, 50.0),
    glance("lost", "diverged", "stop", 2.0),
    glance("late", "live", "misses_limit", 3.0, 70.0),
    glance("hushed", "offline", "check", 4.0),
    glance("fresh", "live", "wait", 5.0),
)


def names(**chosen: Any) -> list[str]:
    """Return the names a choice leaves, in order."""
    return [one.run.name for one in RunFilter(**chosen).applied(RUNS)]


def test_the_most_urgent_comes_first_wherever_it_was() -> None:
    """The order of attention goes over all runs, not over a page of them."""
    assert ["lost", "late", "hushed", "well", "fresh", "done"] == names()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"state": "on"}, {"lost", "late", "hushed", "well", "fresh"}),
        ({"state": "ended"}, {"done"}),
        ({"state": "offline"}, {"hushed"}),
        ({"verdict": "needs_you"}, {"lost", "late", "hushed"}),
        ({"verdict": "wait"}, {"fresh"}),
        ({"state": "live", "verdict": "needs_you"}, {"late"}),
    ],
)
def test_a_choice_leaves_what_it_names(chosen: Mapping[str, Any], expected: set[str]) -> None:
    """State and verdict narrow the list, each alone and both together."""
    assert expected == set(names(**chosen))


def test_orders() -> None:
    """By end, those without one come last; by name, by start and by news as said."""
    assert ["well", "late"] == names(sort="end")[:2]
    assert sorted(one.run.name for one in RUNS) == names(sort="name")
    assert ["done", "fresh"] == names(sort="started")[:2]
    assert "well" == names(sort="recent")[0]


def test_a_page_keeps_its_choice() -> None:
    """The query of another page holds what was chosen, and nothing that was not."""
    assert "q=a+b&state=on&sort=end&page=3" == RunFilter("a b", "on", "", "end").query(3)
    assert "" == RunFilter(page=4).query(1)


def test_the_title_counts_every_page() -> None:
    """What needs its owner is counted over the whole list, and named by what is most urgent."""
    assert "3 of 6 runs need you: stop 1, misses limit 1, check 1." == list_title(RUNS, WORDS)
    assert "lost" in str(list_advice(RUNS, WORDS))
    assert list_advice(RUNS[:2], WORDS) is None
