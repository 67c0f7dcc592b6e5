"""What a little patience would buy: how sure the choice would be after some more steps."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from planner.choice import decision_draws, together_first
from planner.course import Course
from planner.curve import FloatArray
from planner.draws import Source
from planner.outcome import mean_of
from planner.ranking import Ranking, first_shares
from planner.scenario import CompareQuery, Scenario

_PARTS = (0.05, 0.1, 0.2)
"""Shares of the remaining steps that are considered."""

_BINS = 16
_SURER = 0.05
_SURE = 0.8
"""A verdict this sure needs no patience."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The same choice after some more steps of the running job.

    Attributes:
        steps: how many more.
        seconds: how long they take, at the mean.
        probability: how likely the scenario then named is first, on average.
        gain_seconds: how much sooner the better choice ends on average, the delay not counted.
        cost_seconds: what the delay costs on average: it falls on the relaunch, if that is then chosen.
    """

    steps: int
    seconds: float
    probability: float
    gain_seconds: float
    cost_seconds: float


@dataclass(frozen=True, slots=True)
class _Cases:
    """The draws, one row per scenario.

    Attributes:
        running: the job that goes on meanwhile.
        at_step: its completed steps.
        seconds: what each scenario takes, shape (scenarios, n).
        first: its share of being first, shape (scenarios, n).
        is_relaunch: 1 for those that a wait delays, shape (scenarios,).
    """

    running: Course
    at_step: int
    seconds: FloatArray
    first: FloatArray
    is_relaunch: FloatArray


def waiting(
    query: CompareQuery, courses: Mapping[str, Course], ranking: Ranking, chosen: str, source: Source
) -> Waiting | None:
    """Return the most useful wait, ``None`` where none gains more than it costs.

    What is learnt is where the running job's curve lies. After k more steps than the n done, the share
    k / (n + k) of the variance of its rank is taken as settled, as for the mean of n + k observations.
    """
    running = _uncertain(query, courses)
    relaunches = {scenario.name for scenario in query.scenarios if scenario.action == "relaunch"}
    first = together_first(query, ranking)[chosen]
    if running is None or first >= _SURE:
        return None
    cases = _Cases(
        courses[running.name],
        query.at_step,
        decision_draws(courses, ranking),
        first_shares(ranking.finish),
        np.array([name in relaunches for name in courses], dtype=float),
    )
    scores = ndtri(source.ranks("/curve", ("curve", running.curve)))
    noise = ndtri(source.ranks("/waiting"))
    waits = []
    for steps in _possible(query, courses[running.name]):
        settled = steps / (query.at_step + steps)
        waits.append(_after(cases, steps, np.sqrt(settled) * scores + np.sqrt(1 - settled) * noise))
    surer = [one for one in waits if one.probability > first + _SURER]
    worth = [one for one in surer if one.gain_seconds > one.cost_seconds]
    return max(worth, key=lambda one: one.gain_seconds - one.cost_seconds, default=None)


def _uncertain(query: CompareQuery, courses: Mapping[str, Course]) -> Scenario | None:
    """Return the first scenario that goes on along a curve that is not known exactly."""
    for scenario in query.scenarios:
        course = courses.get(scenario.name)
        if query.target is not None and scenario.action == "continue" and course is not None:
            return None if course.path is None or course.path.is_exact else scenario
    return None


def _possible(query: CompareQuery, course: Course) -> list[int]:
    """Return how many steps to wait, those left out that its budget of time may end the job before."""
    found = sorted(_steps(query, course))
    return [steps for steps in found if np.isfinite(course.seconds_to(query.at_step + steps)).all()]


def _steps(query: CompareQuery, course: Course) -> set[int]:
    """Return how many steps to wait: some shares of what is left, on to a validation if those tell."""
    left = course.leg.total - query.at_step
    until = query.at_step + np.array([max(1.0, round(left * part)) for part in _PARTS])
    if query.target is not None and query.target.of == "val":
        until = course.leg.first_validation_from(until)
    return {round(step) - query.at_step for step in until if step < course.leg.total}


def _after(cases: _Cases, steps: int, signal: FloatArray) -> Waiting:
    """Return what is gained where the choice is made again in each bin of what was learnt."""
    bins = np.minimum((ndtr(signal) * _BINS).astype(int), _BINS - 1)
    weight = np.bincount(bins, minlength=_BINS) / len(bins)
    means = _by_bin(cases.seconds, bins)
    best, each = means.argmin(axis=0), np.arange(_BINS)
    first = _by_bin(cases.first, bins)[best, each]
    seconds = mean_of(cases.running.seconds_to(cases.at_step + steps))
    gain = (means @ weight).min() - means[best, each] @ weight
    cost = seconds * (cases.is_relaunch[best] @ weight)
    return Waiting(steps, seconds, float(first @ weight), float(gain), float(cost))


def _by_bin(rows: FloatArray, bins: NDArray[np.int64]) -> FloatArray:
    """Return the mean of each row in each bin, shape (rows, bins); 0 in an empty bin."""
    count = np.maximum(np.bincount(bins, minlength=_BINS), 1)
    return np.stack([np.bincount(bins, weights=row, minlength=_BINS) / count for row in rows])
