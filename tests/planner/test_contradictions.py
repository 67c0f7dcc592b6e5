"""Questions that contradict themselves."""

from dataclasses import replace

import pytest

from planner.contradictions import MOST_SCENARIOS, check_query
from planner.duration import Duration, exactly
from planner.errors import InvalidInputError
from planner.loss_path import LatentCurve, Milestone, MilestoneCurve
from planner.plan import Plan
from planner.quantiles import Quantiles
from planner.scenario import (
    CompareQuery,
    Criterion,
    Economics,
    Objective,
    PaceDurations,
    PlanOverrides,
    Scenario,
    Target,
)

FIX = Scenario(
    "fix",
    "relaunch",
    edit_seconds=exactly(2400),
    test_seconds=exactly(900),
    queue_seconds=exactly(600),
)
GOOD = CompareQuery(
    at_step=43,
    plan=Plan(total_steps=311, validate_every=25, checkpoint_every=50),
    pace=PaceDurations(exactly(45), exactly(1200), exactly(24), exactly(960)),
    scenarios=(Scenario("continue", "continue"), FIX),
)


def fix(**changes: object) -> CompareQuery:
    """Return the good question with another fix."""
    return replace(GOOD, scenarios=(GOOD.scenarios[0], replace(FIX, **changes)))


def going(**changes: object) -> CompareQuery:
    """Return the good question with another way to continue."""
    return replace(GOOD, scenarios=(replace(GOOD.scenarios[0], **changes), FIX))


def milestones(*known: tuple[float, float | None, float]) -> MilestoneCurve:
    """Return a curve of milestones."""
    return MilestoneCurve(tuple(Milestone(*one) for one in known))


def latent(lowest_seen: float) -> LatentCurve:
    """Return a fitted curve of a run that has reached a loss."""
    return LatentCurve((43.0, 311.0), (0.1, 0.9), ((0.9, 0.5), (1.0, 0.7)), lowest_seen)


TARGET = Target(0.34, "val")
NAN, INF = float("nan"), float("inf")

MANY = tuple(replace(FIX, name=str(number)) for number in range(MOST_SCENARIOS + 1))

