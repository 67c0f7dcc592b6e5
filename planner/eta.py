"""When a run will end: remaining seconds by phase, with quantiles."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from planner.eta_query import EtaQuery, InProgress
from planner.plan import Due
from planner.priors import Priors
from planner.quantiles import Quantiles, exact, of_draws
from planner.remaining import Remaining, remaining, steps_by, thinned
from planner.situation import Situation, due, situation, steps_left
from planner.timings import LARGEST, Timings

__all__ = ["Eta", "EtaQuery", "InProgress", "PhaseMeans", "Priors", "Timings", "eta"]

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


def eta(query: EtaQuery) -> Eta:
    """Predict the remaining seconds of a run.

    A run whose end is not declared ends by its time limit, where there is one. Refused are ``"no_steps"``
    (nothing tells the pace) and ``"no_total_steps"`` (no end, and no limit).
    """
    left = _time_left(query)
    if query.plan.total_steps is None and left is None:
        return Eta("refused", "no_total_steps")
    now = situation(query)
    if now is None:
        validations, checkpoints = due(query)
        ahead = steps_left(query.at_step, query.plan.total_steps)
        return Eta("refused", "no_steps", ahead, _count(validations), _count(checkpoints))
    if left is not None and now.total_steps is None:
        return _until_limit(query, now, left)
    return _until_end(query, now, left)


def _time_left(query: EtaQuery) -> float | None:
    if query.time_limit_seconds is None or query.elapsed_seconds is None:
        return None
    return max(query.time_limit_seconds - query.elapsed_seconds, 0.0)


def _count(due: Due | None) -> int | None:
    return None if due is None else due.count


def _until_end(query: EtaQuery, now: Situation, left: float | None) -> Eta:
    draws = remaining(now)
    means = _means(draws)
    return Eta(
        "ok",
        None,
        now.steps_left,
        _count(now.validations),
        _count(now.checkpoints),
        of_draws(draws.total, query.levels),
        means,
        means.total,
        float(np.mean(draws.total <= left)) if left is not None else None,
        None if left is None else of_draws(steps_by(now, thinned(draws), left), query.levels),
    )


def _until_limit(query: EtaQuery, now: Situation, left: float) -> Eta:
    """Answer for a run that trains until it is stopped: it ends with the allocation."""
    steps = math.ceil(min(_AMPLE * left / now.step.now_seconds, LARGEST / 2)) + 1
    plan = replace(query.plan, total_steps=min(query.at_step + steps, int(LARGEST) - 1))
    horizon = situation(replace(query, plan=plan)) or now
    draws = remaining(horizon)
    share = left / max(float(np.mean(draws.total)), 1e-9)
    means = _means(draws, share)
    return Eta(
        "ok",
        remaining_seconds=exact(left, query.levels),
        by_phase=means,
        mean_seconds=means.total,
        step_at_limit=of_draws(steps_by(horizon, thinned(draws), left), query.levels),
    )


def _means(draws: Remaining, share: float = 1.0) -> PhaseMeans:
    phases = (draws.step, draws.validation, draws.checkpoint, draws.startup)
    return PhaseMeans(*(share * float(np.mean(phase.seconds)) for phase in phases))
