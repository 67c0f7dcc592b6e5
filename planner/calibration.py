"""How far a fitted belief is to be trusted: learned from curves that were kept aside."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from planner import learned
from planner.belief import LEVELS, MIDDLE, Belief
from planner.bins import Bins
from planner.curve import FloatArray, Series
from planner.fit import Fit
from planner.grid import grid
from planner.plain_law import PlainLaw

LOCAL_SHARE = 0.05
"""A level is the mean of this share of the records: the noise left in that mean is part of the answer."""

RAMP = 0.2
"""In ln x, from the last point seen: over so much the data's own quantiles turn into the forecast's."""

_FARTHEST_PULL = 6.0  # widths of the 80 % interval, so that one simple method gone astray does no harm
_PURE_TRUST = 0.95  # in a plain law that explains everything; the rest is for what changes later
_PURE_MISFIT = (1.3, 1.7)  # squared residuals over the noise: up to here a law is plain, from here on not
_FEWEST_PURE = 25  # bins: fewer fit any law
_PURE_REACH = (2.2, 4.0)  # times the steps seen: up to here a plain law holds, from here on nobody knows
_INDEPENDENT = 2.0  # records one is worth: above, their noise is a course of its own
_STEADY_RATE = 0.05  # of its largest value: a learning rate that changes by more is no steady one
_FARTHEST_FALL = 2.3  # ln 10
_WHOLE_DECAY = 2.0  # factors e in steps that a decay to zero is worth
_LIFTED = 1.3
_SCORES = ndtri(LEVELS)
_SHAPE = np.interp(np.abs(_SCORES), ndtri([0.75, 0.9, 0.95]), [0.75, 1.0, 1.1])
"""Real errors are more often small, and more often large, than an average over models has them."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a calibrated belief is made of, before its spread is chosen: shapes (steps, 15) or (steps, 1).

    Attributes:
        middle: medians, pulled towards what simple methods say.
        away: the quantiles of the average over models less its median.
        noise: standard error of the level's own mean.
        fall: what the loss may still lose by learning on, for each unit of the learned share; of a validation
            curve as far as its counter seems to have begun late.
        ramp: 0 up to the last point seen, 1 from a fifth beyond it on.
    """

    middle: FloatArray
    away: FloatArray
    noise: FloatArray
    fall: FloatArray
    ramp: FloatArray

    def belief(self, spread: float, decay: float) -> Belief:
        """Return the belief.

        Args:
            spread: factor of the models' spread.
            decay: share of itself that the loss may lose, beyond what the models expect, for each factor e
                in steps: a learning rate that falls, or a run that carries an earlier one on, lets a curve
                that looked flat fall again.
        """
        stretch = 1 + self.ramp * (spread * _SHAPE - 1)
        below = decay * self.fall * np.minimum(_SCORES, 0.0)
        widths = np.sqrt((stretch * self.away) ** 2 + (self.noise * _SCORES) ** 2 + below**2)
        return Belief(np.maximum.accumulate(self.middle + np.sign(_SCORES) * widths, axis=1))


def calibrate(
    belief: Belief, x: FloatArray, fit: Fit, law: PlainLaw | None, *, is_lifted: bool = False
) -> Belief:
    """Return the belief pulled towards what simple methods say, its spread corrected.

    Args:
        belief: what the average over models says at ``x``.
        x: clock values, shape (steps,).
        fit: the average over models.
        law: the plain laws, ``None`` where none fits.
        is_lifted: whether the losses were moved above 0, so that where they could end is less certain.
    """
    spreads = learned.SPREADS[fit.kind or "train"]
    caution = _LIFTED if is_lifted else 1.0
    return parts(belief, x, fit, law).belief(caution * spreads["spread"], spreads["decay"])


def parts(belief: Belief, x: FloatArray, fit: Fit, law: PlainLaw | None) -> Parts:
    """Return what the calibrated belief is made of; the arguments are those of `calibrate`."""
    ramp, bins = _ramp(x, fit), fit.modes[0].bins
    noise = learned.PULLS[fit.kind or "train"]["noise"] * local_noise(x, fit.series, bins)[:, None]
    return Parts(
        middle=_pulled(belief, x, fit, law),
        away=belief.values - belief.values[:, MIDDLE : MIDDLE + 1],
        noise=ramp * noise,
        fall=ramp * _learning_ahead(x, fit) * abs(bins.level) * _lateness(fit),
        ramp=ramp,
    )


def _pulled(belief: Belief, x: FloatArray, fit: Fit, law: PlainLaw | None) -> FloatArray:
    """Return the medians pulled towards the last level and the plain law, shape (steps, 1)."""
    pulls = learned.PULLS[fit.kind or "train"]
    middle = belief.values[:, MIDDLE : MIDDLE + 1]
    reach = _FARTHEST_PULL * belief.width
    to_last = np.clip(fit.modes[0].bins.level - middle, -reach, reach)
    pulled = middle + _ramp(x, fit) * pulls["last"] * to_last
    if law is None:
        return np.asarray(pulled)
    return np.asarray(pulled + _trust(x, fit, law) * np.clip(law.mean(x)[:, None] - middle, -reach, reach))


def _trust(x: FloatArray, fit: Fit, law: PlainLaw) -> FloatArray:
    """Return the share of the plain law: larger far ahead, and near where the curve is one; (steps, 1)."""
    pulls = learned.PULLS[fit.kind or "train"]
    pure = _PURE_TRUST * _purity(law, fit.modes[0].bins) * _nearness(x, fit) * _steadiness(x, fit)
    decades = np.clip(np.log10(x / fit.series.end), 0.0, 1.0)[:, None]
    near = _ramp(x, fit) * np.maximum(pulls["plain law"], pure)
    return np.maximum(near, decades * pulls["plain law a decade on"])


def _ramp(x: FloatArray, fit: Fit) -> FloatArray:
    """Return 0 up to the last point seen and 1 from a fifth beyond it on, shape (steps, 1)."""
    return np.clip(np.log(x / fit.series.end) / RAMP, 0.0, 1.0)[:, None]


def local_noise(x: FloatArray, series: Series, bins: Bins) -> FloatArray:
    """Return the standard error of a mean over 5 % of the records reported by x, shape of ``x``."""
    records = LOCAL_SHARE * series.counts.sum() * x / series.end
    return np.asarray(bins.sigma * np.sqrt(bins.inflation / np.maximum(records, 1.0)))


def _learning_ahead(x: FloatArray, fit: Fit) -> FloatArray:
    """Return how much learning there is by x, in factors e of steps; shape (steps, 1)."""
    ahead = np.clip(np.log(x / fit.series.end), 0.0, _FARTHEST_FALL)
    rate = fit.schedule.rate
    if fit.schedule.situation == "awaited" and rate is not None:
        ahead = ahead + _WHOLE_DECAY * np.maximum(rate.at(np.array([fit.series.end])) - rate.at(x), 0.0)
    return np.asarray(ahead)[:, None]


def _lateness(fit: Fit) -> float:
    """Return how far to reckon with learning done before the counter began, which makes the past look flat.

    The noise of a training curve hides it: 1. A validation curve tells: the weight of the laws that say so.
    On the development logs as they are that is 0.07, on those counted from 30 % of their steps on 0.37: of
    those, left out of the learning, the 80 % interval then holds 72 % of the truths, without it 61 %.
    """
    if fit.kind != "val":
        return 1.0
    begins_late = grid(fit.schedule.situation).begins_late[fit.components.model]
    return float(fit.components.weight[begins_late].sum())


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
