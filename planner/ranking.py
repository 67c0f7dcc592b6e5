"""How scenarios rank against each other, draw by draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from planner.course import BoolArray, Course
from planner.curve import FloatArray
from planner.quantiles import Quantiles

_SAME_SECONDS = 1e-9
"""Relative difference below which two finishes tie: the same work, added up in another order."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The scenarios that can be answered, in their order.

    Attributes:
        names: theirs.
        finish: seconds to the goal, shape (scenarios, n); inf where it is not reached or not feasible.
        probability_first: of each by name; ``None`` where nobody ever arrives.
        regret: mean seconds behind the first, by name; ``None`` for one that may never arrive.
        probability_nobody: that no scenario arrives.
    """

    names: tuple[str, ...]
    finish: FloatArray
    probability_first: Mapping[str, float | None]
    regret: Mapping[str, float | None]
    probability_nobody: float


def rank(courses: Mapping[str, Course], attention_seconds: float | None) -> Ranking:
    """Rank courses: the share of draws in which each is first, ties shared, and its mean delay."""
    rows = [_feasible(course, attention_seconds) for course in courses.values()]
    finish = np.stack(np.broadcast_arrays(*rows))
    best = finish.min(axis=0)
    arriving = np.isfinite(best)
    names = tuple(courses)
    first = _first(first_shares(finish[:, arriving]))
    delays = [_mean_delay(row[arriving], best[arriving]) for row in finish]
    return Ranking(
        names,
        finish,
        dict(zip(names, first, strict=True)),
        dict(zip(names, delays, strict=True)),
        float(1.0 - arriving.mean()),
    )


def infeasible_share(course: Course, attention_seconds: float | None) -> float:
    """Return the share of draws that need more attention than there is."""
    return 0.0 if attention_seconds is None else float(np.mean(_too_long(course, attention_seconds)))


def differences(longer: FloatArray, shorter: FloatArray) -> FloatArray:
    """Return longer - shorter for the draws in which at least one arrives; ±inf where only one does."""
    longer, shorter = np.broadcast_arrays(longer, shorter)
    known = np.isfinite(longer) | np.isfinite(shorter)
    return np.asarray(longer[known] - shorter[known])


def signed_quantiles(draws: FloatArray, levels: Sequence[float]) -> Quantiles | None:
    """Return quantiles of draws of which some are ±inf, ``None`` at those; none at all of no draws."""
    if len(draws) == 0:
        return None
    # Between a finite draw and an infinite one there is nothing to interpolate.
    method: Literal["inverted_cdf", "linear"] = "inverted_cdf" if np.isinf(draws).any() else "linear"
    values = np.quantile(draws, levels, method=method)
    return Quantiles(tuple(levels), tuple(float(v) if np.isfinite(v) else None for v in values))


def _feasible(course: Course, attention_seconds: float | None) -> FloatArray:
    if attention_seconds is None:
        return course.finish_seconds
    return np.where(_too_long(course, attention_seconds), np.inf, course.finish_seconds)


def _too_long(course: Course, attention_seconds: float) -> BoolArray:
    return course.attention_seconds > attention_seconds


def first_shares(finish: FloatArray) -> FloatArray:
    """Return each scenario's share of being first in each draw, ties shared, 0 where nobody arrives.

    Args:
        finish: shape (scenarios, n), inf where one does not arrive.
    """
    ties = np.isfinite(finish) & (finish <= finish.min(axis=0) * (1.0 + _SAME_SECONDS))
    return np.asarray(ties / np.maximum(ties.sum(axis=0), 1))


def _first(shares: FloatArray) -> list[float | None]:
    if shares.shape[1] == 0:
        return [None] * len(shares)
    return [float(share) for share in shares.mean(axis=1)]


def _mean_delay(finish: FloatArray, best: FloatArray) -> float | None:
    if len(best) == 0 or not np.isfinite(finish).all():
        return None
    return float(np.mean(finish - best))
