"""Several statements of one queue wait, each scored against what then happened, and combined."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from planner.quantiles import DEFAULT_LEVELS, Quantiles
from planner.queue_wait import queue_wait

SCALE_SECONDS = 10.0
"""Waits are compared by ratio, but a few seconds more or less are no difference."""
PRIOR_ERROR = math.log(3.0)
"""Before it is scored, a statement is taken to be within a factor of three, 8 times in 10."""
PRIOR_COUNT = 3
"""The prior counts as much as so many scored statements."""
FEWEST_WAITS = 3
_NORMAL_90 = 1.2816


@dataclass(frozen=True, slots=True)
class Statement:
    """What one source says of the next wait, and what it said before.

    Attributes:
        source: its name.
        seconds: the wait it states; ``None``: it says nothing now.
        past: pairs of what it stated and what it took, in seconds.
        spread: its own quantiles, where it states a distribution.
    """

    source: str
    seconds: float | None
    past: Sequence[tuple[float, float]] = ()
    spread: Quantiles | None = None


@dataclass(frozen=True, slots=True)
class ScoredStatement:
    """One source in the combination.

    Attributes:
        source: its name.
        quantiles: of the wait, as its past errors spread what it states.
        error: mean absolute error of its statements as a ratio, 0 is none; shrunk to the prior.
        weight: its share of the combination; all together are 1.
        count: statements that were scored.
    """

    source: str
    quantiles: Quantiles
    error: float
    weight: float
    count: int


@dataclass(frozen=True, slots=True)
class CombinedWait:
    """The combination, and what it is made of."""

    quantiles: Quantiles
    sources: tuple[ScoredStatement, ...]


def history_statement(waits: Sequence[float], levels: Sequence[float] = DEFAULT_LEVELS) -> Statement:
    """Return what a user's own waits say: quantiles, the upper ones a bound; scored walking forward.

    Args:
        waits: seconds, oldest first.
        levels: quantiles asked for.
    """
    found = queue_wait(waits, levels) if len(waits) >= FEWEST_WAITS else None
    if found is None:
        return Statement("history", None)
    past = [(float(np.median(waits[:at])), waits[at]) for at in range(FEWEST_WAITS, len(waits))]
    bound = found.bound_seconds
    values = tuple(
        max(value or 0.0, bound) if bound is not None and level >= found.level else value or 0.0
        for level, value in zip(levels, found.quantiles.values, strict=True)
    )
    return Statement("history", float(np.median(waits)), past, Quantiles(tuple(levels), values))


def combine(statements: Sequence[Statement], levels: Sequence[float] = DEFAULT_LEVELS) -> CombinedWait | None:
    """Return the weighted combination of what is stated, ``None`` where nothing is.

    Each quantile is the weighted geometric mean of the sources' (R. Ratcliff 1979, "Group reaction time
    distributions": averaging quantiles keeps the shape); a source weighs by the inverse square of its error.
    """
    told = [each for each in statements if each.seconds is not None]
    if not told:
        return None
    errors = np.array([_error(each.past) for each in told])
    weights = errors**-2 / np.sum(errors**-2)
    spreads = [each.spread or _spread(each, levels) for each in told]
    logs = np.array([[math.log(value + SCALE_SECONDS) for value in _values(one)] for one in spreads])
    mixed = np.exp(weights @ logs) - SCALE_SECONDS
    scored = tuple(
        ScoredStatement(each.source, spread, float(error), float(weight), len(each.past))
        for each, spread, error, weight in zip(told, spreads, errors, weights, strict=True)
    )
    return CombinedWait(Quantiles(tuple(levels), tuple(np.maximum(mixed, 0.0).tolist())), scored)


def _values(quantiles: Quantiles) -> list[float]:
    return [value or 0.0 for value in quantiles.values]


def _ratios(past: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Return the logarithms of what it took over what was stated."""
    pairs = np.asarray(past, dtype=float).reshape(-1, 2) + SCALE_SECONDS
    return np.log(pairs[:, 1] / pairs[:, 0])


def _error(past: Sequence[tuple[float, float]]) -> float:
    ratios = np.abs(_ratios(past))
    return float((np.sum(ratios) + PRIOR_COUNT * PRIOR_ERROR) / (len(ratios) + PRIOR_COUNT))


def _spread(statement: Statement, levels: Sequence[float]) -> Quantiles:
    """Return a point statement spread as its past errors were: middle and width, shrunk to the prior."""
    ratios, stated = _ratios(statement.past), (statement.seconds or 0.0) + SCALE_SECONDS
    known = len(ratios)
    middle = float(np.sum(ratios)) / (known + PRIOR_COUNT)
    prior = (PRIOR_ERROR / _NORMAL_90) ** 2
    variance = (float(np.sum((ratios - middle) ** 2)) + PRIOR_COUNT * prior) / (known + PRIOR_COUNT)
    values = [
        max(stated * math.exp(middle + math.sqrt(variance) * _normal(level)) - SCALE_SECONDS, 0.0)
        for level in levels
    ]
    return Quantiles(tuple(levels), tuple(values))


def _normal(level: float) -> float:
    """Return the standard normal's quantile."""
    return float(ndtri(level))
