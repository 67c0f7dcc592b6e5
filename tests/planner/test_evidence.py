"""What a verdict rests on."""

from dataclasses import replace

import numpy as np
import pytest

from planner.course import Course
from planner.draws import Draws
from planner.duration import Duration, exactly
from planner.evidence import Evidence, gather
from planner.loss_path import Milestone, MilestoneCurve
from planner.plan import Plan
from planner.ranking import rank
from planner.report import compare
from planner.scenario import CompareQuery, PaceDurations, PlanOverrides, Scenario, Target
from planner.simulation import simulate
from tests.planner.seed import FIX, SEED

CURVE = MilestoneCurve((Milestone(50, 1.0, 1.2), Milestone(311, 0.30, 0.34)))


def evidence(query: CompareQuery) -> Evidence:
    """Return the evidence for the scenario that is taken."""
    source = Draws(query.seed)
    found = {one.name: simulate(query, index, source) for index, one in enumerate(query.scenarios)}
    courses = {name: course for name, course in found.items() if isinstance(course, Course)}
    refusals = {name: one.reason for name, one in found.items() if not isinstance(one, Course)}
    ranking = rank(courses, query.attention_seconds)
    return gather(query, courses, refusals, ranking, source)


def test_saving_is_continue_less_the_best_other() -> None:
    """The worked example: 7,410 s, 25 % of the 29,460 s of going on, sunk part included."""
    found = evidence(SEED)
    assert (7_410.0, "fix") == (found.median_saving, found.chosen)
    assert pytest.approx(7_410 / 29_460) == found.saving_fraction
    assert 11_310 == found.break_even_seconds


def test_the_best_relaunch_is_the_soonest() -> None:
    """Of several relaunches the one with the lowest median is compared by break-even."""
    quick = replace(FIX, name="quick", edit_seconds=exactly(600))
    assert "quick" == evidence(replace(SEED, scenarios=(*SEED.scenarios, quick))).best_relaunch


def test_going_on_unchanged_is_what_is_saved_against() -> None:
    """A continue that changes something is an option, not the measure; the unchanged one is."""
    rarer = Scenario("rarer", "continue", plan=PlanOverrides(validate_every=100))
    found = evidence(replace(SEED, scenarios=(rarer, *SEED.scenarios)))
    assert ("continue", 25_260 - 15_660) == (found.first_of("continue"), found.median_saving)


def test_saving_is_of_the_draws_with_enough_attention() -> None:
    """Draws in which the fix cannot be made save nothing and are left out, not counted as lost for ever."""
    uncertain = replace(FIX, edit_seconds=Duration(1200, 6000))
    query = replace(SEED, scenarios=(SEED.scenarios[0], uncertain))
    source = Draws(0)
    edit = source.seconds("/scenarios/1/edit_seconds", Duration(1200, 6000), ("edit", Duration(1200, 6000)))
    enough = 900 + float(np.median(edit)) * 1.1
    within = edit[edit + 900 <= enough]
    saved = evidence(replace(query, attention_seconds=enough)).median_saving
    assert pytest.approx(25_260 - 13_950 - 1500 - float(np.median(within)), rel=0.02) == saved
    whole = evidence(query).median_saving
    assert whole is not None
    assert saved is not None
    assert saved > whole


def test_a_fix_learns_alike_only_along_the_same_curve() -> None:
    """Only a relaunch towards a target along continue's own curve learns as going on does."""
    same = (Scenario("continue", "continue", CURVE), replace(FIX, plan=None, curve=CURVE))
    aimed = replace(SEED, target=Target(0.4, "val"), scenarios=same)
    other = replace(CURVE, milestones=CURVE.milestones[1:])
    apart = replace(aimed, scenarios=(same[0], replace(same[1], curve=other)))
    alike = [evidence(query).learns_alike("fix") for query in (aimed, apart, replace(aimed, target=None))]
    assert [True, False, False] == alike
    assert not evidence(aimed).learns_alike("continue")


@pytest.mark.parametrize("part", ["edit_seconds", "test_seconds", "queue_seconds"])
def test_a_part_of_the_fix_turns_the_verdict_where_break_even_says(part: str) -> None:
    """Between going on and one fix, each part may grow by exactly what break-even leaves."""
    wide = Duration(600, 5400)
    query = replace(SEED, scenarios=(SEED.scenarios[0], replace(FIX, edit_seconds=wide, queue_seconds=wide)))
    found = evidence(query)
    assert found.slack_seconds is not None
    turn = next(one for one in found.sensitivity if one.input.endswith(part))
    assert pytest.approx(found.slack_seconds) == (turn.flips_at or 0.0) - turn.value


@pytest.mark.parametrize("chance", [None, 0.8])
def test_a_fix_made_while_the_job_trains_on_ties_where_it_is_told_to(chance: float | None) -> None:
    """A longer edit leaves the job more time to save: at the told tie both really end at the same time."""
    kept = replace(
        FIX, plan=None, resume_step="latest", cancel="at_relaunch", success_probability=chance,
        pace=PaceDurations(step_seconds=exactly(20)), edit_seconds=Duration(600, 3000),
    )  # fmt: skip
    pace = replace(SEED.pace, checkpoint_seconds=exactly(30), startup_seconds=exactly(600))
    plan = Plan(total_steps=1000, validate_every=100, checkpoint_every=50)
    query = replace(SEED, at_step=100, plan=plan, pace=pace, scenarios=(SEED.scenarios[0], kept))
    found = evidence(query)
    turn = next(one for one in found.sensitivity if one.input.endswith("edit_seconds"))
    assert pytest.approx(found.slack_seconds) == (turn.flips_at or 0.0) - turn.value
    tied = replace(kept, edit_seconds=exactly((found.break_even_seconds or 0.0) - 900 - 600))
    for fix in (tied, replace(kept, edit_seconds=exactly(turn.flips_at or 0.0))):
        ends = [
            o.finish_seconds for o in compare(replace(query, scenarios=(query.scenarios[0], fix))).outcomes
        ]
        going_on, relaunched = [end.values[1] for end in ends if end is not None]
        assert pytest.approx(going_on, rel=0.01) == relaunched


def test_a_third_option_turns_the_verdict_by_itself() -> None:
    """With a better third option break-even decides nothing: no part of the fix turns the verdict to it."""
    rarer = Scenario("rarer", "continue", plan=PlanOverrides(validate_every=100))
    found = evidence(replace(SEED, scenarios=(*SEED.scenarios, rarer)))
    turn = next(one for one in found.sensitivity if one.input.endswith("edit_seconds"))
    assert ("rarer", 7_410.0) == (found.chosen, found.slack_seconds)
    assert turn.flips_at is not None
    assert turn.flips_at < turn.value
