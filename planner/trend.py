"""A steady drift of the pace: sequences that grow, a disk that fills, a node that heats up."""

import numpy as np

from planner.timings import FloatArray

_FEWEST_BLOCKS = 8
_AGAINST_LEVEL = 0.3
_AGAINST_STEP = 0.6
"""A line must leave so much less unexplained than one level and than one step does."""


def slope(means: FloatArray, weights: FloatArray) -> float:
    """Return the relative change of the mean a step, 0 where a level or one sudden step explains as much.

    Args:
        means: block means in time order, shape (n,).
        weights: steps in each block, shape (n,).
    """
    if len(means) < _FEWEST_BLOCKS:
        return 0.0
    logs = np.log(means)
    at = np.cumsum(weights) - weights / 2
    centred = at - at.mean()
    gradient = float(centred @ logs / (centred @ centred))
    left = _squares(logs - gradient * centred)
    credible = left < _AGAINST_LEVEL * _squares(logs) and left < _AGAINST_STEP * _best_step(logs)
    return gradient if credible else 0.0


def _squares(values: FloatArray) -> float:
    return float(np.sum((values - values.mean()) ** 2))


def _best_step(logs: FloatArray) -> float:
    """Return what the best single step leaves unexplained."""
    count = np.arange(1, len(logs))
    total, squares = np.cumsum(logs), np.cumsum(logs**2)
    before = squares[:-1] - total[:-1] ** 2 / count
    after = (squares[-1] - squares[:-1]) - (total[-1] - total[:-1]) ** 2 / (len(logs) - count)
    return float(np.min(before + after))
