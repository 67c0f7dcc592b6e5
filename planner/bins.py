"""A cleaned series as a few log-spaced means, with its noise level and its scale."""

from dataclasses import dataclass

import numpy as np

from planner.curve import FloatArray, Series

MOST_BINS = 36
WINDOWS = (0.03, 0.25)
"""Each fit is made from these shares of the steps seen on: the first drops the warm-up, the second all of the
early curve, which a law may fit at the cost of its end."""

_FEWEST_POINTS = 12
_NOISE_FROM = 0.1
_LATE_FROM = 0.85
_EARLY_AT = 0.25
_EARLY_WIDTH = 0.35
_EARLY_UNTIL = 0.7
_BLOCKS = 40
_THIRD_DIFFERENCE = 20.0  # variance of a third difference of independent values; it leaves no parabola
_FEWEST_FOR_BLOCKS = 120
_LEAST_DROP = 0.004
_CLIP = 4 * 1.4826
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Bins:
    """Log-spaced bin means of one series in one mode (the losses themselves, or their logarithms).

    Attributes:
        logarithmic: whether this is the mode of logarithms.
        u: ln(x / x of the last point), increasing, shape (n,).
        z: (mean - level) / scale, shape (n,).
        variance: noise variance of ``z``, shape (n,).
        level: where the curve stands now.
        scale: about the drop over the last factor of four in steps; the unit of everything fitted.
        sigma: standard deviation of one record.
        inflation: how many records one independent record is worth, from their autocorrelation.
        log_jacobian: what turns a density of ``z`` into one of the losses.
    """

    logarithmic: bool
    u: FloatArray
    z: FloatArray
    variance: FloatArray
    level: float
    scale: float
    sigma: float
    inflation: float
    log_jacobian: float


def bin_series(series: Series, window: float, *, logarithmic: bool) -> Bins:
    """Return the bins of a series of at least two points.

    Args:
        series: what has been seen.
        window: the share of the steps seen from which on points are used, at least the last twelve.
        logarithmic: bin the logarithms of the losses, all of them positive.
    """
    y = np.log(series.y) if logarithmic else series.y
    sigma, inflation = noise(series.x, y, series.counts)
    x, means, counts = _log_means(series, y, window)
    late = x >= _LATE_FROM * x[-1]
    level = float(np.average(means[late], weights=counts[late]))
    error = sigma * np.sqrt(inflation / counts[late].sum())
    scale = _scale(x, means, counts, level, error)
    least = _LEAST_DROP * (1.0 if logarithmic else abs(level))
    floor = _TINY * (1.0 if logarithmic else float(np.ptp(y)) + abs(level))
    scale = float(np.hypot(scale, least)) + floor
    jacobian = -len(x) * np.log(scale) - (means.sum() if logarithmic else 0.0)
    variance = (sigma / scale) ** 2 * inflation / counts
    u = np.log(x / series.end)
    return Bins(
        logarithmic, u, (means - level) / scale, variance, level, scale, sigma, inflation, float(jacobian)
    )


def noise(x: FloatArray, y: FloatArray, counts: FloatArray) -> tuple[float, float]:
    """Return the standard deviation of one record and the inflation by autocorrelation.

    The deviation comes from how far each point lies off the line between its neighbours in ln x, the
    inflation from the same for means of blocks: independent records make it 1.
    """
    late = x >= _NOISE_FROM * x[-1]
    x, y, counts = x[late], y[late], counts[late]
    if len(x) < 3:  # noqa: PLR2004 - a point between two neighbours takes three
        return 0.0, 1.0
    position = np.log(x)
    t = (position[1:-1] - position[:-2]) / (position[2:] - position[:-2])
    spread = 1 / counts[1:-1] + (1 - t) ** 2 / counts[:-2] + t**2 / counts[2:]
    off = (y[1:-1] - (1 - t) * y[:-2] - t * y[2:]) / np.sqrt(spread)
    variance = _clipped_mean_square(off)
    if len(x) < _FEWEST_FOR_BLOCKS or variance == 0:
        return float(np.sqrt(variance)), 1.0
    size = len(x) // _BLOCKS
    tail = len(x) - len(x) // size * size
    means = y[tail:].reshape(-1, size).mean(axis=1)
    of_means = _clipped_mean_square(np.diff(means, 3)) / _THIRD_DIFFERENCE
    per_block = float(counts[tail:].mean()) * size
    return float(np.sqrt(variance)), float(np.clip(of_means * per_block / variance, 1.0, size))


def _clipped_mean_square(values: FloatArray) -> float:
    limit = _CLIP * float(np.median(np.abs(values)))
    clipped = np.clip(values, -limit, limit) if limit > 0 else values
    return float(np.mean(clipped**2))


def _log_means(series: Series, y: FloatArray, window: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    kept = series.x >= window * series.end
    kept[-_FEWEST_POINTS:] = True
    x, y, counts = series.x[kept], y[kept], series.counts[kept]
    if len(x) <= MOST_BINS:
        return x, y, counts
    position = np.log(x / series.end) / np.log(series.end / x[0]) + 1
    index = np.clip((position * MOST_BINS).astype(int), 0, MOST_BINS - 1)
    total = np.bincount(index, counts, MOST_BINS).astype(float)
    filled = total > 0
    mean_x = np.bincount(index, x * counts, MOST_BINS)[filled] / total[filled]
    mean_y = np.bincount(index, y * counts, MOST_BINS)[filled] / total[filled]
    return mean_x, mean_y, total[filled]


def _scale(x: FloatArray, means: FloatArray, counts: FloatArray, level: float, error: float) -> float:
    """Return the drop over the last factor of four in steps, with what noise may add to it."""
    away = np.log(x / (_EARLY_AT * x[-1])) / _EARLY_WIDTH
    weight = np.sqrt(counts) * np.exp(-(away**2)) + _TINY * (x < _EARLY_UNTIL * x[-1])
    weight = weight if weight.sum() > 0 else np.ones(len(x))
    early = float(np.average(means, weights=weight))
    at = float(np.average(np.log(x), weights=weight))
    distance = max(float(np.log(x[-1])) - at, 0.2)
    return float(np.hypot((early - level) * np.log(4) / distance, 2 * error))
