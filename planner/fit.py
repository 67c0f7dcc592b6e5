"""A Bayesian average over laws, learning-rate terms and misfit processes, all in closed form.

In each mode (the losses, or their logarithms) a model is linear in its level, drop and rate, with a Gaussian
process for what it misses: evidence and prediction are closed forms (Rasmussen and Williams, Gaussian
Processes for Machine Learning, section 2.7).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from planner import learned
from planner.bins import WINDOWS, Bins, bin_series
from planner.curve import FloatArray, Kind, Series
from planner.grid import Grid, columns, grid
from planner.misfit import KERNELS, Kernel
from planner.schedule import Schedule

MOST_COMPONENTS = 160
"""The heaviest models kept: on the development logs they forecast better than all together."""

_JITTER = 1e-6
_LEAST_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Mode:
    """The data in one mode, factorised under every kernel.

    Attributes:
        bins: the data.
        inverse: inverse Cholesky factor of their covariance, shape (kernels, n, n).
        solved: those times the data and the columns, shape (kernels, n, 1 + columns).
    """

    bins: Bins
    inverse: FloatArray
    solved: FloatArray


@dataclass(frozen=True, slots=True)
class Components:
    """The models that carry the weight.

    Attributes:
        weight: posterior weights, adding up to 1, shape (m,).
        mode: index of the mode of each, shape (m,).
        kernel: index of the kernel of each, shape (m,).
        model: index in the grid of each, shape (m,).
        factors: posterior mean of level, drop and rate, shape (m, 3).
        covariance: their posterior covariance, shape (m, 3, 3).
    """

    weight: FloatArray
    mode: NDArray[np.intp]
    kernel: NDArray[np.intp]
    model: NDArray[np.intp]
    factors: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted series: a mixture of Gaussian processes over the modes."""

    series: Series
    schedule: Schedule
    kind: Kind
    modes: tuple[Mode, ...]
    components: Components

    @property
    def is_logarithmic(self) -> NDArray[np.bool_]:
        """Whether each component is in the mode of logarithms, shape (m,)."""
        return np.array([mode.bins.logarithmic for mode in self.modes])[self.components.mode]

    def predict(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and deviation of the noise-free curve in each component's mode, (m, len(x)) each."""
        mean, deviation = np.empty((2, len(self.components.weight), len(x)))
        ahead = columns(self.schedule, x)
        for i, mode in enumerate(self.modes):
            for k, kernel in enumerate(KERNELS):
                rows = np.flatnonzero((self.components.mode == i) & (self.components.kernel == k))
                if len(rows):
                    mean[rows], deviation[rows] = self._predict_rows(rows, mode, kernel, x, ahead)
            rows = self.components.mode == i
            mean[rows], deviation[rows] = _in_units(mode.bins, mean[rows], deviation[rows])
        return mean, deviation

    def _predict_rows(
        self, rows: NDArray[np.intp], mode: Mode, kernel: Kernel, x: FloatArray, ahead: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        kept, k = self.components, KERNELS.index(kernel)
        u = np.log(x / self.series.end)
        cross = mode.inverse[k] @ kernel.between(mode.bins.u, u)
        explained = cross.T @ mode.solved[k]
        used = grid(self.schedule.situation).columns[kept.model[rows]]
        rest = ahead[:, used] - explained[:, 1 + used]
        mean = explained[:, 0] + np.einsum("hmc,mc->mh", rest, kept.factors[rows])
        of_factors = np.einsum("hmc,mcd,hmd->mh", rest, kept.covariance[rows], rest)
        variance = kernel.variance(u) - (cross**2).sum(axis=0) + of_factors
        return mean, np.sqrt(np.maximum(variance, _LEAST_VARIANCE))


def fit_series(series: Series, schedule: Schedule, kind: Kind, most: int = MOST_COMPONENTS) -> Fit:
    """Fit every model of the schedule's grid to a series of at least two different losses.

    Args:
        series: what has been seen.
        schedule: what is known or supposed of the learning rate.
        kind: of the curve; what was learned differs between training and validation.
        most: models to keep, the heaviest first.
    """
    logarithmic = [False, True] if (series.y > 0).all() else [False]
    modes: list[Mode] = []
    for window in WINDOWS:
        bins = [bin_series(series, window, logarithmic=each) for each in logarithmic]
        # both modes have the same bins, and with them the same columns and covariances
        seen = columns(schedule, np.exp(bins[0].u) * series.end)
        misfit = np.array([kernel.between(bins[0].u, bins[0].u) for kernel in KERNELS])
        modes += [_factorise(each, seen, misfit) for each in bins]
    components = _weigh(tuple(modes), grid(schedule.situation), kind, most)
    return Fit(series, schedule, kind, tuple(modes), components)


def _factorise(bins: Bins, seen: FloatArray, misfit: FloatArray) -> Mode:
    noise = np.array([kernel.noise_factor for kernel in KERNELS])[:, None] * bins.variance + _JITTER
    covariance = misfit.copy()
    covariance[:, np.arange(len(bins.u)), np.arange(len(bins.u))] += noise
    inverse = np.linalg.inv(np.linalg.cholesky(covariance))
    return Mode(bins, inverse, inverse @ np.column_stack([bins.z, seen]))


def _weigh(modes: tuple[Mode, ...], models: Grid, kind: Kind, most: int) -> Components:
    """Return the heaviest models of all modes and kernels with their factors."""
    found = [solve(mode, models) for mode in modes]
    evidence = np.array([each[0] for each in found])
    log_weight = learned.TEMPERATURES[kind or "train"] * evidence + _log_prior(modes, models)
    # evidence compares models of the same data: each window has its own share
    of_windows = log_weight.reshape(len(WINDOWS), -1)
    shares = np.log(learned.WINDOWS[kind or "train"])
    flat = (of_windows - logsumexp(of_windows, axis=1, keepdims=True) + shares[:, None]).ravel()
    kept = np.argsort(-flat)[:most]
    weight = np.exp(flat[kept])
    mode, kernel, model = np.unravel_index(kept, log_weight.shape)
    factors = np.array([each[1] for each in found])[mode, kernel, model]
    covariance = np.array([each[2] for each in found])[mode, kernel, model]
    return Components(weight / weight.sum(), mode, kernel, model, factors, covariance)


def _log_prior(modes: tuple[Mode, ...], models: Grid) -> FloatArray:
    """Return the learned log weight of every model, shape (modes, kernels, models)."""
    of_modes = np.log([learned.MODES["log" if mode.bins.logarithmic else "raw"] for mode in modes])
    of_kernels = np.log([learned.KERNELS[kernel.name] for kernel in KERNELS])
    return np.asarray(of_modes[:, None, None] + of_kernels[:, None] + models.log_weight)


def solve(mode: Mode, models: Grid) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log evidence, factors and their covariance of every model under every kernel.

    Shapes (kernels, models), (kernels, models, 3), (kernels, models, 3, 3).
    """
    products = np.swapaxes(mode.solved, 1, 2) @ mode.solved
    used = 1 + models.columns
    precision = products[:, used[:, :, None], used[:, None, :]]
    precision[:, :, np.arange(3), np.arange(3)] += models.precision
    towards = products[:, used, 0] + models.precision * models.mean
    covariance, log_determinant = _inverse(precision)
    factors = np.einsum("kmij,kmj->kmi", covariance, towards)
    prior = (models.precision * models.mean**2).sum(axis=1)
    quadratic = products[:, :1, 0] + prior - (towards * factors).sum(axis=2)
    log_covariance = -2 * np.log(np.diagonal(mode.inverse, axis1=1, axis2=2)).sum(axis=1)
    log_terms = log_covariance[:, None] + log_determinant - np.log(models.precision).sum(axis=1)
    evidence = -0.5 * (quadratic + log_terms + len(mode.bins.z) * np.log(2 * np.pi))
    return evidence + mode.bins.log_jacobian, factors, covariance


def _inverse(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return inverse and log determinant of symmetric 3 x 3 matrices, by cofactors."""
    a, b, c = matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 0, 2]
    d, e, f = matrix[..., 1, 1], matrix[..., 1, 2], matrix[..., 2, 2]
    ca, cb, cc = d * f - e * e, c * e - b * f, b * e - c * d
    cd, ce, cf = a * f - c * c, b * c - a * e, a * d - b * b
    determinant = a * ca + b * cb + c * cc
    rows = np.stack([np.stack([ca, cb, cc], -1), np.stack([cb, cd, ce], -1), np.stack([cc, ce, cf], -1)], -2)
    return rows / determinant[..., None, None], np.log(determinant)


def _in_units(bins: Bins, mean: FloatArray, deviation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the moments in the units of the mode, kept within what a curve can do.

    Without the bounds one model in thousands, extrapolated far, sends the whole average to infinity.
    """
    low, high, widest = (-6.0, 0.7, 1.0) if bins.logarithmic else (-6.0, 3.0, 4.0)
    unit = 1.0 if bins.logarithmic else bins.scale
    bounded = bins.level + np.clip(bins.scale * mean, low * unit, high * unit)
    return bounded, np.minimum(bins.scale * deviation, widest * unit)
