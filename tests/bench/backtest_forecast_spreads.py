"""Learn how wide a forecast must be, and what its lowest point is worth, from curves whose end is known.

The spread of each kind is the one with which a share of the truths lies in the 80 % interval, over the curves
as they are logged and changed. That share is a little above 80 % for training: from one collection of logs to
another intervals made the same way lost coverage on training curves, and not on validation curves.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import numpy as np
from backtest_forecast_cases import Case
from scipy.special import ndtri

from planner import learned
from planner.belief import Belief, mixture
from planner.calibration import Parts, parts
from planner.forecast import fit_curve
from planner.quantiles import DEFAULT_LEVELS
from planner.reaching import reaching

LEARNED_FROM = ("late start", "half the run")
CHANGED_SHARE = 0.3
FAMILY_POWER = 0.8
HELD = {"train": 0.82, "val": 0.8}
"""Share of the truths that the 80 % interval is to hold."""

_DECAYS = (0.0, 0.01, 0.02, 0.03, 0.04)
_SHARPNESS, _WANDER = (0.6, 0.7, 0.8, 0.9, 1.0), (0.0, 0.05, 0.1)  # not far from the quantiles
_LOW, _HIGH, _SCORE = 3, 11, float(ndtri(0.9))

Spreads = dict[str, dict[str, float]]
Reaching = dict[str, float]


@dataclass(frozen=True, slots=True)
class Ending:
    """How one forecast ended.

    Attributes:
        case: what was forecast.
        change: what was done to its curve, ``None`` for nothing.
        lift: what was added to its losses.
        parts: the belief at the truth's step, its spread left open.
    """

    case: Case
    change: str | None
    lift: float
    parts: Parts

    def needed(self, decay: float) -> float:
        """Return the factor of the spread with which the truth would lie at the end of the 80 % interval."""
        error = self.case.truth + self.lift - float(self.parts.middle[0, 0])
        side = _HIGH if error > 0 else _LOW
        fall = decay * float(self.parts.fall[0, 0]) if error < 0 else 0.0
        explained = (float(self.parts.noise[0, 0]) ** 2 + fall**2) * _SCORE**2
        width = max(abs(float(self.parts.away[0, side])), 1e-12)
        return float(np.sqrt(max(error**2 - explained, 0.0))) / width

    def crps(self, belief: Belief) -> float:
        """Return the score of a belief of this ending."""
        return self.case.crps(belief.quantiles(np.array(DEFAULT_LEVELS))[0] - self.lift)


def ending(case: Case, change: str | None) -> Ending | None:
    """Forecast a case whose truth is known, ``None`` where it is refused."""
    fitted = fit_curve(case.query)
    if fitted.reason is not None or fitted.fit is None:
        return None
    x = np.array([case.query.at[0] + fitted.fit.series.offset])
    mean, deviation = fitted.fit.predict(x)
    belief = mixture(fitted.fit.components.weight, mean, deviation, fitted.fit.is_logarithmic)
    return Ending(case, change, fitted.lift, parts(belief, x, fitted.fit, fitted.plain_law))


def learn_spreads(endings: Sequence[Ending]) -> Spreads:
    """Return the spread and the decay of each kind of curve."""
    return {kind: _learn_kind([each for each in endings if each.case.kind == kind], kind) for kind in HELD}


def _learn_kind(endings: Sequence[Ending], kind: str) -> dict[str, float]:
    weight = _weights(endings)
    found = []
    for decay in _DECAYS:
        spread = _quantile([each.needed(decay) for each in endings], weight, HELD[kind])
        score = [each.crps(each.parts.belief(spread, decay)) for each in endings]
        found.append((float(weight @ score), spread, decay))
    _, spread, decay = min(found)
    return {"spread": round(spread, 3), "decay": decay}


def learn_reaching(endings: Sequence[Ending], spreads: Spreads) -> Reaching:
    """Return what makes the probabilities of the targets score best."""
    said = [_said(each, spreads[each.case.kind]) for each in endings]
    weight = _weights(endings)
    found = [
        (float(weight @ [_brier(each, p, *pair) for each, p in zip(endings, said, strict=True)]), *pair)
        for pair in product(_SHARPNESS, _WANDER)
    ]
    _, sharpness, wander = min(found)
    return {"sharpness": sharpness, "wander": wander}


def _said(each: Ending, spread: dict[str, float]) -> np.ndarray:
    belief = each.parts.belief(**spread)
    return np.array([belief.probability_below(target + each.lift)[0] for target in each.case.query.targets])


def _brier(each: Ending, said: np.ndarray, sharpness: float, wander: float) -> float:
    return float(np.mean((reaching(said, sharpness, wander) - np.array(each.case.is_reached)) ** 2))


def _weights(endings: Sequence[Ending]) -> np.ndarray:
    """Return the weight of each: families count nearly alike, changed curves less."""
    group = [(each.change, each.case.family, each.case.kind) for each in endings]
    crowd = Counter(group)
    return np.array([(CHANGED_SHARE if key[0] else 1.0) * crowd[key] ** -FAMILY_POWER for key in group])


def _quantile(values: Sequence[float], weight: np.ndarray, level: float) -> float:
    order = np.argsort(values)
    mass = np.cumsum(weight[order])
    return float(np.asarray(values)[order][np.searchsorted(mass, level * mass[-1])])


@contextmanager
def using_spreads(spreads: Spreads, reaching_of: Reaching) -> Iterator[None]:
    """Forecast with these for a while."""
    before = learned.SPREADS, learned.REACHING
    learned.SPREADS, learned.REACHING = spreads, reaching_of
    try:
        yield
    finally:
        learned.SPREADS, learned.REACHING = before
