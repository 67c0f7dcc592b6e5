"""Evenly spread points in a unit cube: draws without a random number generator."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

FloatArray = NDArray[np.float64]

DRAWS = 2048


@lru_cache(maxsize=16)
def uniform(dimension: int, dimensions: int = 12) -> FloatArray:
    """Return one coordinate of ``DRAWS`` evenly spread points, each in (0, 1).

    The R sequence of M. Roberts (2018), "The unreasonable effectiveness of quasirandom sequences": multiples
    of the powers of 1/g, g being the root of g^(d+1) = g + 1.
    """
    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (dimensions + 1))
    spread = np.mod(0.5 + np.arange(1, DRAWS + 1) * root ** -(dimension + 1.0), 1.0)
    # Ranked, so that each coordinate alone is an exact grid and its quantiles carry no noise.
    points = (np.argsort(np.argsort(spread)) + 0.5) / DRAWS
    points.flags.writeable = False
    return np.asarray(points)


@lru_cache(maxsize=16)
def normal(dimension: int) -> FloatArray:
    """Return standard normal draws along one coordinate."""
    return np.asarray(ndtri(uniform(dimension)))


@lru_cache(maxsize=16)
def student(dimension: int, freedom: float) -> FloatArray:
    """Return Student-t draws along one coordinate, scaled so that 10 % and 90 % are the normal's."""
    draws = stdtrit(freedom, uniform(dimension))
    return np.asarray(draws * (ndtri(0.9) / stdtrit(freedom, 0.9)))
