"""What is believed of a loss at some steps: quantile curves that can be read both ways."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from planner.curve import FloatArray
from planner.weighted import weighted_quantiles

LEVELS = np.array([0.005, 0.02, 0.05, 0.1, 0.17, 0.25, 0.37, 0.5, 0.63, 0.75, 0.83, 0.9, 0.95, 0.98, 0.995])
MIDDLE = 7
_LOW, _HIGH = 3, 11  # of 10 and 90 %
_FARTHEST = 40.0
"""Widths between two quantiles beyond which a loss is surely above or below: nobody tells more apart."""

_SCORES = ndtri(LEVELS)
_NODES = ndtri(
    np.array([0.002, 0.01, 0.03, 0.07, 0.14, 0.25, 0.37, 0.5, 0.63, 0.75, 0.86, 0.93, 0.97, 0.99, 0.998])
)
_NODE_MASS = np.diff(np.concatenate([[0.0], ndtr((_NODES[1:] + _NODES[:-1]) / 2), [1.0]]))


@dataclass(frozen=True, slots=True)
class Belief:
    """Quantiles of the loss at steps, linear in normal scores in between and beyond.

    Attributes:
        values: at ``LEVELS``, non-decreasing along the second axis, shape (steps, 15).
    """

    values: FloatArray

    @property
    def width(self) -> FloatArray:
        """Width of the 80 % interval at each step, shape (steps, 1)."""
        return self.values[:, _HIGH, None] - self.values[:, _LOW, None]

    def quantiles(self, levels: FloatArray) -> FloatArray:
        """Return the loss at each level, shape (steps, len(levels))."""
        scores = ndtri(np.clip(levels, 1e-9, 1 - 1e-9))
        right = np.clip(np.searchsorted(_SCORES, scores), 1, len(LEVELS) - 1)
        part = (scores - _SCORES[right - 1]) / (_SCORES[right] - _SCORES[right - 1])
        low, high = self.values[:, right - 1], self.values[:, right]
        # rounding may let equal quantiles cross by the last digit
        return np.maximum.accumulate(low + part * (high - low), axis=1)

    def probability_below(self, loss: float) -> FloatArray:
        """Return the probability that the loss is at most ``loss``, shape (steps,)."""
        right = np.clip((self.values < loss).sum(axis=1), 1, len(LEVELS) - 1)
        rows = np.arange(len(right))
        low, high = self.values[rows, right - 1], self.values[rows, right]
        width = np.maximum(high - low, np.finfo(float).tiny + 1e-12 * np.abs(high))
        # clipped before it is divided: a loss far away would overflow
        part = np.clip(loss - low, -_FARTHEST * width, _FARTHEST * width) / width
        score = _SCORES[right - 1] + part * (_SCORES[right] - _SCORES[right - 1])
        return np.asarray(ndtr(score))


def mixture(
    weight: FloatArray, mean: FloatArray, deviation: FloatArray, is_logarithmic: NDArray[np.bool_]
) -> Belief:
    """Return the belief that a mixture of normals (lognormals where logarithmic) amounts to.

    Args:
        weight: adding up to 1, shape (m,).
        mean: in the mode of each component, shape (m, steps).
        deviation: likewise.
        is_logarithmic: shape (m,).
    """
    mass = np.outer(weight, _NODE_MASS).ravel()
    nodes = mean[:, :, None] + deviation[:, :, None] * _NODES
    nodes[is_logarithmic] = np.exp(nodes[is_logarithmic])
    columns = [weighted_quantiles(nodes[:, i].ravel(), mass, LEVELS) for i in range(mean.shape[1])]
    return Belief(np.array(columns).reshape(-1, len(LEVELS)))
