"""What else can be run on a curve: last value, Optimus, Huber pow3, the LR-annealing law.

Each gives one predicted curve; its interval is the usual one, plus or minus the normal quantile of the
residuals' standard deviation.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import least_squares, nnls
from scipy.special import ndtr, ndtri

from planner.curve import FloatArray, Series, clean
from planner.forecast import ForecastQuery
from planner.learning_rate import KnownRate, known_rate
from planner.quantiles import DEFAULT_LEVELS

_MOST_POINTS = 400

Predict = Callable[[FloatArray], FloatArray]


class Rival:
    """One predicted curve with a constant spread.

    Args:
        predict: the loss at x.
        deviation: standard deviation of the residuals, 0 for a bare number.
        offset: of the series.
    """

    def __init__(self, predict: Predict, deviation: float, offset: float) -> None:
        self.predict, self.deviation, self.offset = predict, deviation, offset

    def quantiles(self, step: float) -> FloatArray:
        """Return the default quantiles at a step."""
        middle = float(self.predict(np.array([step + self.offset]))[0])
        return np.asarray(middle + self.deviation * ndtri(np.array(DEFAULT_LEVELS)))

    def probability(self, target: float, now: float, total: float) -> float:
        """Return the chance that the curve gets to a target by the end."""
        lowest = float(self.predict(np.geomspace(max(now, 1.0), max(total, 1.0), 24) + self.offset).min())
        if self.deviation == 0:
            return float(lowest <= target)
        return float(ndtr((target - lowest) / self.deviation))


def thinned(series: Series) -> tuple[FloatArray, FloatArray]:
    """Return at most 400 block means from 5 % of the steps seen on, what every rival is fitted to."""
    kept = series.x >= 0.05 * series.end if (series.x >= 0.05 * series.end).sum() > 5 else series.x > 0
    x, y = series.x[kept], series.y[kept]
    size = -(-len(x) // _MOST_POINTS)
    tail = len(x) % size
    return x[tail:].reshape(-1, size).mean(axis=1), y[tail:].reshape(-1, size).mean(axis=1)


def last_value(query: ForecastQuery) -> Rival:
    """Return the last loss reported."""
    series = clean(query.curve)
    losses = query.curve.losses[np.isfinite(query.curve.losses)]
    return Rival(lambda x: np.full_like(x, losses[-1]), 0.0, series.offset)


def optimus(query: ForecastQuery) -> Rival:
    """Return 1 / (b0 k + b1) + b2 by non-negative least squares over a grid of floors (EuroSys 2018)."""
    series = clean(query.curve)
    x, y = thinned(series)
    floors = (
        np.linspace(0.0, 0.999, 40) * y.min()
        if y.min() > 0
        else y.min() - np.geomspace(0.001, 1, 40) * np.ptp(y)
    )
    best: tuple[float, Predict] = (np.inf, lambda at: np.full_like(at, y[-1]))
    for floor in floors:
        above = np.maximum(y - floor, 1e-9)
        weighted = np.column_stack([x, np.ones_like(x)]) * above[:, None]
        (slope, start), _ = nnls(weighted, np.ones_like(x))
        if slope * x[0] + start <= 0:
            continue
        predict = _optimus_curve(slope, start, float(floor))
        error = float(((predict(x) - y) ** 2).mean())
        best = (error, predict) if error < best[0] else best
    return Rival(best[1], float(np.sqrt(best[0])) if np.isfinite(best[0]) else 0.0, series.offset)


def _optimus_curve(slope: float, start: float, floor: float) -> Predict:
    return lambda x: floor + 1 / np.maximum(slope * x + start, 1e-12)


def huber_power_law(query: ForecastQuery) -> Rival:
    """Return floor + amplitude * x ** -exponent by Huber least squares from three starts."""
    series = clean(query.curve)
    x, y = thinned(series)
    width = float(np.ptp(y)) or 1.0

    def residual(p: FloatArray) -> FloatArray:
        return np.asarray((p[0] + p[1] * (x / x[-1]) ** -np.exp(p[2]) - y) / width)

    fits = [
        least_squares(
            residual,
            [y[-1] - 0.1 * width, 0.1 * width, np.log(exponent)],
            bounds=([-np.inf, 0, np.log(0.01)], [np.inf, np.inf, np.log(4)]),
            loss="huber",
            f_scale=0.02,
            max_nfev=200,
        )
        for exponent in (0.2, 0.5, 1.0)
    ]
    p = min(fits, key=lambda fit: fit.cost).x
    deviation = float(np.std(residual(p))) * width
    return Rival(lambda at: p[0] + p[1] * (at / x[-1]) ** -np.exp(p[2]), deviation, series.offset)


def annealing_law(query: ForecastQuery) -> Rival:
    """Return L0 + A S1 ** -a - C S2 where the learning rate is known, Huber pow3 elsewhere.

    Source: Tissue et al., Scaling law with learning rate annealing (arXiv 2408.11029), with the annealing
    area in its simple form: the fall of the rate from its peak.
    """
    rate = _rate(query)
    if rate is None:
        return huber_power_law(query)
    series = clean(query.curve)
    x, y = thinned(series)
    width, area = float(np.ptp(y)) or 1.0, float(rate.area_to(x[-1:])[0]) or 1.0
    peak = float(rate.lr.max())

    def curve(p: FloatArray, at: FloatArray) -> FloatArray:
        cooled = np.where(at > rate.x[int(rate.lr.argmax())], peak - rate.at(at), 0.0)
        return np.asarray(
            p[0] + p[1] * np.maximum(rate.area_to(at) / area, 1e-6) ** -np.exp(p[2]) - p[3] * cooled
        )

    fit = least_squares(
        lambda p: (curve(p, x) - y) / width,
        [y[-1] - 0.1 * width, 0.1 * width, np.log(0.5), 0.1 * width],
        bounds=([-np.inf, 0, np.log(0.01), 0], [np.inf, np.inf, np.log(4), np.inf]),
        loss="huber",
        f_scale=0.02,
        max_nfev=200,
    )
    deviation = float(np.std(curve(fit.x, x) - y))
    return Rival(lambda at: curve(fit.x, at), deviation, series.offset)


def _rate(query: ForecastQuery) -> KnownRate | None:
    if not query.lr_schedule:
        return None
    knots = np.array(query.lr_schedule)
    return known_rate(knots[:, 0], knots[:, 1])


RIVALS: dict[str, Callable[[ForecastQuery], Rival]] = {
    "last value": last_value,
    "Optimus": optimus,
    "Huber pow3": huber_power_law,
    "LR annealing": annealing_law,
}
