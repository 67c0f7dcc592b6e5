"""The power law floor + amplitude * step ** -exponent by itself, with its parameters' intervals."""

from dataclasses import dataclass

import numpy as np

from planner.bins import Bins
from planner.curve import FloatArray
from planner.weighted import weighted_quantiles

EXPONENTS = np.geomspace(0.02, 3.0, 56)
_FEWEST = 4
_NODES = np.linspace(-2.0, 2.0, 9)


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """The posterior of pow3 (Domhan et al., IJCAI 2015) by variable projection: one linear fit an exponent.

    Attributes:
        weight: posterior weight of each exponent, shape (m,).
        floor: its floor in units of loss, shape (m,).
        drop: its amplitude at the last point, in units of loss, shape (m,).
        covariance: of floor and drop, shape (m, 2, 2).
        misfit: squared residuals of the best over those that noise explains; about 1 for a true power law.
        end: x of the last point.
    """

    weight: FloatArray
    floor: FloatArray
    drop: FloatArray
    covariance: FloatArray
    misfit: float
    end: float

    def mean(self, x: FloatArray) -> FloatArray:
        """Return the expected loss at x, shape of ``x``."""
        each = self.floor[:, None] + self.drop[:, None] * (x / self.end) ** -EXPONENTS[:, None]
        return np.asarray(self.weight @ each)

    def parameters(self, levels: FloatArray) -> FloatArray:
        """Return quantiles of floor, exponent and amplitude, shape (3, len(levels))."""
        mass = np.exp(-0.5 * _NODES**2)
        weight = np.outer(self.weight, mass / mass.sum()).ravel()
        floor = self.floor[:, None] + np.sqrt(self.covariance[:, :1, 0]) * _NODES
        drop = self.drop[:, None] + np.sqrt(self.covariance[:, 1:, 1]) * _NODES
        amplitude = np.maximum(drop, 0.0) * np.exp(np.minimum(EXPONENTS * np.log(self.end), 600.0))[:, None]
        exponent = np.broadcast_to(EXPONENTS[:, None], floor.shape) * _jitter(floor.shape)
        return np.array([weighted_quantiles(p.ravel(), weight, levels) for p in (floor, exponent, amplitude)])


def _jitter(shape: tuple[int, ...]) -> FloatArray:
    """Spread each exponent over its cell of the geometric grid."""
    half = np.log(EXPONENTS[1] / EXPONENTS[0]) / 2
    return np.broadcast_to(np.exp(np.linspace(-half, half, shape[1])), shape)


def fit_power_law(bins: Bins, end: float) -> PowerLaw | None:
    """Return the power laws that fit bins of losses; ``None`` with fewer than four, or where none falls."""
    if len(bins.u) < _FEWEST:
        return None
    basis = np.exp(-EXPONENTS[:, None] * bins.u)
    design = np.stack([np.ones_like(basis), basis], axis=2)
    precision = 1 / (bins.variance + np.median(bins.variance) * 0.01 + 1e-6)
    squares = np.swapaxes(design, 1, 2) @ (design * precision[:, None])
    covariance = np.linalg.inv(squares + 1e-9 * np.eye(2))
    factors = np.einsum("mij,mnj,n->mi", covariance, design, precision * bins.z)
    residual = ((bins.z - np.einsum("mni,mi->mn", design, factors)) ** 2 * precision).sum(axis=1)
    residual = np.where(factors[:, 1] >= 0, residual, np.inf)
    if not np.isfinite(residual).any():
        return None
    misfit = float(residual.min()) / max(len(bins.u) - 3, 1)
    excess = max(1.0, misfit)
    weight = np.exp(-0.5 * (residual - residual.min()) / excess)
    floor, drop = bins.level + bins.scale * factors[:, 0], bins.scale * factors[:, 1]
    spread = np.asarray(covariance * bins.scale**2 * excess, dtype=float)
    return PowerLaw(weight / weight.sum(), floor, drop, spread, misfit, end)
