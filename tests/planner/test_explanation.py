"""What speaks for a verdict."""

from dataclasses import replace

import pytest

from planner.duration import Duration
from planner.loss_path import Milestone, MilestoneCurve, RefusedCurve
from planner.reasons import Parameter
from planner.report import compare
from planner.scenario import (
    CompareQuery,
    Criterion,
    Objective,
    Scenario,
    Target,
)
from tests.planner.seed import FIX, with_pace

SEED = with_pace(startup_seconds=960)
CURVE = MilestoneCurve((Milestone(50, 1.0, 1.2), Milestone(311, 0.30, 0.34)))


def said(query: CompareQuery) -> dict[str, dict[str, Parameter]]:
    """Return the verdict's reasons by code with their numbers; of a code told twice the first."""
    found: dict[str, dict[str, Parameter]] = {}
    for reason in compare(query).verdict.reasons:
        found.setdefault(reason.code, dict(reason.parameters))
    return found


def test_the_seeds_reasons() -> None:
    """What the seed got wrong is said with its numbers: validations, start-up, different goals, sunk time."""
    found = said(SEED)
    assert ("fix", 6_450.0) == (found["sooner_by"]["scenario"], found["sooner_by"]["saving_seconds"])
    assert (11, 1200.0) == (
        found["validation_dominates"]["validations"], found["validation_dominates"]["validation_seconds"],
    )  # fmt: skip
    assert "150, 311" == found["different_goals"]["steps"]
    assert (960.0, 4200.0) == (found["startup_again"]["startup_seconds"], found["sunk_time"]["sunk_seconds"])
    assert (150, 268) == (found["fewer_steps"]["steps"], found["fewer_steps"]["other_steps"])


def test_a_reached_target_says_why_ends_are_compared() -> None:
    """Where the target is reached already, that is why the scenarios are compared at their ends."""
    assert {"loss": 0.85} == said(replace(SEED, reached=Target(0.85, "train")))["target_reached"]
    assert "target_reached" not in said(SEED)


def test_a_target_that_no_forecast_comes_down_to_is_left_out_in_words() -> None:
    """The scenarios are compared at their ends, and the target that was declared is not silently dropped."""
    (told,) = (
        reason
        for reason in compare(replace(SEED, left_out=Target(-1.0, "val"))).verdict.reasons
        if reason.code == "target_left_out"
    )
    assert {"loss": -1.0} == told.parameters
    assert told.text.startswith("A loss of -1 cannot be forecast, so that target is left out")
    assert "target_left_out" not in said(SEED)


@pytest.mark.parametrize(
    ("loss", "expected"), [(0.34, True), (1e-9, True), (0.0, False), (-1.0, False), (1e31, False)]
)
def test_only_a_loss_above_0_is_forecast(loss: float, expected: bool) -> None:
    """A question with another target is refused, and a run that declares one is compared without it."""
    assert expected == Target(loss, "val").is_forecast


def test_what_is_told_of_validation_and_startup_is_what_the_parts_show() -> None:
    """However skewed its times are, the reasons tell the phases of the middle course."""
    pace = replace(SEED.pace, validation_seconds=Duration(300, 4800), startup_seconds=Duration(60, 5400))
    query = replace(SEED, pace=pace)
    parts = {part.phase: part.seconds for part in compare(query).outcomes[0].composition}
    told = said(query)["validation_dominates"]
    assert 1200.0 == pytest.approx(told["validation_seconds"], rel=0.01)
    assert pytest.approx(parts["validation"] / sum(parts.values())) == told["validation_share"]
    assert round(parts["validation"] / 1200.0) == told["validations"]
    assert (60 * 5400) ** 0.5 == pytest.approx(said(query)["startup_again"]["startup_seconds"], rel=0.01)


@pytest.mark.parametrize(("done", "count"), [(300, None), (700, None), (0, 1)])
def test_the_rest_of_a_validation_is_told_as_a_part(done: float, count: int | None) -> None:
    """Of a last validation under way the rest is left: neither "0 times" nor once the whole of it."""
    begun = {"validation": -done} if done else {}
    scenarios = (replace(SEED.scenarios[0], validations_left=1),)
    found = said(replace(SEED, at_step=305, begun_seconds=begun, scenarios=scenarios))
    part, whole = found.get("validation_part"), found.get("validation_dominates", {})
    share = (1200 - done) / (1200 - done + 6 * 45)
    assert count == whole.get("validations")
    assert (None if count else pytest.approx(share)) == (part and part["validation_share"])


