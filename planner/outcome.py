"""What comes of one scenario."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

from planner.composition import TimelinePhase, composition, timeline
from planner.course import BoolArray, Course
from planner.curve import FloatArray
from planner.loss_path import MilestoneCurve
from planner.quantiles import Quantiles, exact, of_draws
from planner.scenario import CompareQuery, Economics, Scenario

HOUR_SECONDS = 3600.0
_WATTS_PER_KILOWATT = 1000.0
_GRAMS_PER_KG = 1000.0
_SHOWN_MILESTONES = 4


@dataclass(frozen=True, slots=True)
class MilestoneOutcome:
    """A step on the way: seconds from now until it is done and validated, and the loss expected there."""

    step: float
    finish_seconds: Quantiles
    loss: Quantiles | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scenario's evaluation; ``None`` is unknown, or has no meaning for the scenario.

    Attributes:
        name: the scenario's.
        status: ``"refused"`` where it cannot be answered; ``reason`` then says why.
        reason: a code, such as ``"no_curve"`` or ``"missing_validation_seconds"``.
        finish_seconds: from now to the goal; a quantile is ``None`` where the goal is never reached.
        total_seconds: with what was spent already.
        steps_left: to the plan's end, in the median draw.
        validations_left: to the plan's end, in the median draw.
        loss_at_end: at the plan's end.
        probability_of_target: that the goal is reached and, on a validation curve, seen.
        probability_first: that no other scenario reaches the goal before.
        regret_seconds: mean delay behind whichever scenario is first.
        gpu_hours: from now.
        cost: of those and of the person's attention.
        kwh: electrical energy.
        kg_co2: of that energy.
        attention_seconds: edit and test of all tries.
        milestones: steps on the way.
        timeline: consecutive; the phases add up to the mean finish.
        composition: consecutive; the phases add up to the median finish, and are empty where that is never.
    """

    name: str
    status: Literal["ok", "refused"]
    reason: str | None = None
    finish_seconds: Quantiles | None = None
    total_seconds: Quantiles | None = None
    steps_left: int | None = None
    validations_left: int | None = None
    loss_at_end: Quantiles | None = None
    probability_of_target: float | None = None
    probability_first: float | None = None
    regret_seconds: float | None = None
    gpu_hours: Quantiles | None = None
    cost: Quantiles | None = None
    kwh: Quantiles | None = None
    kg_co2: Quantiles | None = None
    attention_seconds: Quantiles | None = None
    milestones: tuple[MilestoneOutcome, ...] = ()
    timeline: tuple[TimelinePhase, ...] = ()
    composition: tuple[TimelinePhase, ...] = ()


@dataclass(frozen=True, slots=True)
class Spending:
    """What a scenario uses from now on, draw by draw; ``None`` is unknown."""

    gpu_hours: FloatArray | None
    cost: FloatArray | None
    kwh: FloatArray | None
    kg_co2: FloatArray | None


def outcome_of(query: CompareQuery, scenario: Scenario, course: Course) -> Outcome:
    """Return what comes of a course, apart from how it ranks among the others."""
    levels = query.quantiles
    finish = of_draws(course.finish_seconds, levels)
    everything = course.leg.counts_to(np.array([float(course.leg.total)]))
    spent = spending(query.economics, course)
    return Outcome(
        name=scenario.name,
        status="ok",
        finish_seconds=finish,
        total_seconds=_later(finish, query.elapsed_seconds),
        steps_left=round(float(np.median(everything.steps))),
        validations_left=round(float(np.median(everything.validations))),
        loss_at_end=_loss_at(course, course.last_step, levels),
        probability_of_target=None if query.target is None else mean_of(course.arrives),
        gpu_hours=_maybe(spent.gpu_hours, levels),
        cost=_maybe(spent.cost, levels),
        kwh=_maybe(spent.kwh, levels),
        kg_co2=_maybe(spent.kg_co2, levels),
        attention_seconds=of_draws(course.attention_seconds, levels),
        milestones=_milestones(query, scenario, course),
        timeline=timeline(course),
        composition=composition(course),
    )


