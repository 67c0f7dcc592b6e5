"""From what a call holds to what the planner is asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np

from app.curves import LATENT_LEVELS, Alignment, latent_curve
from app.schemas.base import PlanFields
from app.schemas.compare import (
    CompareRequest,
    CurveChoice,
    PaceFields,
    PointsFields,
    ScenarioFields,
)
from app.schemas.eta import to_plan
from planner.curve import Curve, Kind
from planner.duration import Duration
from planner.errors import InvalidInputError
from planner.forecast import Fitted, ForecastQuery, fit_curve
from planner.loss_path import CurveSource, LatentCurve, Milestone, MilestoneCurve, RefusedCurve
from planner.scenario import (
    DEFAULT_QUANTILES,
    CompareQuery,
    Criterion,
    Economics,
    Objective,
    PaceDurations,
    PlanOverrides,
    Scenario,
    Target,
)

RunCurve = Callable[[str, Kind, float, float, Alignment], CurveSource | None]
"""Returns what a stored run's curve says of a scenario between two of its steps that begins somewhere on it;
``None`` without such a run."""


def compare_query(request: CompareRequest, run_curve: RunCurve) -> CompareQuery:
    """Return the planner's question; curves given by points or by a run are forecast here.

    Raises:
        InvalidInputError: the call contradicts itself, or names a run that is not there.
    """
    scenarios = []
    for index, fields in enumerate(request.scenarios):
        with inside(f"/scenarios/{index}"):
            scenarios.append(scenario_of(fields, _curve(request, fields, run_curve)))
    return CompareQuery(
        at_step=request.at_step,
        plan=to_plan(request.plan),
        pace=_pace(request.pace) or PaceDurations(),
        scenarios=tuple(scenarios),
        target=Target(request.target.loss, request.target.of) if request.target else None,
        job=request.job,
        script=request.script,
        elapsed_seconds=request.elapsed_seconds,
        economics=Economics(**dict(request.economics)) if request.economics else None,
        objective=Objective(**dict(request.objective)) if request.objective else None,
        attention_seconds=request.attention_seconds,
        experiments=request.experiments,
        criteria=tuple(Criterion(**dict(item)) for item in request.criteria) if request.criteria else None,
        quantiles=tuple(request.quantiles or DEFAULT_QUANTILES),
        seed=request.seed,
    )


def scenario_of(fields: ScenarioFields, curve: CurveSource | None) -> Scenario:
    """Return the planner's record of a scenario with its curve."""
    if fields.action == "stop":
        return Scenario(fields.name, "stop")
    plan = PlanOverrides(**dict(fields.plan)) if fields.plan else None
    if fields.action == "continue":
        return Scenario(fields.name, "continue", curve, plan, validations_left=fields.validations_left)
    return Scenario(
        name=fields.name,
        action="relaunch",
        curve=curve,
        plan=plan,
        pace=_pace(fields.pace),
        edit_seconds=Duration(*fields.edit_seconds),
        test_seconds=Duration(*fields.test_seconds),
        queue_seconds=Duration(*fields.queue_seconds),
        resume_step=fields.resume_step,
        cancel=fields.cancel,
        success_probability=fields.success_probability,
    )


def chosen_curve(
    choice: CurveChoice | None, kind: Kind, first: float, last: float, run_curve: RunCurve
) -> CurveSource | None:
    """Return a scenario's curve in the planner's form.

    Args:
        choice: as given; ``None``: no curve.
        kind: what the target is of.
        first: the completed steps the scenario starts from.
        last: the steps it ends at.
        run_curve: knows the stored runs.

    A stored run's curve is aligned at ``first``: there the scenario is where that run was at its
    ``from_step``, or where its loss is ``from_loss``; at the same step where neither is given.
    """
    if choice is None:
        return None
    if choice.milestones is not None:
        return MilestoneCurve(tuple(Milestone(*item) for item in choice.milestones))
    if choice.points is not None:
        return _forecast(choice.points, kind, first, last)
    at = Alignment(choice.from_step, choice.from_loss)
    curve = run_curve(choice.run or "", kind, first, last, at)
    if curve is None:
        raise InvalidInputError("/curve/run", choice.run, "the id of one of your runs")
    return curve


@contextmanager
def inside(pointer: str) -> Iterator[None]:
    """Let errors of the planner point into the call: it knows only the item."""
    try:
        yield
    except InvalidInputError as error:
        raise InvalidInputError(pointer + error.pointer, error.value, error.expected) from error


def _curve(request: CompareRequest, fields: ScenarioFields, run_curve: RunCurve) -> CurveSource | None:
    if fields.action == "stop":
        return None
    first: float = request.at_step
    if fields.action == "relaunch" and fields.resume_step != "latest":
        first = float(fields.resume_step)
    last = _total_steps(request.plan, fields.plan)
    kind = request.target.of if request.target else None
    return chosen_curve(fields.curve, kind, first, float(last or first + 1), run_curve)


def _total_steps(plan: PlanFields, overrides: PlanFields | None) -> int | None:
    return (overrides.total_steps if overrides else None) or plan.total_steps


def _forecast(points: PointsFields, kind: Kind, first: float, last: float) -> LatentCurve | RefusedCurve:
    losses = np.array([np.nan if loss is None else loss for loss in points.losses], dtype=float)
    steps = np.array(points.steps, dtype=float)
    return latent_curve(_fitted(steps.tobytes(), losses.tobytes(), kind, max(int(last), 1)), first, last)


@lru_cache(maxsize=32)
def _fitted(steps: bytes, losses: bytes, kind: Kind, total_steps: int) -> Fitted:
    """Return the fit of typed points: those of a scenario are asked about again with every record."""
    curve = Curve(np.frombuffer(steps), np.frombuffer(losses), kind)
    return fit_curve(ForecastQuery(curve, total_steps=total_steps, levels=LATENT_LEVELS))


def _pace(fields: PaceFields | None) -> PaceDurations | None:
    if fields is None:
        return None
    return PaceDurations(**{name: None if ends is None else Duration(*ends) for name, ends in fields})
