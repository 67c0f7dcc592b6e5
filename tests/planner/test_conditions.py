"""What would speak for each scenario."""

from dataclasses import replace

from planner.loss_path import Milestone, MilestoneCurve
from planner.report import compare
from planner.scenario import CompareQuery, Criterion, PlanOverrides, Scenario, Target
from tests.planner.seed import FIX, SEED

CURVE = MilestoneCurve((Milestone(50, 1.0, 1.0), Milestone(250, 0.34, 0.34), Milestone(311, 0.30, 0.30)))


def told(query: CompareQuery) -> dict[str, dict[str, object]]:
    """Return by scenario the conditions by code, each with its number."""
    found = compare(query).verdict.better_if
    return {
        name: {one.code: next(iter(one.parameters.values())) for one in conditions}
        for name, conditions in found.items()
    }


def test_the_seeds_conditions() -> None:
    """Below 3 h 08 the fix is better, above it going on; with under 55 min to spare going on is."""
    found = told(SEED)
    assert (11_310.0, 11_310.0) == (found["fix"]["overhead_below"], found["continue"]["overhead_above"])
    assert (3_300.0, 3_300.0) == (found["fix"]["attention_above"], found["continue"]["attention_below"])
    assert 7_410.0 == found["continue"]["saving_small"]
    assert 235.0 == found["continue"]["total_steps_above"]


def test_each_side_of_a_flip_speaks_for_one() -> None:
    """The value at which the verdict flips is a bound for both options, on opposite sides."""
    found = told(SEED)
    assert {"success_probability_above"} <= set(found["fix"])
    assert {"success_probability_below"} <= set(found["continue"])
    assert found["fix"]["success_probability_above"] == found["continue"]["success_probability_below"]


def test_a_third_option_ahead_of_both_silences_break_even() -> None:
    """Where neither of the two is advised their tie decides nothing, so it is not told as a condition."""
    rarer = Scenario("rarer", "continue", plan=PlanOverrides(validate_every=100))
    found = told(replace(SEED, scenarios=(*SEED.scenarios, rarer)))
    assert "overhead_below" not in found["fix"]
    assert "overhead_above" not in found["continue"]


def test_a_criterion_speaks_for_whom_it_scores_best() -> None:
    """A criterion is told for its best, and for nobody where all score alike."""
    fair = Criterion("fair", {"continue": 0.0, "fix": 1.0})
    same = Criterion("same", {"continue": 1.0, "fix": 1.0})
    found = told(replace(SEED, criteria=(fair, same)))
    assert ("fair", False) == (found["fix"]["matters_more"], "matters_more" in found["continue"])


def test_a_fix_that_learns_alike_is_told_how_soon_it_would_have_to() -> None:
    """Along going on's own curve a fix only loses time; the step by which it would pay is its condition."""
    scenarios = (Scenario("continue", "continue", CURVE), replace(FIX, plan=None, curve=CURVE))
    query = replace(SEED, scenarios=scenarios, target=Target(0.34, "val"))
    reason = next(one for one in compare(query).verdict.better_if["fix"] if one.code == "reaches_within")
    steps = float(reason.parameters["steps"])
    going_on = 45 * (250 - 43) + 1200 * 9
    assert 3900 + 45 * steps + 1200 * (steps // 25) < going_on
    other = replace(
        query, scenarios=(scenarios[0], replace(scenarios[1], curve=CURVE.__class__(CURVE.milestones[1:])))
    )
    assert "reaches_within" not in told(other)["fix"]


def test_a_hopeless_fix_takes_nobodys_time() -> None:
    """A fix of 500 steps at the same pace never overtakes: no time to work on it is asked for."""
    hopeless = replace(FIX, plan=PlanOverrides(total_steps=500))
    found = told(replace(SEED, scenarios=(SEED.scenarios[0], hopeless)))
    assert "attention_above" not in found["fix"]
    assert "attention_below" not in found["continue"]
