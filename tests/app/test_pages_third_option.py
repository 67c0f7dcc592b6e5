"""The option nobody asked about that ends before the one advised."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from app.pages.third_option import headline, third_option, tip
from app.words import Words
from planner.duration import Duration, exactly
from planner.plan import Plan
from planner.report import compare
from planner.scenario import CompareQuery, PaceDurations, PlanOverrides, Scenario

WORDS = Words("en", 0.0)
FIX = Scenario(
    "fix and relaunch",
    "relaunch",
    plan=PlanOverrides(total_steps=150),
    edit_seconds=Duration(1200, 4800),
    test_seconds=exactly(900),
    queue_seconds=exactly(600),
)
SEED = CompareQuery(
    at_step=43,
    plan=Plan(311, 25, checkpoint_every="never"),
    pace=PaceDurations(exactly(45), Duration(1000, 1500), startup_seconds=exactly(0)),
    scenarios=(Scenario("continue", "continue"), FIX),
    elapsed_seconds=4200,
)


def view_of(query: CompareQuery, state: str = "live") -> Any:
    """Return as much of a view as the third option looks at."""
    run = SimpleNamespace(plan={"validate_every": query.plan.validate_every})
    compared = compare(query, tells_suggested=True)
    return SimpleNamespace(comparison=compared, state_word=state, as_of=0.0, run=run)


def test_rarer_validation_that_is_sooner_than_the_advice_is_in_the_headline() -> None:
    """Where a relaunch is advised and rarer validation ends before it, the headline names it and its end."""
    view = view_of(SEED)
    assert "relaunch" == view.comparison.verdict.action
    told, ends = headline(view, WORDS), {one.name: one.finish_seconds for one in view.comparison.outcomes}
    third = view.comparison.suggested[0].finish_seconds.at(0.5)
    saved = WORDS.duration(60 * (round(ends["continue"].at(0.5) / 60) - round(third / 60)))
    assert told is not None
    assert "<b>Continue, validating every 100 steps</b>" in told
    assert f"done at {WORDS.clock(third)}, {saved} less than as it is" in told
    assert tip(view, WORDS) is None


def test_rarer_validation_behind_the_advice_is_a_tip_with_the_same_number() -> None:
    """Where the fix is sooner yet, rarer validation is told below, by what both shown ends differ by."""
    short = (SEED.scenarios[0], replace(FIX, plan=PlanOverrides(total_steps=60)))
    view = view_of(replace(SEED, scenarios=short))
    third, here = third_option(view), view.comparison.outcomes[0].finish_seconds.at(0.5)
    assert third is not None
    assert headline(view, WORDS) is None
    saved = WORDS.duration(60 * (round(here / 60) - round(third.end / 60)))
    assert f"{saved} less, without touching the model" in str(tip(view, WORDS))


def test_there_is_none_where_validation_is_light_or_the_run_has_ended() -> None:
    """What the planner does not suggest is not told, nor is a cadence for a run that is over."""
    light = replace(SEED, pace=PaceDurations(exactly(45), exactly(10), startup_seconds=exactly(0)))
    assert third_option(view_of(light)) is None
    assert third_option(view_of(SEED, "finished")) is None