def test_a_target_is_out_of_reach_where_the_budget_ends_the_job() -> None:
    """The step told is the last one that the budget of time leaves, not the plan's."""
    curve = MilestoneCurve((Milestone(44, 0.9, 1.1), Milestone(311, 0.25, 0.35)))
    going_on = Scenario("continue", "continue", curve)
    plan = replace(SEED.plan, validate_every="never", max_seconds=4200 + 45 * 20)
    query = replace(SEED, plan=plan, scenarios=(going_on,), target=Target(0.3, "train"))
    found = said(query)["target_out_of_reach"]
    assert (63, 0.0) == (found["total_steps"], found["reach_share"])


def test_a_given_count_of_validations_is_held_against_the_plan() -> None:
    """The document's ten validations are told beside the eleven its schedule has."""
    given = replace(SEED, scenarios=(replace(SEED.scenarios[0], validations_left=10), FIX))
    assert {"scenario": "continue", "counted": 11, "given": 10} == said(given)["validation_count"]


@pytest.mark.parametrize(("edit", "code"), [((2400, 2500), "likely_first"), ((5000, 15_000), "close_call")])
def test_how_close_it_is_is_said(edit: tuple[float, float], code: str) -> None:
    """A lead in two draws of three is close, one in nearly all is not; never both are said."""
    found = said(replace(SEED, scenarios=(SEED.scenarios[0], replace(FIX, edit_seconds=Duration(*edit)))))
    assert code in found
    assert 1 == len({"likely_first", "close_call"} & set(found))


def test_what_overrules_the_time_is_named() -> None:
    """A choice that is not the first to finish says whether cost or criteria made it."""
    fair = Criterion("fair", {"continue": 1.0}, weight=2.0)
    assert "continue" == said(replace(SEED, criteria=(fair,)))["criteria_decide"]["scenario"]
    assert "cost_unknown" in said(replace(SEED, objective=Objective(1.0, 1.0)))


def test_retries_and_missing_attention_are_said() -> None:
    """Failing tries are counted; a fix nobody has the time for says what it needs and what there is."""
    risky = replace(SEED, scenarios=(SEED.scenarios[0], replace(FIX, success_probability=0.5)))
    assert pytest.approx(2.0, abs=0.1) == said(risky)["retries_likely"]["tries"]
    short = said(replace(SEED, attention_seconds=600))["attention_too_short"]
    assert (3300.0, 600) == (short["needed_seconds"], short["available_seconds"])


def test_a_target_out_of_reach_is_said_with_its_chance() -> None:
    """A curve that ends above the target in most draws is out of reach, and by which step."""
    going_on = Scenario("continue", "continue", CURVE)
    found = said(replace(SEED, scenarios=(going_on,), target=Target(0.2, "val")))["target_out_of_reach"]
    assert ("continue", 311, 0.2) == (found["scenario"], found["total_steps"], found["loss"])


def test_the_same_curve_is_said_to_be_the_same() -> None:
    """A fix along going on's own curve is not credited with learning faster, and the reader is told."""
    scenarios = (Scenario("continue", "continue", CURVE), replace(FIX, plan=None, curve=CURVE))
    query = replace(SEED, scenarios=scenarios, target=Target(0.4, "val"))
    assert {"scenario": "fix", "other": "continue"} == said(query)["learns_alike"]
    assert "learns_alike" not in said(replace(query, target=None))


@pytest.mark.parametrize(
    ("curve", "code"), [(None, "no_curve"), (RefusedCurve("too_few_points"), "too_few_points")]
)
def test_what_cannot_be_answered_says_why(curve: RefusedCurve | None, code: str) -> None:
    """With a target a scenario without a usable curve is refused in words, and the verdict waits."""
    scenarios = (replace(SEED.scenarios[0], curve=CURVE), replace(FIX, curve=curve))
    comparison = compare(replace(SEED, scenarios=scenarios, target=Target(0.4, "val")))
    assert ("wait", [code]) == (
        comparison.verdict.action, [reason.code for reason in comparison.verdict.reasons],
    )  # fmt: skip
