"""Evenly spread points in a unit cube: the same draws every time."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

FloatArray = NDArray[np.float64]

DRAWS = 2048

THINNING = 8
"""Every so many draws are enough for what has to be searched for or played on."""


@lru_cache(maxsize=32)
def uniform(dimension: int) -> FloatArray:
    """Return one coordinate of ``DRAWS`` evenly spread points, each in (0, 1).

    A Latin hypercube with a fixed seed (McKay, Beckman and Conover 1979): the coordinate alone is an exact
    grid, so that its quantiles carry no noise.
    """
    order = np.random.default_rng(dimension).permutation(DRAWS)
    return _frozen((order + 0.5) / DRAWS)


@lru_cache(maxsize=32)
def normal(dimension: int) -> FloatArray:
    """Return standard normal draws along one coordinate."""
    return _frozen(ndtri(uniform(dimension)))


@lru_cache(maxsize=32)
def student(dimension: int, freedom: float) -> FloatArray:
    """Return Student-t draws along one coordinate, scaled so that 10 % and 90 % are the normal's."""
    draws = stdtrit(freedom, uniform(dimension))
    return _frozen(draws * (ndtri(0.9) / stdtrit(freedom, 0.9)))


def _frozen(draws: FloatArray) -> FloatArray:
    draws.flags.writeable = False
    return draws
