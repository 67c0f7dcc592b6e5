"""The losses a scenario expects: a curve known up to one latent rank."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from planner.curve import FloatArray
from planner.duration import NORMAL_90

_LEAST_LOSS = 1e-12
"""What stands for a loss of 0 on the log scale."""

_OUTER_SCORES = np.array([-NORMAL_90, NORMAL_90])
_CUT_SCORES = np.linspace(-4.0, 4.0, 65)
"""Rows for a milestone that is cut at 0: its log loss is not linear in the score."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A loss expected at a step: its 10 % and 90 % quantiles; without ``low`` it is taken as ``high``."""

    step: float
    low: float | None
    high: float


@dataclass(frozen=True, slots=True)
class MilestoneCurve:
    """Milestones a person typed, steps increasing; they move together and are log-log in between."""

    milestones: tuple[Milestone, ...]


@dataclass(frozen=True, slots=True)
class LatentCurve:
    """A fitted curve's predictive distribution: the path of rank u is the u-quantile at each step.

    Attributes:
        steps: increasing, shape (m,).
        levels: increasing, in (0, 1), shape (k,), at least two.
        losses: positive quantiles of the noise-free curve, shape (k, m).
        lowest_seen: the lowest loss the run is known to have reached by now.
    """

    steps: tuple[float, ...]
    levels: tuple[float, ...]
    losses: tuple[tuple[float, ...], ...]
    lowest_seen: float | None = None


@dataclass(frozen=True, slots=True)
class RefusedCurve:
    """A curve that could not be forecast; ``reason`` is the forecast's (``"too_few_points"`` …)."""

    reason: str


CurveSource = MilestoneCurve | LatentCurve | RefusedCurve


@dataclass(frozen=True, slots=True)
class LossPath:
    """Log losses by rank at knots: linear in the score between rows, in the log of the step between knots.

    Attributes:
        steps: knots, increasing, shape (m,).
        scores: standard normal scores of the rows, increasing, shape (k,).
        log_losses: shape (k, m).
    """

    steps: FloatArray
    scores: FloatArray
    log_losses: FloatArray

    @property
    def is_exact(self) -> bool:
        """Whether every rank follows the same path."""
        return bool(np.all(self.log_losses == self.log_losses[0]))

    def at_knots(self, scores: FloatArray) -> FloatArray:
        """Return log losses at the knots for each score, shape (n, m); linear beyond the outer rows."""
        left = np.clip(np.searchsorted(self.scores, scores) - 1, 0, len(self.scores) - 2)
        weight = (scores - self.scores[left]) / (self.scores[left + 1] - self.scores[left])
        below, above = self.log_losses[left], self.log_losses[left + 1]
        return np.asarray(below + weight[:, None] * (above - below))

    def loss_at(self, step: float, scores: FloatArray) -> FloatArray | None:
        """Return the loss at a step for each score, ``None`` before the first knot; flat after the last."""
        if step < self.steps[0]:
            return None
        knots = self.at_knots(scores)
        log_steps = _log_steps(self.steps)
        right = min(int(np.searchsorted(self.steps, step)), len(self.steps) - 1)
        if step >= self.steps[right] or right == 0:
            return np.exp(knots[:, right])
        span = log_steps[right] - log_steps[right - 1]
        share = (_log_steps(np.array([step]))[0] - log_steps[right - 1]) / span if span > 0 else 0.0
        return np.exp(knots[:, right - 1] + share * (knots[:, right] - knots[:, right - 1]))

    def crossing(self, target: FloatArray, scores: FloatArray) -> FloatArray:
        """Return the first step at which the loss is at most the target, inf where there is none.

        Nothing is reached before the first knot and nothing falls after the last.

        Args:
            target: losses, shape (n,) or (1,).
            scores: shape (n,) or (1,).

        Returns:
            shape (n,), not rounded to whole steps.
        """
        log_target, scores = np.broadcast_arrays(np.log(target), scores)
        knots = self.at_knots(scores)
        reached = knots <= log_target[:, None]
        right = np.argmax(reached, axis=1)
        left = np.maximum(right - 1, 0)
        rows = np.arange(len(knots))
        fall = knots[rows, left] - knots[rows, right]
        share = np.divide(knots[rows, left] - log_target, fall, out=np.ones(len(rows)), where=fall > 0)
        log_steps = _log_steps(self.steps)
        between = np.exp(log_steps[left] + share * (log_steps[right] - log_steps[left]))
        crossed = np.where(share < 1.0, between, self.steps[right])
        return np.where(reached.any(axis=1), crossed, np.inf)


@lru_cache(maxsize=128)
def loss_path(source: MilestoneCurve | LatentCurve) -> LossPath:
    """Return a curve in the form that is evaluated."""
    if isinstance(source, LatentCurve):
        losses = np.maximum(np.asarray(source.losses, dtype=float), _LEAST_LOSS)
        scores = np.asarray(ndtri(np.asarray(source.levels)), dtype=float)
        return LossPath(np.asarray(source.steps, dtype=float), scores, np.log(losses))
    steps = np.array([float(milestone.step) for milestone in source.milestones])
    is_cut = any(milestone.low == 0 < milestone.high for milestone in source.milestones)
    scores = _CUT_SCORES if is_cut else _OUTER_SCORES
    columns = [_log_losses(milestone, scores) for milestone in source.milestones]
    return LossPath(steps, scores, np.stack(columns, axis=1))


def _log_losses(milestone: Milestone, scores: FloatArray) -> FloatArray:
    high = max(milestone.high, _LEAST_LOSS)
    low = high if milestone.low is None else milestone.low
    if low == high:
        return np.full(len(scores), np.log(high))
    if low <= 0:
        spread = high / (2 * NORMAL_90)
        return np.log(np.maximum(high / 2 + spread * scores, _LEAST_LOSS))
    share = (scores + NORMAL_90) / (2 * NORMAL_90)
    return np.asarray(np.log(low) + share * (np.log(high) - np.log(low)))


def _log_steps(steps: FloatArray) -> FloatArray:
    """Return the log of steps; step 0 counts as step 1, for the log of 0 is no place."""
    return np.log(np.maximum(steps, 1.0))
