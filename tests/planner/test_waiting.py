"""What a little patience would buy."""

from dataclasses import replace

import pytest

from planner.duration import exactly
from planner.loss_path import Milestone, MilestoneCurve
from planner.plan import Plan
from planner.report import compare
from planner.scenario import CompareQuery, PaceDurations, Scenario, Target
from planner.waiting import Waiting

UNSURE = MilestoneCurve((Milestone(60, 0.9, 1.1), Milestone(300, 0.25, 0.62)))
SURE = MilestoneCurve((Milestone(1, 1.0, 1.0), Milestone(150, 0.5, 0.5)))
FIX = Scenario(
    "fix",
    "relaunch",
    curve=SURE,
    edit_seconds=exactly(2400),
    test_seconds=exactly(600),
    queue_seconds=exactly(600),
)
CLOSE = CompareQuery(
    at_step=60,
    plan=Plan(total_steps=400, validate_every=10, checkpoint_every="never"),
    pace=PaceDurations(exactly(45), exactly(30), None, exactly(0)),
    scenarios=(Scenario("continue", "continue", UNSURE), FIX),
    target=Target(0.5, "val"),
)


def waiting(query: CompareQuery) -> Waiting | None:
    """Return what waiting buys."""
    return compare(query).verdict.waiting


def test_waiting_helps_where_the_running_curve_decides() -> None:
    """With the fix certain and going on unsure, some steps more make the choice surer, at a stated price."""
    found = waiting(CLOSE)
    assert found is not None
    verdict = compare(CLOSE).verdict
    assert found.probability > (verdict.probability or 0.0) + 0.05
    assert found.gain_seconds > found.cost_seconds >= 0
    # Validations tell, so a wait ends with one; until then steps and validations are paid.
    assert 0 == (60 + found.steps) % 10
    assert pytest.approx(45 * found.steps + 30 * (found.steps // 10)) == found.seconds
    assert "waiting_helps" in {reason.code for reason in compare(CLOSE).verdict.reasons}


@pytest.mark.parametrize(
    "query",
    [
        replace(CLOSE, scenarios=(replace(CLOSE.scenarios[0], curve=SURE), FIX)),
        replace(CLOSE, scenarios=(CLOSE.scenarios[0], replace(FIX, edit_seconds=exactly(60_000)))),
        replace(CLOSE, target=None),
    ],
)
def test_waiting_buys_nothing_where_nothing_is_learnt(query: CompareQuery) -> None:
    """A certain curve, a choice that is sure already, or no target: there is nothing to wait for."""
    assert waiting(query) is None


def test_waiting_is_not_worth_more_than_it_costs() -> None:
    """Where a step takes very long, the same knowledge comes too dear."""
    slow = replace(CLOSE, pace=PaceDurations(exactly(45), exactly(60_000), None, exactly(0)))
    found = waiting(slow)
    assert found is None or found.gain_seconds > found.cost_seconds


def test_nothing_is_waited_for_that_comes_after_the_budget() -> None:
    """What is learnt only after the job's budget of time has ended it is no reason to wait."""
    at_once = MilestoneCurve((Milestone(61, 0.3, 0.65), Milestone(300, 0.3, 0.65)))
    scenarios = (Scenario("continue", "continue", at_once), FIX)
    plan = replace(CLOSE.plan, max_seconds=20_000)
    short = replace(CLOSE, plan=plan, scenarios=scenarios, elapsed_seconds=19_500)
    assert 0.5 < (compare(short).verdict.probability or 0.0) < 0.8
    assert waiting(short) is None
    enough = replace(CLOSE, plan=replace(plan, max_seconds=100_000), elapsed_seconds=0)
    assert waiting(enough) == waiting(CLOSE)
