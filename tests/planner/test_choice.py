"""Which scenario is taken."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import (
    choose,
    decision_draws,
    is_feasible,
    mean_costs,
    pareto,
    score,
    together_first,
)
from planner.course import Course
from planner.draws import Draws
from planner.duration import Duration, exactly
from planner.loss_path import Milestone, MilestoneCurve
from planner.ranking import Ranking, rank
from planner.scenario import (
    CompareQuery,
    Criterion,
    Economics,
    Objective,
    Scenario,
    Target,
)
from planner.simulation import simulate
from tests.planner.seed import FIX, SEED

KEPT = replace(FIX, name="kept", cancel="at_relaunch")


def simulated(query: CompareQuery) -> tuple[Mapping[str, Course], Ranking]:
    """Return the courses and how they rank."""
    source = Draws(query.seed)
    found = {one.name: simulate(query, index, source) for index, one in enumerate(query.scenarios)}
    courses = {name: course for name, course in found.items() if isinstance(course, Course)}
    return courses, rank(courses, query.attention_seconds)


def chosen(query: CompareQuery) -> str | None:
    """Return what is taken."""
    return choose(query, *simulated(query))


def test_the_soonest_is_taken() -> None:
    """With exact inputs the scenario that ends first is taken, whichever it is."""
    slow = replace(SEED, scenarios=(SEED.scenarios[0], replace(FIX, edit_seconds=exactly(20_000))))
    assert ("fix", "continue") == (chosen(SEED), chosen(slow))


def test_of_two_ways_to_the_same_end_the_one_with_fewer_gpu_hours_is_taken() -> None:
    """Keeping the old job running beside the same fix buys nothing, so it is not advised."""
    assert "fix" == chosen(replace(SEED, scenarios=(SEED.scenarios[0], KEPT, FIX)))


def test_ways_to_carry_out_one_fix_do_not_split_its_chance() -> None:
    """Two ways to make the same fix are together as likely to be first as the fix alone."""
    uncertain = replace(FIX, edit_seconds=Duration(2400, 20_000))
    alone = replace(SEED, scenarios=(SEED.scenarios[0], uncertain))
    both = replace(alone, scenarios=(*alone.scenarios, replace(uncertain, name="kept", cancel="at_relaunch")))
    share = together_first(alone, simulated(alone)[1])["fix"]
    together = together_first(both, simulated(both)[1])
    assert pytest.approx(share) == together["fix"] == together["kept"]
    assert pytest.approx(1.0) == share + together["continue"]


def test_what_cannot_be_attended_to_is_not_taken() -> None:
    """A fix that needs more attention than there is in at least half of the draws is out."""
    courses, _ = simulated(SEED)
    assert [True, True, False] == [is_feasible(courses["fix"], limit) for limit in (None, 3300, 3299)]
    assert "continue" == chosen(replace(SEED, attention_seconds=600))


def test_nothing_is_taken_where_hardly_anybody_arrives() -> None:
    """With a target out of reach of all in over 95 % of the draws none of them is an answer."""
    curve = MilestoneCurve((Milestone(50, 1.0, 1.2), Milestone(311, 0.9, 1.0)))
    going_on = Scenario("continue", "continue", curve)
    assert chosen(replace(SEED, scenarios=(going_on,), target=Target(0.5, "val"))) is None


def test_what_never_arrives_costs_its_attempt_and_the_longest() -> None:
    """A draw that does not reach the target is charged its own end and then the longest of all."""
    curve = MilestoneCurve((Milestone(50, 1.0, 1.0), Milestone(300, 0.5, 0.5)))
    never = replace(curve, milestones=(Milestone(50, 1.0, 1.0), Milestone(300, 0.9, 0.9)))
    scenarios = (Scenario("continue", "continue", curve), replace(FIX, curve=never))
    courses, ranking = simulated(replace(SEED, scenarios=scenarios, target=Target(0.5, "val")))
    going_on, fixed = decision_draws(courses, ranking)
    ends = [float(course.end_seconds[0]) for course in courses.values()]
    assert (ends[0], ends[1] + max(ends)) == (float(going_on[0]), float(fixed[0]))


def test_cost_counts_as_much_as_it_weighs() -> None:
    """Each part of the score is relative to its best: 1 for the quickest, 1 for the cheapest."""
    dear = replace(FIX, name="dear", cancel="at_relaunch", edit_seconds=exactly(9_000))
    query = replace(
        SEED,
        scenarios=(SEED.scenarios[0], dear),
        economics=Economics(gpus=8, gpu_hour_price=2.0),
        objective=Objective(time=1.0, cost=0.5),
    )
    courses, ranking = simulated(query)
    costs = mean_costs(query, courses)
    assert costs is not None
    hours = {"continue": 25_260, "dear": 9_900 + 13_950}
    assert pytest.approx({name: 8 * 2.0 * seconds / 3600 for name, seconds in hours.items()}) == costs
    times = {"continue": 25_260, "dear": 9_900 + 600 + 13_950}
    expected = {
        name: times[name] / min(times.values()) + 0.5 * costs[name] / min(costs.values()) for name in times
    }
    assert pytest.approx(expected) == score(query, courses, ranking)


def test_a_weighed_criterion_can_turn_the_choice() -> None:
    """A criterion that weighs more than the relative lag is decisive, one that weighs 0 is not."""
    fair = Criterion("fair", {"continue": 1.0, "fix": 0.0})
    assert "fix" == chosen(replace(SEED, criteria=(fair,)))
    lag = 25_260 / 17_850 - 1
    told = [
        chosen(replace(SEED, criteria=(replace(fair, weight=weight),))) for weight in (lag - 0.01, lag + 0.01)
    ]
    assert ["fix", "continue"] == told


def test_pareto_leaves_out_what_is_beaten_in_both() -> None:
    """An option that is neither quicker nor cheaper than another is not worth choosing."""
    query = replace(SEED, scenarios=(*SEED.scenarios, KEPT), economics=Economics(gpus=8, gpu_hour_price=1.0))
    courses, ranking = simulated(query)
    assert ("fix",) == pareto(query, courses, ranking)
    assert pareto(replace(query, economics=None), courses, ranking) is None


def test_a_plain_first_is_taken_whatever_its_rare_long_draws_cost() -> None:
    """What is first in over three quarters of the draws is taken though its mean is worse."""
    risky = replace(FIX, edit_seconds=Duration(1, 30_000))
    query = replace(SEED, scenarios=(SEED.scenarios[0], risky))
    courses, ranking = simulated(query)
    means = {name: float(np.mean(course.finish_seconds)) for name, course in courses.items()}
    share = together_first(query, ranking)["fix"]
    assert (True, True) == (means["fix"] > means["continue"], share > 0.75)
    assert "fix" == choose(query, courses, ranking)
