"""How many steps a corrected run may take before its lead is gone."""

from dataclasses import replace

import pytest

from planner.duration import exactly
from planner.plan import Plan
from planner.scenario import CompareQuery, PaceDurations, PlanOverrides, Scenario, Target
from planner.sensitivity import Sensitivity
from planner.step_budget import step_budget

RELAUNCH = Scenario(
    "fix",
    "relaunch",
    plan=PlanOverrides(total_steps=100),
    edit_seconds=exactly(500.0),
    test_seconds=exactly(0.0),
    queue_seconds=exactly(500.0),
    resume_step=0,
    cancel="now",
    success_probability=1.0,
)
QUERY = CompareQuery(
    at_step=100,
    plan=Plan(400, "never", checkpoint_every="never"),
    pace=PaceDurations(step_seconds=exactly(10.0), startup_seconds=exactly(0.0)),
    scenarios=(Scenario("continue", "continue"), RELAUNCH),
)
"""Going on takes 300 steps of 10 s; the fix is ready after 1,000 s, so it has 200 steps before it is late."""


def budget(query: CompareQuery = QUERY) -> Sensitivity:
    """Return how the relaunch's steps decide against going on."""
    found = step_budget(query, 1, 0)
    assert found is not None
    return found


def test_the_lead_is_gone_where_both_take_as_long() -> None:
    """With 200 steps both end after 3,000 s: the first number of steps without a lead."""
    found = budget()
    assert ("/scenarios/1/plan/total_steps", 200.0) == (found.input, found.flips_at)


def test_a_run_behind_is_told_how_few_steps_would_do() -> None:
    """Of a relaunch that takes too many steps, the most with which it would still be ahead."""
    behind = replace(QUERY.scenarios[1], plan=PlanOverrides(total_steps=350))
    found = budget(replace(QUERY, scenarios=(QUERY.scenarios[0], behind)))
    assert found.flips_at is not None
    assert 199.0 == found.flips_at


def test_the_swing_is_what_a_quarter_more_or_less_changes() -> None:
    """125 steps instead of 80 take 450 s more."""
    assert budget().swing_seconds == pytest.approx(450.0)


def test_a_lead_that_no_number_of_steps_takes_away_has_no_flip() -> None:
    """A fix that is ready only after the other has ended is behind even with one step."""
    late = replace(QUERY.scenarios[1], edit_seconds=exactly(50_000.0))
    assert budget(replace(QUERY, scenarios=(QUERY.scenarios[0], late))).flips_at is None


@pytest.mark.parametrize(
    "query",
    [
        replace(QUERY, target=Target(0.3, "train")),
        replace(QUERY, plan=Plan(None, "never", checkpoint_every="never"), scenarios=(
            Scenario("continue", "continue"), replace(RELAUNCH, plan=None),
        )),
    ],
)  # fmt: skip
def test_a_length_that_is_not_the_plans_has_no_budget(query: CompareQuery) -> None:
    """A target sets the length, or nothing is known of it: there are no steps to vary."""
    assert step_budget(query, 1, 0) is None
