"""Which scenario to take."""

from collections.abc import Mapping

import numpy as np

from planner.course import Course
from planner.curve import FloatArray
from planner.outcome import mean_of, spending
from planner.ranking import Ranking, infeasible_share
from planner.scenario import CompareQuery, Objective, fix_of

OUT_OF_REACH = 0.95
"""Share of draws in which nobody arrives from which on stopping is advised."""

_PLAINLY_FIRST = 0.75
"""A fix or job this likely to be first is taken whatever the rare long draws cost.

Means decide below it. Were they to decide above it too, a verdict given at over 80 % could flip at a tiny
change, where a rare but very long draw balances many short ones.
"""

_MOST_INFEASIBLE = 0.5
_SAME_SCORE = 1e-9
"""Relative difference below which scores tie; among those the fewest GPU-hours are taken."""


def choose(query: CompareQuery, courses: Mapping[str, Course], ranking: Ranking) -> str | None:
    """Return the name of the scenario to take, ``None`` where none of them leads to the goal."""
    if ranking.probability_nobody > OUT_OF_REACH:
        return None
    names = [name for name in courses if is_feasible(courses[name], query.attention_seconds)]
    if not names:
        return None
    objective = query.objective or Objective()
    weights = [criterion.weight for criterion in query.criteria or ()]
    if objective.cost == 0 and not any(weights):
        first = together_first(query, ranking)
        names = [name for name in names if first[name] > _PLAINLY_FIRST] or names
    scores = score(query, courses, ranking)
    best = min(scores[name] for name in names)
    tied = [name for name in names if scores[name] <= best + _SAME_SCORE * abs(best)]
    return min(tied, key=lambda name: _gpu_seconds(courses[name]))


def together_first(query: CompareQuery, ranking: Ranking) -> Mapping[str, float]:
    """Return the probability of each scenario to be first, all ways to carry out its fix taken together."""
    fixes = {scenario.name: fix_of(scenario) or scenario.name for scenario in query.scenarios}
    first = {name: share or 0.0 for name, share in ranking.probability_first.items()}
    return {name: sum(first[other] for other in first if fixes[other] == fixes[name]) for name in first}


def _gpu_seconds(course: Course) -> float:
    return np.inf if course.gpu_seconds is None else mean_of(course.gpu_seconds)


def is_feasible(course: Course, attention_seconds: float | None) -> bool:
    """Whether the person has the attention it needs in more than half of the draws."""
    return infeasible_share(course, attention_seconds) < _MOST_INFEASIBLE


def score(query: CompareQuery, courses: Mapping[str, Course], ranking: Ranking) -> Mapping[str, float]:
    """Return what is to be small: mean time and cost, each relative to the best, less weighted criteria."""
    objective = query.objective or Objective()
    seconds = dict(zip(courses, _decision_seconds(courses, ranking), strict=True))
    costs = mean_costs(query, courses)
    total = {name: objective.time * part for name, part in _relative(seconds).items()}
    if objective.cost > 0 and costs is not None:
        total = {name: total[name] + objective.cost * part for name, part in _relative(costs).items()}
    for criterion in query.criteria or ():
        for name in total:
            total[name] -= criterion.weight * criterion.scores.get(name, 0.0)
    return total


def mean_costs(query: CompareQuery, courses: Mapping[str, Course]) -> Mapping[str, float] | None:
    """Return the mean cost of each scenario, else its mean GPU-hours; ``None`` where one is unknown."""
    spent = {name: spending(query.economics, course) for name, course in courses.items()}
    costs = {name: one.cost for name, one in spent.items() if one.cost is not None}
    hours = {name: one.gpu_hours for name, one in spent.items() if one.gpu_hours is not None}
    known = costs if len(costs) == len(courses) else hours
    return {name: mean_of(draws) for name, draws in known.items()} if len(known) == len(courses) else None


def decision_draws(courses: Mapping[str, Course], ranking: Ranking) -> FloatArray:
    """Return seconds to the goal; one not reached costs the attempt and then the longest of all.

    Returns:
        shape (scenarios, n).
    """
    shape = ranking.finish[0].shape
    ends = np.stack([np.broadcast_to(course.end_seconds, shape) for course in courses.values()])
    lost = ends + ends.max(axis=0)
    return np.where(np.isfinite(ranking.finish), ranking.finish, lost)


def _decision_seconds(courses: Mapping[str, Course], ranking: Ranking) -> list[float]:
    return [mean_of(row) for row in decision_draws(courses, ranking)]


def _relative(values: Mapping[str, float]) -> Mapping[str, float]:
    best = min(values.values())
    return {name: value / best if best > 0 else 1.0 + value for name, value in values.items()}


def pareto(query: CompareQuery, courses: Mapping[str, Course], ranking: Ranking) -> tuple[str, ...] | None:
    """Return the scenarios that no other beats in both mean time and mean cost, ``None`` without costs."""
    costs = mean_costs(query, courses)
    if costs is None:
        return None
    seconds = dict(zip(courses, _decision_seconds(courses, ranking), strict=True))
    points = {name: (seconds[name], costs[name]) for name in courses}
    return tuple(name for name in points if not any(_beats(other, points[name]) for other in points.values()))


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one != other and one[0] <= other[0] and one[1] <= other[1]
