"""When early stopping ends a run sooner than its steps do, by the forecast of its validations."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.special import ndtri

from planner import points
from planner.eta_query import EtaQuery
from planner.loss_path import LatentCurve, LossPath, RefusedCurve, loss_path
from planner.plan import Due
from planner.quantiles import Quantiles, of_draws
from planner.remaining import ending, remaining, seconds_until, thinned
from planner.situation import Situation, situation
from planner.stop_rule import EarlyStopping, Watch, watched
from planner.timings import FloatArray

_MOST_AHEAD = 1_000
"""Validations looked at; what happens beyond them is not forecast."""

_MOST_OPEN = 0.01
"""The share of draws that may be open where the look ends, for an answer to be given: it errs by no more."""

_NOISE = 0.01
_NOISE_WORTH = 2.0
"""The relative noise of a validation before any was seen to scatter, and the observations it is worth."""

Reason = Literal["no_validations_due", "no_losses", "stop_was_due", "not_the_loss", "not_forecast"]


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """What early stopping does to a run; what it may do is told only where the loss can be forecast.

    Attributes:
        patience: as declared, in validations.
        waited: validations in a row that were no better.
        best: the best value so far.
        earliest_step: the first validation at which it can end the run; ``None`` where none is due so late,
            and where the rule was met already and the run goes on.
        probability: that it ends the run before its last step.
        step: at which it ends the run, none where it does not.
        remaining_seconds: from now to the end, by whichever comes first.
        reason: why that is not told, where it is not; ``"stop_was_due"``: the rule was met and the run goes
            on, so that something else decides.
    """

    patience: int
    waited: int
    best: float | None
    earliest_step: int | None
    probability: float | None = None
    step: Quantiles | None = None
    remaining_seconds: Quantiles | None = None
    reason: Reason | None = None


def early_stop(
    query: EtaQuery, values: FloatArray, curve: LatentCurve | RefusedCurve | None
) -> EarlyStop | None:
    """Return what early stopping does to a run, ``None`` where none is declared or its pace is not known.

    Args:
        query: the run as it stands.
        values: what is watched, at the validations seen, in time order; NaN where not finite. Shape (n,).
        curve: what the validation loss is expected to do from here on, free of noise.
    """
    rule, now = query.plan.early_stopping, situation(query)
    if rule is None or now is None:
        return None
    stands = watched(rule, values)
    due = now.validations or Due(range(0))
    last = now.total_steps
    earliest = None if _was_met(stands) else _nth(due, max(rule.patience - stands.waited, 1))
    told = EarlyStop(rule.patience, stands.waited, stands.best, earliest)
    reason = _untold(rule, due, values, curve)
    if reason is not None or not isinstance(curve, LatentCurve):
        return replace(told, reason=reason)
    stops = _stops(rule, _first_steps(due), values, loss_path(curve))
    if due.count > _MOST_AHEAD and np.mean(np.isinf(stops)) > _MOST_OPEN:
        return replace(told, reason="not_forecast")
    stops = np.where(stops < (np.inf if last is None else last), stops, np.inf)
    return replace(
        told,
        probability=float(np.mean(np.isfinite(stops))),
        step=of_draws(stops, query.levels),
        remaining_seconds=of_draws(_seconds(now, stops), query.levels),
    )


def _untold(
    rule: EarlyStopping, due: Due, values: FloatArray, curve: LatentCurve | RefusedCurve | None
) -> Reason | None:
    if not due.count:
        return "no_validations_due"
    if _was_met(watched(rule, values)):
        return "stop_was_due"
    if not rule.watches_loss:
        return "not_the_loss"
    if not np.isfinite(values).any():
        return "no_losses"
    return None if isinstance(curve, LatentCurve) else "not_forecast"


def _was_met(stands: Watch) -> bool:
    """Tell whether the rule should have ended the run; of values that are not known it is not said."""
    return stands.stops and stands.best is not None


def _nth(due: Due, number: int) -> int | None:
    """Return the step of a validation ahead, the first being 1; ``None`` where fewer are due."""
    if number <= len(due.regular):
        return due.regular[number - 1]
    return due.end if number == due.count else None


def _first_steps(due: Due) -> FloatArray:
    """Return the steps of the validations that are looked at, shape (n,)."""
    ahead = np.array(due.regular[:_MOST_AHEAD], dtype=float)
    return ahead if due.end is None or len(ahead) == _MOST_AHEAD else np.r_[ahead, float(due.end)]


def _stops(rule: EarlyStopping, due: FloatArray, values: FloatArray, path: LossPath) -> FloatArray:
    """Draw the step at which the rule ends the run, inf where it never does: the rule, played on."""
    scores = ndtri(points.uniform(12)[:: points.THINNING])
    ahead = (
        _log_losses(path, due, scores) + _noise(values) * _scatter(len(scores), _MOST_AHEAD)[:, : len(due)]
    )
    stands = watched(rule, values)
    best = np.full(len(scores), np.inf if stands.best is None else stands.best)
    waited = np.full(len(scores), stands.waited)
    stops = np.full(len(scores), np.inf)
    for index, step in enumerate(due):
        seen = np.exp(ahead[:, index])
        better = seen < best - rule.min_delta
        best, waited = np.where(better, seen, best), np.where(better, 0, waited + 1)
        stops = np.where(np.isinf(stops) & (waited >= rule.patience), step, stops)
    return stops


def _log_losses(path: LossPath, steps: FloatArray, scores: FloatArray) -> FloatArray:
    """Return the noise-free log loss at each step for each score, shape (n, m); flat beyond the curve."""
    knots, logs = path.at_knots(scores), np.log(np.maximum(path.steps, 1.0))
    at = np.log(np.maximum(steps, 1.0))
    right = np.clip(np.searchsorted(logs, at), 1, len(logs) - 1)
    share = np.clip((at - logs[right - 1]) / (logs[right] - logs[right - 1]), 0.0, 1.0)
    return np.asarray(knots[:, right - 1] + share * (knots[:, right] - knots[:, right - 1]))


def _noise(values: FloatArray) -> float:
    """Return the relative scatter of validations about their curve, by their second differences."""
    known = values[np.isfinite(values) & (values > 0)]
    squares = np.diff(np.log(known), 2) ** 2 / 6 if len(known) > 2 else np.empty(0)  # noqa: PLR2004 - second
    return float(np.sqrt((_NOISE_WORTH * _NOISE**2 + squares.sum()) / (_NOISE_WORTH + len(squares))))


@lru_cache(maxsize=1)
def _scatter(draws: int, ahead: int) -> FloatArray:
    return np.random.default_rng(12).standard_normal((draws, ahead))


def _seconds(now: Situation, stops: FloatArray) -> FloatArray:
    """Draw the seconds to the end, by early stopping or by the plan, whichever is first."""
    draws = thinned(remaining(now))
    whole = ending(now, draws)
    reached = np.where(np.isfinite(stops), stops, now.at_step)
    return np.where(
        np.isfinite(stops), np.minimum(seconds_until(now, draws, reached, events_up_to=reached), whole), whole
    )
