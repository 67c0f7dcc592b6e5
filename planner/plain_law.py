"""The plain laws by themselves: floor + amplitude * step ** -exponent, and the exponential decay."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.bins import Bins
from planner.curve import FloatArray
from planner.weighted import weighted_quantiles

_EXPONENTS = np.geomspace(0.02, 3.0, 40)
_DECAYS = np.geomspace(0.03, 1.5, 24)  # of an exponential, in the steps seen
_FINE = 32
_SUPPORT = 16.0  # squared residuals above the best: e to the -8 of its weight
_PLAIN = 0.01  # a mean over a bin is off a bent law by about this share of its height
_CAUTION = 1.5  # the noise is itself an estimate: without it the intervals are a little short
_FEWEST = 4
_NODES = np.linspace(-2.0, 2.0, 9)
_FAR = 600.0  # e to this power is still a float
_LEAST_NOISE = 1e-7  # variance in units of the curve's scale: an exact curve is not infinitely precise
_ALIKE = 1e-14


@dataclass(frozen=True, slots=True)
class PlainLaw:
    """The posterior of pow3 and of the exponential (Domhan et al., IJCAI 2015), each shape one linear fit.

    Attributes:
        weight: posterior weight of each shape, shape (m,).
        rate: exponent of a power, or decays within the steps seen of an exponential, shape (m,).
        is_power: which of the two each shape is, shape (m,).
        floor: its floor in units of loss, shape (m,).
        drop: its height above the floor at the last point, in units of loss, shape (m,).
        deviation: of floor and drop, shape (m, 2).
        misfit: squared residuals of the best over those that noise explains; about 1 for a true plain law.
        end: x of the last point.
    """

    weight: FloatArray
    rate: FloatArray
    is_power: NDArray[np.bool_]
    floor: FloatArray
    drop: FloatArray
    deviation: FloatArray
    misfit: float
    end: float

    def mean(self, x: FloatArray) -> FloatArray:
        """Return the expected loss at x, shape of ``x``."""
        each = self.floor[:, None] + self.drop[:, None] * _shapes(self.rate, self.is_power, x / self.end)
        return np.asarray(self.weight @ each)

    def parameters(self, levels: FloatArray) -> FloatArray | None:
        """Return quantiles of the powers' floor, exponent and amplitude, shape (3, len(levels)).

        ``None`` where no power law carries any weight.
        """
        total = self.weight[self.is_power].sum()
        if total <= 0:
            return None
        mass = np.exp(-0.5 * _NODES**2)
        weight = np.outer(self.weight[self.is_power] / total, mass / mass.sum()).ravel()
        deviation, exponent = self.deviation[self.is_power], self.rate[self.is_power, None]
        floor = self.floor[self.is_power, None] + deviation[:, :1] * _NODES
        drop = np.maximum(self.drop[self.is_power, None] + deviation[:, 1:] * _NODES, 0.0)
        amplitude = drop * np.exp(np.minimum(exponent * np.log(self.end), _FAR))
        exponents = np.broadcast_to(exponent, floor.shape)
        return np.array(
            [weighted_quantiles(p.ravel(), weight, levels) for p in (floor, exponents, amplitude)]
        )


def fit_plain_law(bins: Bins, variance: FloatArray, end: float) -> PlainLaw | None:
    """Return the plain laws that fit bins of losses; ``None`` with fewer than four, or where none falls.

    Args:
        bins: of the losses themselves.
        variance: noise variance of the bins' ``z``, shape of ``bins.z``.
        end: x of the last point.
    """
    if len(bins.u) < _FEWEST:
        return None
    families = [
        _refined(bins, variance, grid, is_power=p) for grid, p in ((_EXPONENTS, True), (1 / _DECAYS, False))
    ]
    rate, is_power, factors, deviation, residual, width = (
        np.concatenate(c) for c in zip(*families, strict=True)
    )
    if not np.isfinite(residual).any():
        return None
    misfit = float(residual.min()) / max(len(bins.u) - 3, 1)
    excess = _CAUTION * max(1.0, misfit)
    weight = width * np.exp(-0.5 * (residual - residual.min()) / excess)
    floor, drop = bins.level + bins.scale * factors[:, 0], bins.scale * factors[:, 1]
    spread = bins.scale * np.sqrt(excess) * deviation
    return PlainLaw(weight / weight.sum(), rate, is_power, floor, drop, spread, misfit, end)


def _refined(bins: Bins, variance: FloatArray, grid: FloatArray, *, is_power: bool) -> tuple[FloatArray, ...]:
    """Fit a family on a coarse grid of rates, then on a fine one where the weight is."""
    _, _, residual = _linear(bins, variance, grid, is_power=is_power)
    near = np.flatnonzero(residual <= residual.min() + _SUPPORT * max(1.0, residual.min() / len(bins.u)))
    first, last = (near[0], near[-1]) if np.isfinite(residual).any() else (0, len(grid) - 1)
    fine = np.geomspace(grid[max(first - 1, 0)], grid[min(last + 1, len(grid) - 1)], _FINE)
    factors, deviation, residual = _linear(bins, variance, fine, is_power=is_power)
    width = np.full(_FINE, abs(np.log(fine[-1] / fine[0])) / _FINE)
    return fine, np.full(_FINE, is_power), factors, deviation, residual, width


def _linear(
    bins: Bins, variance: FloatArray, rate: FloatArray, *, is_power: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return floor and drop, their deviations and the squared residuals of each rate, rising ones at inf."""
    basis = _shapes(rate, np.full(len(rate), is_power), np.exp(bins.u))
    design = np.stack([np.ones_like(basis), basis], axis=2)
    precision = 1 / (variance + np.median(variance) * 0.01 + (_PLAIN * bins.z) ** 2 + _LEAST_NOISE)
    squares = np.swapaxes(design, 1, 2) @ (design * precision[:, None])
    # steps that hardly differ from each other, as a counter that began at 1e12, leave the two columns alike
    ridge = 1e-9 + _ALIKE * np.trace(squares, axis1=1, axis2=2)[:, None, None]
    covariance = np.linalg.inv(squares + ridge * np.eye(2))
    factors = np.einsum("mij,mnj,n->mi", covariance, design, precision * bins.z)
    residual = ((bins.z - np.einsum("mni,mi->mn", design, factors)) ** 2 * precision).sum(axis=1)
    deviation = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 0.0))
    return factors, deviation, np.where(factors[:, 1] >= 0, residual, np.inf)


def _shapes(rate: FloatArray, is_power: NDArray[np.bool_], clock: FloatArray) -> FloatArray:
    """Return every shape at a clock that is 1 at the last point, 1 there; shape (shapes, len(clock))."""
    elapsed = np.where(is_power[:, None], np.log(clock), clock - 1)
    return np.exp(np.minimum(-rate[:, None] * elapsed, _FAR / 4))
