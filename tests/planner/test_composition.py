"""What a scenario's time is made of."""

from dataclasses import replace

import numpy as np
import pytest

from planner.composition import composition, timeline
from planner.course import Course
from planner.draws import Draws
from planner.duration import Duration, exactly
from planner.loss_path import Milestone, MilestoneCurve
from planner.outcome import median_of
from planner.scenario import CompareQuery, PaceDurations, Target
from planner.simulation import simulate
from tests.planner.seed import CONTINUE, FIX, SEED

UNSURE = replace(
    FIX,
    edit_seconds=Duration(1200, 7200),
    test_seconds=exactly(900),
    queue_seconds=Duration(60, 5400),
    success_probability=0.7,
)
LOOSE = replace(
    SEED,
    pace=PaceDurations(Duration(30, 70), Duration(600, 2400), None, Duration(300, 1200)),
    scenarios=(CONTINUE, UNSURE),
)


def course(query: CompareQuery, index: int) -> Course:
    """Return the course of a scenario."""
    found = simulate(query, index, Draws(query.seed))
    assert isinstance(found, Course)
    return found


@pytest.mark.parametrize("index", [0, 1])
def test_composition_adds_up_to_the_median_finish(index: int) -> None:
    """However skewed its parts are, they follow each other and end at the median finish."""
    found = course(LOOSE, index)
    parts = composition(found)
    ends = [0.0, *np.cumsum([part.seconds for part in parts])]
    assert pytest.approx(ends[:-1]) == [part.start_seconds for part in parts]
    assert pytest.approx(median_of(found.finish_seconds)) == ends[-1]
    assert median_of(found.finish_seconds) != pytest.approx(
        sum(one.seconds for one in timeline(found)), rel=0.01
    )


def test_exact_parts_stay_what_they_are() -> None:
    """What is known exactly takes none of the residual: a test of 15 min is told as 15 min."""
    sure = replace(LOOSE, scenarios=(CONTINUE, replace(UNSURE, success_probability=1.0)))
    told = {part.phase: part.seconds for part in composition(course(sure, 1))}
    assert pytest.approx(900.0) == told["test"]


def test_edit_and_test_are_the_attention_that_is_told() -> None:
    """Beside an uncertain queue, edit and test add up to the median of the attention they need."""
    sure = replace(LOOSE, scenarios=(CONTINUE, replace(UNSURE, test_seconds=Duration(300, 3000))))
    found = course(sure, 1)
    told = {part.phase: part.seconds for part in composition(found)}
    assert pytest.approx(median_of(found.attention_seconds)) == told["edit"] + told["test"]


def test_a_queue_is_told_no_longer_than_it_may_be() -> None:
    """A queue hardly uncertain stays as it is: what is left over falls on the edit, which is."""
    short = replace(UNSURE, queue_seconds=Duration(590, 610), success_probability=1.0)
    told = {
        part.phase: part.seconds
        for part in composition(course(replace(LOOSE, scenarios=(CONTINUE, short)), 1))
    }
    assert 590 <= told["queue"] <= 640


def test_exact_inputs_give_exact_parts() -> None:
    """The worked example: 40 min, 15 min, 10 min, 150 steps of 45 s and 6 validations of 20 min."""
    parts = composition(course(SEED, 1))
    told = [("edit", 2400), ("test", 900), ("queue", 600), ("step", 6750), ("validation", 7200)]
    assert told == [(part.phase, part.seconds) for part in parts]
    assert parts == timeline(course(SEED, 1))


def test_a_goal_in_reach_of_most_draws_is_composed_too() -> None:
    """Where some draws never arrive, the parts still add up to the median over all of them."""
    curve = MilestoneCurve((Milestone(50, 0.8, 1.2), Milestone(311, 0.25, 0.38)))
    query = replace(SEED, scenarios=(replace(CONTINUE, curve=curve),), target=Target(0.34, "val"))
    found = course(query, 0)
    assert 0.5 < found.arrives.mean() < 1
    assert pytest.approx(median_of(found.finish_seconds)) == sum(p.seconds for p in composition(found))


def test_a_goal_out_of_reach_has_no_middle_course() -> None:
    """Where the median never arrives there is nothing to add up."""
    curve = MilestoneCurve((Milestone(50, 0.8, 1.2), Milestone(311, 0.36, 0.5)))
    query = replace(SEED, scenarios=(replace(CONTINUE, curve=curve),), target=Target(0.34, "val"))
    assert () == composition(course(query, 0))
