"""Quantiles of weighted values."""

import numpy as np

from planner.curve import FloatArray


def weighted_quantiles(values: FloatArray, weight: FloatArray, levels: FloatArray) -> FloatArray:
    """Return the quantiles of weighted values, linear between the middles of their masses.

    Args:
        values: shape (n,).
        weight: not negative, adding up to 1, shape (n,).
        levels: shape (levels,).
    """
    order = np.argsort(values)
    mass = weight[order]
    return np.interp(levels, np.cumsum(mass) - mass / 2, values[order])
