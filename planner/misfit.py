"""Gaussian processes in ln x for what no law explains."""

from dataclasses import dataclass

import numpy as np

from planner.bins import WINDOWS
from planner.curve import FloatArray

_WALK_START = float(np.log(1 / WINDOWS[0])) + 0.5


@dataclass(frozen=True, slots=True)
class Kernel:
    """A stationary Matérn-3/2 process of a length, or a random walk where the length is 0.

    Source: Rasmussen and Williams, Gaussian Processes for Machine Learning, section 4.2.

    Attributes:
        name: the key of its learned weight.
        length: in ln x.
        amplitude: standard deviation, in units of the curve's scale.
        noise_factor: how far the measured noise variance is off.
    """

    name: str
    length: float
    amplitude: float
    noise_factor: float

    def between(self, u: FloatArray, v: FloatArray) -> FloatArray:
        """Return the covariance between two sets of ln x, shape (len(u), len(v))."""
        if self.length == 0:
            return np.asarray(self.amplitude**2 * np.maximum(np.minimum(u[:, None], v) + _WALK_START, 0.0))
        distance = np.sqrt(3) * np.abs(u[:, None] - v) / self.length
        return np.asarray(self.amplitude**2 * (1 + distance) * np.exp(-distance))

    def variance(self, u: FloatArray) -> FloatArray:
        """Return the variance at ln x, shape of ``u``."""
        grown = np.maximum(u + _WALK_START, 0.0) if self.length == 0 else np.ones_like(u)
        return np.asarray(self.amplitude**2 * grown)


KERNELS: tuple[Kernel, ...] = (
    Kernel("smooth 0.25 calm", 1.5, 0.25, 0.5),
    Kernel("smooth 0.25", 1.5, 0.25, 1.5),
    Kernel("smooth 0.7", 1.5, 0.7, 1.0),
    Kernel("smooth 0.08", 1.5, 0.08, 1.0),
    Kernel("rough 0.7", 0.4, 0.7, 1.5),
    Kernel("rough 0.08", 0.4, 0.08, 1.5),
    Kernel("walk 0.2", 0.0, 0.2, 0.5),
)
