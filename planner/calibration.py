"""How far a fitted belief is to be trusted: learned from curves that were kept aside."""

import numpy as np
from scipy.special import ndtri

from planner import learned
from planner.belief import LEVELS, MIDDLE, Belief
from planner.bins import Bins
from planner.curve import FloatArray, Series
from planner.fit import Fit
from planner.plain_law import PlainLaw

LOCAL_SHARE = 0.05
"""A level is the mean of this share of the records: the noise left in that mean is part of the answer."""

_RAMP = 0.2
_FARTHEST = 6.0
_PURE_TRUST = 0.95
_PURE_MISFIT = (1.3, 1.7)
_FEWEST_PURE = 25
_PURE_REACH = (2.2, 4.0)
_INDEPENDENT = 2.0
_STEADY_RATE = 0.05
_SCORES = ndtri(LEVELS)


def calibrate(belief: Belief, x: FloatArray, fit: Fit, law: PlainLaw | None) -> Belief:
    """Return the belief pulled towards what simple methods say, its spread corrected.

    Args:
        belief: what the average over models says at ``x``.
        x: clock values, shape (steps,).
        fit: the average over models.
        law: the plain laws, ``None`` where none fits.
    """
    constants = learned.CALIBRATION[fit.kind or "train"]
    ramp = _ramp(x, fit)
    away = belief.values - belief.values[:, MIDDLE : MIDDLE + 1]
    stretch = 1 + ramp * (constants["spread"] - 1)
    noise = local_noise(x, fit.series, fit.modes[0].bins)[:, None]
    local = ramp * constants["noise"] * noise * _SCORES
    return Belief(_pulled(belief, x, fit, law) + np.sign(_SCORES) * np.hypot(stretch * away, local))


def _pulled(belief: Belief, x: FloatArray, fit: Fit, law: PlainLaw | None) -> FloatArray:
    """Return the medians pulled towards the last level and the plain law, shape (steps, 1)."""
    constants = learned.CALIBRATION[fit.kind or "train"]
    middle = belief.values[:, MIDDLE : MIDDLE + 1]
    reach = _FARTHEST * (belief.values[:, -4:-3] - belief.values[:, 3:4])
    to_last = np.clip(fit.modes[0].bins.level - middle, -reach, reach)
    pulled = middle + _ramp(x, fit) * constants["last"] * to_last
    if law is None:
        return np.asarray(pulled)
    return np.asarray(pulled + _trust(x, fit, law) * np.clip(law.mean(x)[:, None] - middle, -reach, reach))


def _trust(x: FloatArray, fit: Fit, law: PlainLaw) -> FloatArray:
    """Return the share of the plain law: larger far ahead, and near where the curve is one; (steps, 1)."""
    constants = learned.CALIBRATION[fit.kind or "train"]
    pure = _PURE_TRUST * _purity(law, fit.modes[0].bins) * _nearness(x, fit) * _steadiness(x, fit)
    decades = np.clip(np.log10(x / fit.series.end), 0.0, 1.0)[:, None]
    near = _ramp(x, fit) * np.maximum(constants["plain law"], pure)
    return np.maximum(near, decades * constants["plain law a decade on"])


def _ramp(x: FloatArray, fit: Fit) -> FloatArray:
    """Return 0 up to the last point seen and 1 from a fifth beyond it on, shape (steps, 1)."""
    return np.clip(np.log(x / fit.series.end) / _RAMP, 0.0, 1.0)[:, None]


def local_noise(x: FloatArray, series: Series, bins: Bins) -> FloatArray:
    """Return the standard error of a mean over 5 % of the records reported by x, shape of ``x``."""
    records = LOCAL_SHARE * series.counts.sum() * x / series.end
    return np.asarray(bins.sigma * np.sqrt(bins.inflation / np.maximum(records, 1.0)))


def _purity(law: PlainLaw, bins: Bins) -> float:
    """Return 1 where a plain law explains many bins down to independent noise, 0 where it does not."""
    if len(bins.u) < _FEWEST_PURE or bins.inflation > _INDEPENDENT:
        return 0.0
    full, none = _PURE_MISFIT
    return float(np.clip((none - law.misfit) / (none - full), 0.0, 1.0))


def _nearness(x: FloatArray, fit: Fit) -> FloatArray:
    """Return 1 up to little more than twice the steps seen, 0 from four times on; shape (steps, 1)."""
    near, far = np.log(_PURE_REACH)
    return np.asarray(np.clip((far - np.log(x / fit.series.end)) / (far - near), 0.0, 1.0)[:, None])


def _steadiness(x: FloatArray, fit: Fit) -> FloatArray:
    """Return 1 where the learning rate is not known to change by x, 0 where it is; shape (steps, 1)."""
    if fit.schedule.rate is None:
        return np.ones((len(x), 1))
    change = np.abs(fit.schedule.rate.at(x) - fit.schedule.rate.at(np.array([fit.series.end])))
    return np.asarray(1 - np.clip(change / _STEADY_RATE, 0.0, 1.0))[:, None]