CONTRADICTIONS: list[tuple[str, CompareQuery]] = [
    ("/at_step", replace(GOOD, at_step=312)),
    ("/at_step", replace(GOOD, at_step=-1)),
    ("/plan/total_steps", replace(GOOD, plan=replace(GOOD.plan, total_steps=10**13))),
    ("/elapsed_seconds", replace(GOOD, elapsed_seconds=-1.0)),
    ("/elapsed_seconds", replace(GOOD, elapsed_seconds=NAN)),
    ("/before_seconds", replace(GOOD, before_seconds=-1.0)),
    ("/begun_seconds/step", replace(GOOD, begun_seconds={"step": NAN})),
    ("/begun_counts/step", replace(GOOD, begun_counts={"step": INF})),
    ("/begun_seconds/step", replace(GOOD, begun_seconds={"step": Quantiles((0.5,), (INF,))})),
    ("/begun_seconds/step", replace(GOOD, begun_seconds={"step": Quantiles((0.1, 0.9), (1.0, None))})),
    ("/pace/step_seconds", replace(GOOD, pace=PaceDurations(exactly(-1)))),
    ("/pace/validation_seconds", replace(GOOD, pace=PaceDurations(None, Duration(2, 1)))),
    ("/pace/checkpoint_seconds", replace(GOOD, pace=PaceDurations(None, None, exactly(INF)))),
    ("/pace/startup_seconds", replace(GOOD, pace=PaceDurations(startup_seconds=Duration(NAN, 1)))),
    ("/scenarios", replace(GOOD, scenarios=())),
    (
        "/scenarios",
        replace(GOOD, scenarios=tuple(replace(FIX, name=str(i)) for i in range(MOST_SCENARIOS + 1))),
    ),
    ("/scenarios/1/name", fix(name="continue")),
    ("/scenarios/1/name", fix(name=" ")),
    ("/scenarios/1/action", fix(action="restart")),
    ("/scenarios/1/edit_seconds", fix(edit_seconds=Duration(3600, 1800))),
    ("/scenarios/1/test_seconds", fix(test_seconds=exactly(-5))),
    ("/scenarios/1/queue_seconds", fix(queue_seconds=None)),
    ("/scenarios/1/success_probability", fix(success_probability=0.0)),
    ("/scenarios/1/success_probability", fix(success_probability=1.2)),
    ("/scenarios/1/success_probability", fix(success_probability=NAN)),
    ("/scenarios/1/resume_step", fix(resume_step=312)),
    ("/scenarios/1/resume_step", fix(resume_step=-1)),
    ("/scenarios/1/resume_step", fix(resume_step=200, plan=PlanOverrides(total_steps=150))),
    ("/scenarios/1/cancel", fix(cancel="later")),
    ("/scenarios/1/pace/step_seconds", fix(pace=PaceDurations(Duration(3, 1)))),
    ("/scenarios/1/plan/total_steps", fix(plan=PlanOverrides(total_steps=0))),
    ("/scenarios/1/plan/validate_every", fix(plan=PlanOverrides(validate_every=-5))),
    ("/scenarios/0/plan/total_steps", going(plan=PlanOverrides(total_steps=40))),
    ("/scenarios/0/validations_left", going(validations_left=-1)),
    ("/scenarios/0/edit_seconds", going(edit_seconds=exactly(1))),
    ("/scenarios/0/resume_step", going(resume_step=0)),
    ("/scenarios/1/curve/milestones", fix(curve=milestones())),
    ("/scenarios/1/curve/milestones/1/0", fix(curve=milestones((50, 1, 1), (50, 1, 1)))),
    ("/scenarios/1/curve/milestones/0/0", fix(curve=milestones((-1, 1, 1)))),
    ("/scenarios/1/curve/milestones/0/1", fix(curve=milestones((50, 1.2, 1.0)))),
    ("/scenarios/1/curve/milestones/0/1", fix(curve=milestones((50, NAN, 1.0)))),
    ("/scenarios/1/curve/milestones/0/2", fix(curve=milestones((50, None, 0.0)))),
    ("/scenarios/1/curve/milestones/0/2", fix(curve=milestones((50, None, INF)))),
    ("/scenarios/1/curve", fix(curve=LatentCurve((1.0, 1.0), (0.1, 0.9), ((1.0, 1.0), (1.0, 1.0))))),
    ("/target/loss", replace(GOOD, target=Target(0.0, "val"))),
    ("/target/loss", replace(GOOD, target=Target(NAN, "val"))),
    ("/target/of", replace(GOOD, target=Target(0.3, "test"))),
    ("/target/loss", replace(going(curve=milestones((40, 0.3, 0.3), (311, 0.2, 0.2))), target=TARGET)),
    ("/target/loss", replace(going(curve=latent(0.33)), target=TARGET)),
    ("/quantiles", replace(GOOD, quantiles=())),
    ("/quantiles", replace(GOOD, quantiles=(0.1, 1.0))),
    ("/quantiles", replace(GOOD, quantiles=(0.0,))),
    ("/quantiles", replace(GOOD, quantiles=(NAN,))),
    ("/seed", replace(GOOD, seed=-1)),
    ("/attention_seconds", replace(GOOD, attention_seconds=-1.0)),
    ("/experiments", replace(GOOD, experiments=-1)),
    ("/economics/gpus", replace(GOOD, economics=Economics(gpus=-8))),
    ("/economics/gpu_hour_price", replace(GOOD, economics=Economics(gpus=8, gpu_hour_price=NAN))),
    ("/objective/cost", replace(GOOD, objective=Objective(1, -1))),
    ("/objective", replace(GOOD, objective=Objective(0, 0))),
    ("/criteria/0/scores/never~1heard", replace(GOOD, criteria=(Criterion("fair", {"never/heard": 1.0}),))),
    ("/criteria/0/scores/fix", replace(GOOD, criteria=(Criterion("fair", {"fix": INF}),))),
    ("/criteria/0/weight", replace(GOOD, criteria=(Criterion("fair", {"fix": 1.0}, -1.0),))),
    ("/criteria/0/name", replace(GOOD, criteria=(Criterion("", {}),))),
]


@pytest.mark.parametrize(("pointer", "query"), CONTRADICTIONS)
def test_contradiction_is_refused_by_its_field(pointer: str, query: CompareQuery) -> None:
    """A question that contradicts itself is refused, and the error points at the field."""
    with pytest.raises(InvalidInputError) as refused:
        check_query(query)
    assert pointer == refused.value.pointer


FINE: list[CompareQuery] = [
    GOOD,
    fix(curve=milestones((0, 0.36, 0.36), (25, 0.36, 0.38), (150, None, 0.34))),
    fix(resume_step=311),
    fix(resume_step="latest"),
    replace(GOOD, at_step=311),
    replace(GOOD, at_step=0),
    fix(edit_seconds=Duration(0, 3600)),
    replace(going(curve=milestones((40, 0.3, 0.5), (311, 0.2, 0.4))), target=TARGET),
    replace(going(curve=milestones((50, 0.3, 0.3), (311, 0.2, 0.2))), target=TARGET),
    replace(fix(curve=milestones((0, 0.3, 0.3))), target=TARGET),
]


@pytest.mark.parametrize("query", FINE)
def test_unusual_question_is_fine(query: CompareQuery) -> None:
    """Losses that rise, a relaunch at the end, a loss that may be reached already: all can be asked."""
    check_query(query)
