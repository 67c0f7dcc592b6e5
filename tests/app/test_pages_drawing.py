"""Axes, bars and what-if curves: the arithmetic behind the pages' drawings."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pages.axis import MOST_TICKS, ClockAxis, covering
from app.pages.evidence import middle_seconds
from app.pages.gantt import MOST_TURNS, ahead, behind, segments
from app.pages.options import UNKNOWN_SECONDS, timeline
from app.pages.what_if_scenario import milestones
from app.store.facts import Validation
from app.words import Words
from planner.eta import Eta

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
WORDS = Words("en", NOON, UTC)
PARTS = [("edit", 2_400.0), ("test", 900.0), ("queue", 600.0), ("step", 6_750.0), ("validation", 7_200.0)]


@given(span=st.floats(2, 3e6), start=st.floats(0, 2e9))
def test_ticks_are_few_round_and_on_the_axis(span: float, start: float) -> None:
    """An axis of any length has at most ``MOST_TICKS`` ticks, in order, all on it."""
    ticks = ClockAxis(start, start + span).ticks(WORDS)
    places = [tick.x for tick in ticks]
    assert len(ticks) <= MOST_TICKS
    assert sorted(places) == places
    assert all(0 <= x <= 100 for x in places)


def test_ticks_are_round_in_the_readers_time() -> None:
    """Hours are cut at the reader's full hours; midnight shows the day."""
    labels = [tick.label for tick in ClockAxis(NOON + 600, NOON + 13 * 3_600).ticks(WORDS)]
    assert ["14:00", "16:00", "18:00", "20:00", "22:00", "Tue"] == labels


def test_a_bar_ends_at_its_median() -> None:
    """Means are stretched so that the bar ends where the mark of the median stands, fixed parts kept."""
    drawn = ahead(PARTS, NOON, validations=6, until=20_000.0)
    assert NOON + 20_000 == pytest.approx(drawn[-1].start + drawn[-1].seconds)
    assert [2_400.0, 900.0, 600.0] == [one.seconds for one in drawn[:3]]
    assert 6 == sum(one.phase == "validation" for one in drawn)


def test_many_validations_are_drawn_as_few_turns() -> None:
    """Thousands of validations do not make thousands of rectangles."""
    drawn = ahead(PARTS, NOON, validations=5_000)
    assert MOST_TURNS == sum(one.phase == "validation" for one in drawn)


def test_the_past_has_its_validations_where_they_were() -> None:
    """Start-up first, then training, interrupted where a validation ran."""
    seen = [Validation("a", 25, NOON - 1_800, 1_200.0, 3.7, {})]
    drawn = behind(NOON - 4_200, 960.0, seen, NOON)
    assert ["startup", "step", "validation", "step"] == [one.phase for one in drawn]
    assert 4_200 == pytest.approx(sum(one.seconds for one in drawn))


@given(seconds=st.lists(st.floats(0, 1e5), min_size=1, max_size=8))
def test_segments_never_leave_the_axis(seconds: list[float]) -> None:
    """What lies beyond the axis is cut; widths are percent and never negative."""
    axis = covering(NOON, [NOON + 10_000])
    for bar in segments(ahead([("step", one) for one in seconds], NOON, None), axis):
        assert bar.width > 0
        assert bar.x + bar.width <= 100.001


def test_milestones_reach_the_target_between_two_steps() -> None:
    """At the earlier step one draw in ten is at the target, at the later one nine in ten."""
    (first, first_low, _), (last, _, last_high) = milestones(120, 180, 0.34)
    assert (120, 0.34, 180, 0.34) == (first, first_low, last, last_high)
    assert [[150, 0.34, 0.34]] == milestones(150, 150, 0.34)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [(2_400, 2_400), ([100, 400], 200), ([0, 400], 200), (None, None), ("soon", None)],
)
def test_the_middle_of_a_duration(duration: object, expected: float | None) -> None:
    """A pair's middle is its geometric mean, or half its end where it starts at nothing."""
    assert expected == middle_seconds(duration)


def test_axes_place_times_in_percent() -> None:
    """The ends of an axis are 0 and 100 percent; what lies outside is at the nearer end."""
    axis = ClockAxis(NOON, NOON + 1_000)
    assert [0, 25, 100, 100] == [axis.x(NOON + at) for at in np.array([-5, 250, 1_000, 9_999])]


def test_an_end_that_is_not_known_has_a_clock_all_the_same() -> None:
    """Before the first step the axis covers an hour from now; nothing that is not drawn is explained."""
    view: Any = SimpleNamespace(
        as_of=NOON, elapsed_seconds=None, time_limit_seconds=None, comparison=None, target_loss=None,
        eta=Eta("refused"), pace=SimpleNamespace(validation=None), scenario={},
        startup_seconds=None, validations=(),
    )  # fmt: skip
    drawn = timeline(view, WORDS)
    assert covering(NOON, [NOON + UNKNOWN_SECONDS]).ticks(WORDS) == drawn.ticks
    assert (0.0, [], False) == (drawn.now_x, drawn.phases, drawn.has_past)
