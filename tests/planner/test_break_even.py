"""How long a fix may take before continuing wins."""

from dataclasses import replace

import numpy as np
import pytest

from planner.break_even import break_even_seconds, planned_seconds
from planner.course import Course, Refusal
from planner.draws import Draws, Medians
from planner.duration import Duration, exactly
from planner.scenario import CompareQuery, PaceDurations, PlanOverrides
from planner.simulation import simulate
from tests.planner.seed import FIX, SEED


def courses(query: CompareQuery, source: Draws | Medians) -> list[Course]:
    """Return both courses."""
    found = [simulate(query, index, source) for index in (0, 1)]
    assert not any(isinstance(course, Refusal) for course in found)
    return [course for course in found if isinstance(course, Course)]


def fixed(**changes: object) -> CompareQuery:
    """Return the seed with another fix."""
    return replace(SEED, scenarios=(SEED.scenarios[0], replace(FIX, **changes)))


def test_the_seed_ties_at_11_310_seconds() -> None:
    """The worked example: 25,260 s of going on less 13,950 s of training the fix."""
    assert 11_310 == break_even_seconds(*courses(SEED, Draws(0)))


def test_what_the_fix_is_planned_to_take_does_not_move_the_tie() -> None:
    """The tie is where edit, test and queue would have to be, not where they are."""
    longer = fixed(edit_seconds=exactly(9_000), queue_seconds=exactly(0))
    assert 11_310 == break_even_seconds(*courses(longer, Draws(0)))


def test_there_is_none_where_the_fix_is_too_long_by_itself() -> None:
    """A fix that trains longer than what is left has no tie: it is not 0 and not negative."""
    assert break_even_seconds(*courses(fixed(plan=PlanOverrides(total_steps=400)), Draws(0))) is None


def test_with_uncertain_tries_the_medians_tie_there() -> None:
    """Where tries fail, the relaunch with that overhead a try has continue's median."""
    query = fixed(success_probability=0.45)
    continuing, relaunch = courses(query, Draws(0))
    tie = break_even_seconds(continuing, relaunch)
    assert tie is not None
    with_tie = relaunch.end_seconds - relaunch.overhead_seconds + relaunch.startups * tie
    assert pytest.approx(float(np.median(continuing.finish_seconds)), abs=1) == float(np.median(with_tie))
    assert tie < 11_310


def test_uncertain_paces_tie_at_the_difference_of_the_medians() -> None:
    """With one try the tie is the median of going on less that of the fix without its overhead."""
    uncertain = replace(SEED, pace=PaceDurations(Duration(40, 60), Duration(900, 1500), None, exactly(0)))
    continuing, relaunch = courses(uncertain, Draws(3))
    rest = float(np.median(relaunch.end_seconds - relaunch.overhead_seconds))
    expected = float(np.median(continuing.finish_seconds)) - rest
    assert pytest.approx(expected, rel=1e-6) == break_even_seconds(continuing, relaunch)


def test_slack_is_the_difference_of_the_median_finishes() -> None:
    """With one try, what a fix may take beyond its plan is how far apart both finishes lie at the median."""
    query = fixed(edit_seconds=Duration(1200, 7200), queue_seconds=Duration(60, 5400))
    continuing, relaunch = courses(query, Draws(0))
    tie, planned = break_even_seconds(continuing, relaunch), planned_seconds(relaunch)
    assert tie is not None
    assert planned is not None
    apart = np.median(continuing.finish_seconds) - np.median(relaunch.finish_seconds)
    assert pytest.approx(float(apart)) == tie - planned


def test_planned_is_what_was_said_where_it_is_exact() -> None:
    """Exact parts are planned as they are, once a try: 40 + 15 + 10 min."""
    assert 3_900 == planned_seconds(courses(SEED, Draws(0))[1])
    assert pytest.approx(3_900) == planned_seconds(courses(fixed(success_probability=0.45), Draws(0))[1])
