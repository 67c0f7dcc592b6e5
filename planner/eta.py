"""When a run will end: remaining seconds by phase, with quantiles."""

from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Literal

import numpy as np

from planner.errors import InvalidInputError
from planner.pace import Pace, PhasePace, measure
from planner.plan import Due, Plan, checkpoints_due, validations_due
from planner.quantiles import DEFAULT_LEVELS, Quantiles, exact
from planner.timings import Timings

__all__ = ["Eta", "EtaQuery", "InProgress", "PhaseMeans", "Timings", "eta"]

Reason = Literal["no_steps", "no_total_steps"]


@dataclass(frozen=True, slots=True)
class InProgress:
    """A phase that has begun and not ended: for how long, and ``done`` of ``of`` batches where known."""

    phase: str
    elapsed_seconds: float
    done: int | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class EtaQuery:
    """What is known of a run now.

    Attributes:
        at_step: completed steps, run-wide.
        plan: what the trainer declared.
        startup_seconds: this allocation's start-up, where known.
        steps: step durations, in the order reported.
        validations: validations seen; an unknown duration is NaN.
        checkpoints: checkpoints seen.
        in_progress: the phase under way.
        resumed_at_step: the step this attempt resumed at.
        elapsed_seconds: seconds since the allocation's start.
        time_limit_seconds: the allocation's limit, from the same start.
        levels: quantiles asked for.
    """

    at_step: int
    plan: Plan
    startup_seconds: float | None = None
    steps: Timings = field(default_factory=Timings)
    validations: Timings = field(default_factory=Timings)
    checkpoints: Timings = field(default_factory=Timings)
    in_progress: InProgress | None = None
    resumed_at_step: int | None = None
    elapsed_seconds: float | None = None
    time_limit_seconds: float | None = None
    levels: tuple[float, ...] = DEFAULT_LEVELS


@dataclass(frozen=True, slots=True)
class PhaseMeans:
    """Mean seconds left in each phase; 0 where nothing of it is due. They add up to the mean."""

    step: float
    validation: float
    checkpoint: float
    startup: float = 0.0


@dataclass(frozen=True, slots=True)
class Eta:
    """The answer; with status ``"refused"`` only ``reason`` and the counts say something."""

    status: Literal["ok", "refused"]
    reason: Reason | None = None
    steps_left: int | None = None
    validations_left: int | None = None
    checkpoints_left: int | None = None
    remaining_seconds: Quantiles | None = None
    by_phase: PhaseMeans | None = None
    mean_seconds: float | None = None
    finishes_within_limit: float | None = None
    step_at_limit: Quantiles | None = None


def eta(query: EtaQuery) -> Eta:
    """Predict the remaining seconds of a run.

    Raises:
        InvalidInputError: the query contradicts itself.
    """
    if query.at_step < 0:
        raise InvalidInputError("/at_step", query.at_step, "a step of at least 0")
    pace = measure(query.steps, query.validations, query.checkpoints, query.startup_seconds)
    if query.plan.total_steps is None:
        return Eta("refused", "no_total_steps")
    if pace.step is None:
        return Eta("refused", "no_steps")
    return _answer(query, pace, pace.step)


def _answer(query: EtaQuery, pace: Pace, step: PhasePace) -> Eta:
    total = query.plan.total_steps or 0
    validations = validations_due(query.plan, query.at_step, query.validations.seen)
    checkpoints = checkpoints_due(query.plan, query.at_step, query.checkpoints.seen)
    steps_left = max(total - query.at_step, 0)
    means = PhaseMeans(
        steps_left * step.mean_seconds,
        _events_seconds(validations, pace.validation),
        _events_seconds(checkpoints, pace.checkpoint),
        (query.startup_seconds or 0.0) if query.at_step == 0 else 0.0,
    )
    mean = means.step + means.validation + means.checkpoint + means.startup
    return Eta(
        "ok",
        None,
        steps_left,
        None if validations is None else validations.count,
        None if checkpoints is None else checkpoints.count,
        _spread(mean, query.levels),
        means,
        mean,
    )


def _events_seconds(due: Due | None, pace: PhasePace | None) -> float:
    return 0.0 if due is None or pace is None else due.count * pace.mean_seconds


def _spread(mean: float, levels: tuple[float, ...]) -> Quantiles:
    if mean == 0:
        return exact(0.0, levels)
    values = tuple(mean * float(np.exp(0.05 * NormalDist().inv_cdf(level))) for level in levels)
    return Quantiles(tuple(levels), values)
