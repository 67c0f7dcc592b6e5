"""A verdict that does not flap."""

from dataclasses import replace

import pytest

from planner.duration import Duration, exactly
from planner.hysteresis import Advice, hold
from planner.loss_path import Milestone, MilestoneCurve
from planner.plan import Plan
from planner.report import compare
from planner.scenario import CompareQuery, PaceDurations, Scenario, Target

FIX = Scenario(
    "fix", "relaunch", edit_seconds=exactly(0), test_seconds=exactly(0), queue_seconds=Duration(250, 1000)
)
EVEN = CompareQuery(
    at_step=50,
    plan=Plan(total_steps=100, validate_every="never", checkpoint_every="never"),
    pace=PaceDurations(step_seconds=exactly(10), startup_seconds=exactly(0)),
    scenarios=(Scenario("continue", "continue"), replace(FIX, resume_step=100)),
)
"""Continuing takes 500 s; the fix takes its queue, with a median of 500 s."""


def with_queue(low: float, high: float) -> CompareQuery:
    """Return the question with another queue."""
    fix = replace(EVEN.scenarios[1], queue_seconds=Duration(low, high))
    return replace(EVEN, scenarios=(EVEN.scenarios[0], fix))


@pytest.mark.parametrize("previous", [Advice("continue", "continue"), Advice("relaunch", "fix")])
def test_close_call_keeps_the_previous_advice(previous: Advice) -> None:
    """Where both are as likely to be first, whatever was advised stays, with the fresh probability."""
    query = with_queue(458, 543)
    held = hold(previous, query, compare(query))
    assert (previous.action, previous.scenario) == (held.action, held.scenario)
    assert pytest.approx(0.5, abs=0.1) == held.probability


def test_kept_advice_says_so() -> None:
    """Advice that is kept although another scenario is ahead names both in its first reason."""
    query = with_queue(458, 543)
    fresh = compare(query).verdict.scenario
    other = {"continue": Advice("relaunch", "fix"), "fix": Advice("continue", "continue")}[fresh or ""]
    said = hold(other, query, compare(query)).reasons[0]
    assert ("held", {"scenario": other.scenario, "other": fresh}) == (said.code, said.parameters)


def test_clear_evidence_changes_the_advice() -> None:
    """Where another scenario is clearly ahead, the advice changes at once."""
    query = with_queue(100, 300)
    assert "fix" == hold(Advice("continue", "continue"), query, compare(query)).scenario


def test_scenario_that_is_gone_is_not_kept() -> None:
    """Advice for a scenario that is no longer asked about gives way."""
    query = with_queue(458, 543)
    comparison = compare(query)
    assert comparison.verdict == hold(Advice("relaunch", "another fix"), query, comparison)


def test_nothing_known_is_not_held_back() -> None:
    """A verdict that has to wait replaces any advice, and gives way to any."""
    unknown = replace(EVEN, pace=PaceDurations())
    waiting = compare(unknown)
    assert "wait" == hold(Advice("relaunch", "fix"), unknown, waiting).action
    assert "wait" != hold(Advice("wait", None), EVEN, compare(EVEN)).action


def reaching(share_of_spread: float) -> CompareQuery:
    """Return a question where continuing reaches its target only if its curve lies low enough."""
    high = 1.0 * 2.0 ** (1 + share_of_spread)
    low = 1.0 * 2.0 ** (share_of_spread - 1)
    curve = MilestoneCurve((Milestone(100, low, high),))
    return replace(EVEN, scenarios=(Scenario("continue", "continue", curve),), target=Target(1.0, "train"))


@pytest.mark.parametrize(("spread", "held"), [(1.3, "continue"), (1.6, "stop")])
def test_stopping_is_advised_late(spread: float, held: str) -> None:
    """A target that is hardly in reach stops a job only once it is plainly out of reach."""
    query = reaching(spread)
    comparison = compare(query)
    assert "stop" == comparison.verdict.action
    assert held == hold(Advice("continue", "continue"), query, comparison).action


@pytest.mark.parametrize(("spread", "held"), [(1.0, "stop"), (0.5, "continue")])
def test_stopping_is_taken_back_late(spread: float, held: str) -> None:
    """A job advised to stop goes on only once its target is plainly in reach."""
    query = reaching(spread)
    comparison = compare(query)
    assert "continue" == comparison.verdict.action
    assert held == hold(Advice("stop", None), query, comparison).action