def _later(finish: Quantiles, seconds: float | None) -> Quantiles | None:
    if seconds is None:
        return None
    return Quantiles(finish.levels, tuple(None if v is None else v + seconds for v in finish.values))


def stopped(query: CompareQuery, scenario: Scenario) -> Outcome:
    """Return what comes of giving up: nothing is reached, nothing more is spent."""
    nothing = exact(0.0, query.quantiles)
    economics = query.economics or Economics()
    hours = None if economics.gpus is None else nothing
    kwh = None if economics.watts_per_gpu is None else hours
    return Outcome(
        name=scenario.name,
        status="ok",
        probability_of_target=None if query.target is None else 0.0,
        gpu_hours=hours,
        cost=None if economics.gpu_hour_price is None else hours,
        kwh=kwh,
        kg_co2=None if economics.grams_co2_per_kwh is None else kwh,
        attention_seconds=nothing,
    )


def spending(economics: Economics | None, course: Course) -> Spending:
    """Return what a course uses: GPU-hours and attention, priced."""
    given, seconds = economics or Economics(), course.gpu_seconds
    hours = None if seconds is None or given.gpus is None else seconds * given.gpus / HOUR_SECONDS
    attention = course.attention_seconds * (given.attention_hour_price or 0.0) / HOUR_SECONDS
    cost = None if hours is None or given.gpu_hour_price is None else hours * given.gpu_hour_price + attention
    kwh = None if hours is None or given.watts_per_gpu is None else hours * given.watts_per_gpu
    kwh = None if kwh is None else kwh / _WATTS_PER_KILOWATT
    grams = None if kwh is None or given.grams_co2_per_kwh is None else kwh * given.grams_co2_per_kwh
    return Spending(hours, cost, kwh, None if grams is None else grams / _GRAMS_PER_KG)


def mean_of(draws: FloatArray | BoolArray) -> float:
    """Return the mean of draws; that of draws which all agree is theirs exactly."""
    return float(draws[0]) if len(draws) == 1 else float(np.mean(draws))


def median_of(draws: FloatArray) -> float | None:
    """Return the median of draws, ``None`` where it is never."""
    return of_draws(draws, (0.5,)).values[0]


def _maybe(draws: FloatArray | None, levels: tuple[float, ...]) -> Quantiles | None:
    return None if draws is None else of_draws(draws, levels)


def _loss_at(course: Course, step: float, levels: tuple[float, ...]) -> Quantiles | None:
    """Return the quantiles of the loss at a step: the paths of those ranks, for ranks never cross."""
    if course.path is None:
        return None
    losses = course.path.loss_at(step, np.asarray(ndtri(np.asarray(levels))))
    return None if losses is None else Quantiles(levels, tuple(float(loss) for loss in losses))


def _milestones(query: CompareQuery, scenario: Scenario, course: Course) -> tuple[MilestoneOutcome, ...]:
    return tuple(
        MilestoneOutcome(
            step, of_draws(course.seconds_to(step), query.quantiles), _loss_at(course, step, query.quantiles)
        )
        for step in _milestone_steps(scenario, course)
    )


def _milestone_steps(scenario: Scenario, course: Course) -> list[float]:
    """Return the person's own steps, else some that lie on validations, spread over what is left."""
    start, total, due = float(course.leg.start.min()), course.leg.total, course.leg.validations
    if due is None:
        return []
    if isinstance(scenario.curve, MilestoneCurve):
        steps = [milestone.step for milestone in scenario.curve.milestones]
        return [step for step in steps if start <= step <= total]
    spread = np.linspace(start, total, _SHOWN_MILESTONES + 1)[1:-1]
    validated = due.first_from(spread)
    return sorted({int(step) for step in validated if start < step < total} | {total})
