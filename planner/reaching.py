"""Whether and when a curve reaches a loss, from what is believed of it along the way."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from planner import learned
from planner.belief import Belief
from planner.curve import FloatArray
from planner.quantiles import Quantiles

_NEARLY = 1e-15
"""The normal score of a certainty is infinite: this much of it is left out."""


@dataclass(frozen=True, slots=True)
class TargetForecast:
    """Whether and when the noise-free curve reaches a loss.

    Attributes:
        loss: the target.
        probability: that it is reached by the total steps, or at all where those are unknown.
        step_quantiles: of the step, ``None`` values where it is never reached.
    """

    loss: float
    probability: float
    step_quantiles: Quantiles | None


def reach(loss: float, steps: FloatArray, belief: Belief, levels: Sequence[float]) -> TargetForecast:
    """Return whether and when a loss is reached.

    Args:
        loss: the target.
        steps: where the belief is known, increasing, shape (n,).
        belief: of the loss at those steps.
        levels: of the quantiles of the step.
    """
    reached = reaching(np.maximum.accumulate(belief.probability_below(loss)), **learned.REACHING)
    values = [
        None
        if level > reached[-1]
        else float(np.exp(np.interp(level, reached, np.log(np.maximum(steps, 1.0)))))
        for level in levels
    ]
    return TargetForecast(loss, float(reached[-1]), Quantiles(tuple(levels), tuple(values)))


def reaching(below: FloatArray, sharpness: float, wander: float) -> FloatArray:
    """Return the probability that a curve has been at a loss, from that of its being there now.

    The lowest point of a wandering curve lies below its last one, and how far is uncertain: so the chance of
    what is unlikely is raised, and never any lowered, which keeps it consistent with the curve's quantiles.

    Args:
        below: probability that the curve is at most at the loss.
        sharpness: factor of its normal score, at most 1.
        wander: added to it.
    """
    scores = ndtri(np.clip(below, _NEARLY, 1 - _NEARLY))
    return np.maximum(below, ndtr(sharpness * scores + wander))
