"""How right past ETAs were: each is compared with what then happened, and each run counts the same."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from planner.quantiles import Quantiles

PROGRESS_EDGES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
INTERVAL = (0.1, 0.9)
"""The 80 % interval, as everywhere."""


@dataclass(frozen=True, slots=True)
class Said:
    """One ETA of a run that has ended since.

    Attributes:
        progress: share of the run's steps that were done, 0 to 1.
        remaining: the seconds it said were left.
        realised_seconds: the seconds that then passed to the end.
    """

    progress: float
    remaining: Quantiles
    realised_seconds: float


@dataclass(frozen=True, slots=True)
class LevelShare:
    """How often the truth was at most a quantile; well calibrated where both are the same."""

    level: float
    observed: float


@dataclass(frozen=True, slots=True)
class Hit:
    """How ETAs of a stretch of progress did.

    Attributes:
        low: least progress, 0 to 1.
        high: greatest progress, itself left out unless it is 1.
        runs: runs with an ETA there.
        count: ETAs.
        covered: share of truths inside the 80 % interval; ``None`` where none was given.
        median_relative_error: median of abs(median − truth) / truth; ``None`` where none was given.
    """

    low: float
    high: float
    runs: int
    count: int
    covered: float | None
    median_relative_error: float | None


@dataclass(frozen=True, slots=True)
class Hindsight:
    """How right the ETAs of runs that ended were: over all progress, by progress, and by quantile."""

    overall: Hit
    by_progress: tuple[Hit, ...]
    levels: tuple[LevelShare, ...]


def hindsight(runs: Iterable[Sequence[Said]], edges: Sequence[float] = PROGRESS_EDGES) -> Hindsight | None:
    """Compare what was said with what happened, ``None`` where nothing was said before its end.

    A run in which much was said counts as much as one in which little was. An ETA at the very end, with
    nothing left to happen, says nothing and is left out.

    Args:
        runs: what was said of each run.
        edges: of the bins of progress, increasing.
    """
    kept = [[said for said in run if said.realised_seconds > 0] for run in runs]
    kept = [run for run in kept if run]
    if not kept:
        return None
    bins = itertools.pairwise(edges)
    return Hindsight(
        _hit(kept, edges[0], edges[-1], edges[-1]),
        tuple(_hit(kept, low, high, edges[-1]) for low, high in bins),
        tuple(LevelShare(level, _share_below(kept, level)) for level in _common_levels(kept)),
    )


def hit_of(run: Sequence[Said]) -> Hit | None:
    """Compare what was said of one run with what happened, ``None`` where nothing was said before its end."""
    found = hindsight([run])
    return None if found is None else found.overall


def _hit(runs: Sequence[Sequence[Said]], low: float, high: float, last: float) -> Hit:
    inside = [[s for s in run if low <= s.progress < high or s.progress == high == last] for run in runs]
    inside = [run for run in inside if run]
    covered = [[_is_covered(said) for said in run] for run in inside]
    errors = [[_relative_error(said) for said in run] for run in inside]
    count = sum(map(len, inside))
    return Hit(low, high, len(inside), count, _mean(covered), _weighted_median(errors))


def _is_covered(said: Said) -> float:
    low, high = (_value(said.remaining, level) for level in INTERVAL)
    return float(low <= said.realised_seconds <= high)


def _relative_error(said: Said) -> float:
    return abs(_value(said.remaining, 0.5) - said.realised_seconds) / said.realised_seconds


def _share_below(runs: Sequence[Sequence[Said]], level: float) -> float:
    below = [[float(said.realised_seconds <= _value(said.remaining, level)) for said in run] for run in runs]
    return _mean(below) or 0.0


def _common_levels(runs: Sequence[Sequence[Said]]) -> list[float]:
    asked = [set(said.remaining.levels) for run in runs for said in run]
    return sorted(set.intersection(*asked))


def _value(quantiles: Quantiles, level: float) -> float:
    found = quantiles.at(level)
    return math.inf if found is None else found


def _mean(runs: Sequence[Sequence[float]]) -> float | None:
    """Return the mean over runs of each run's mean, ``None`` without runs."""
    return float(np.mean([np.mean(run) for run in runs])) if runs else None


def _weighted_median(runs: Sequence[Sequence[float]]) -> float | None:
    """Return the median over all values, each run weighing 1; ``None`` without runs, or where it is inf."""
    if not runs:
        return None
    values = np.concatenate([np.asarray(run, dtype=float) for run in runs])
    weights = np.concatenate([np.full(len(run), 1 / len(run)) for run in runs])
    order = np.argsort(values)
    behind = np.cumsum(weights[order])
    found = float(values[order][np.searchsorted(behind, behind[-1] / 2)])
    return found if math.isfinite(found) else None
