"""When a run will end: remaining seconds by phase, with quantiles."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from planner.eta_query import EtaQuery, InProgress, Silence
from planner.plan import Due
from planner.priors import Priors
from planner.quantiles import Quantiles, exact, of_draws
from planner.remaining import Remaining, ending, remaining, steps_by, thinned
from planner.situation import Situation, budget_left, due, situation, steps_left
from planner.timings import LARGEST, FloatArray, Timings

__all__ = ["Eta", "EtaQuery", "InProgress", "PhaseMeans", "Priors", "Silence", "Timings", "eta"]

_AMPLE = 2.0
"""A run without a declared end is looked at over so many times the steps its limit may hold."""

Reason = Literal["no_steps", "no_total_steps", "finished"]
"""``finished`` is for whoever knows that a run has ended: a question of time does not tell."""


@dataclass(frozen=True, slots=True)
class PhaseMeans:
    """Mean seconds left in each phase; 0 where nothing of it is due. They add up to the mean."""

    step: float
    validation: float
    checkpoint: float
    startup: float = 0.0

    @property
    def total(self) -> float:
        """The mean of all that is left."""
        return self.step + self.validation + self.checkpoint + self.startup


@dataclass(frozen=True, slots=True)
class Eta:
    """The answer; with status ``"refused"`` only ``reason`` and the counts say something.

    Attributes:
        steps_left: steps up to the declared end; ``None`` where none is declared.
        remaining_seconds: from now to the end of everything due.
        finishes_within_limit: probability, where a limit and the clock are known.
        step_at_limit: the last step completed when the limit strikes.
        ends_by_budget: probability that the run's own budget of time ends it before its steps are done;
            ``None`` where it declares none, or the clock is not known.
        step_at_end: the last step completed at the end, where the budget may come first.
    """

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
    ends_by_budget: float | None = None
    step_at_end: Quantiles | None = None


def eta(query: EtaQuery) -> Eta:
    """Predict the remaining seconds of a run.

    A run that declares a budget of time (``max_seconds``) ends with it, if its steps are not done before. One
    whose end is not declared at all ends by its time limit, where there is one. Refused are ``"no_steps"``
    (nothing tells the pace) and ``"no_total_steps"`` (no end, no budget and no limit).
    """
    left, budget = _time_left(query), budget_left(query)
    if query.plan.total_steps is None and left is None and math.isinf(budget):
        return Eta("refused", "no_total_steps")
    now = situation(query)
    if now is None:
        validations, checkpoints = due(query)
        ahead = steps_left(query.at_step, query.plan.total_steps)
        return Eta("refused", "no_steps", ahead, _count(validations), _count(checkpoints))
    if now.total_steps is None:
        return _until_stopped(query, now, left)
    return _until_end(query, now, left)


def _time_left(query: EtaQuery) -> float | None:
    if query.time_limit_seconds is None or query.elapsed_seconds is None:
        return None
    return max(query.time_limit_seconds - query.elapsed_seconds, 0.0)


def _count(due: Due | None) -> int | None:
    return None if due is None else due.count


def _until_end(query: EtaQuery, now: Situation, left: float | None) -> Eta:
    draws = remaining(now)
    end = ending(now, draws)
    means = _means(draws, _share(end, draws))
    has_budget = math.isfinite(now.budget_seconds)
    few = thinned(draws)
    return Eta(
        "ok",
        None,
        now.steps_left,
        _count(now.validations),
        _count(now.checkpoints),
        of_draws(end, query.levels),
        means,
        means.total,
        float(np.mean(end <= left)) if left is not None else None,
        None if left is None else of_draws(steps_by(now, few, min(left, now.budget_seconds)), query.levels),
        float(np.mean(draws.total > now.budget_seconds)) if has_budget else None,
        of_draws(steps_by(now, few, now.budget_seconds), query.levels) if has_budget else None,
    )


def _until_stopped(query: EtaQuery, now: Situation, left: float | None) -> Eta:
    """Answer for a run that trains until time is up: its own budget's, or the allocation's."""
    has_budget = math.isfinite(now.budget_seconds)
    seconds = min(now.budget_seconds, math.inf if left is None else left)
    steps = math.ceil(min(_AMPLE * seconds / now.step.now_seconds, LARGEST / 2)) + 1
    plan = replace(query.plan, total_steps=min(query.at_step + steps, int(LARGEST) - 1))
    horizon = situation(replace(query, plan=plan)) or now
    draws = remaining(horizon)
    means = _means(draws, seconds / max(float(np.mean(draws.total)), 1e-9))
    step = of_draws(steps_by(horizon, thinned(draws), seconds), query.levels)
    return Eta(
        "ok",
        remaining_seconds=exact(seconds, query.levels),
        by_phase=means,
        mean_seconds=means.total,
        finishes_within_limit=float(now.budget_seconds <= left) if has_budget and left is not None else None,
        step_at_limit=None if left is None else step,
        ends_by_budget=1.0 if has_budget else None,
        step_at_end=step if has_budget else None,
    )


def _share(end: FloatArray, draws: Remaining) -> float:
    """Return the share of everything due that is done before the end."""
    whole = float(np.mean(draws.total))
    return float(np.mean(end)) / whole if whole > 0 else 1.0


def _means(draws: Remaining, share: float) -> PhaseMeans:
    phases = (draws.step, draws.validation, draws.checkpoint, draws.startup)
    return PhaseMeans(*(share * float(np.mean(phase.seconds)) for phase in phases))
