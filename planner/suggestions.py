"""Scenarios nobody asked about that are worth asking about."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from planner.course import Course, Refusal
from planner.draws import Medians
from planner.outcome import mean_of
from planner.scenario import CompareQuery, PlanOverrides, Scenario, plan_of
from planner.simulation import latest_checkpoint, simulate

_RARER = (8, 4, 2)
_HEAVY = 0.2
"""A share of validation below this is not worth changing a running job for."""

_FEWEST_VALIDATIONS = 3
_SOONER = 0.98
_RARER_NAME = "continue, validating every {steps} steps"
_KEEPING_NAME = "{name}, keeping the job running meanwhile"
_LATEST_NAME = "{name}, from the latest checkpoint"


def suggest(query: CompareQuery, courses: Mapping[str, Course]) -> tuple[Scenario, ...]:
    """Return scenarios that apply and were not asked about: each may be asked as it stands."""
    found = (*_rarer_validation(query, courses), *_keep_running(query), *_resume(query, courses))
    taken = {scenario.name for scenario in query.scenarios}
    return tuple(scenario for scenario in found if scenario.name not in taken)


def _rarer_validation(query: CompareQuery, courses: Mapping[str, Course]) -> Iterator[Scenario]:
    """Yield the rarest validation that still leaves a few, where validating takes much of what is left."""
    unchanged = _continuing(query, courses)
    if unchanged is None:
        return
    index, course = unchanged
    every = plan_of(query, index).validate_every
    heavy = mean_of(course.phases["validation"]) > _HEAVY * mean_of(course.end_seconds)
    if not heavy or not isinstance(every, int) or _has_rarer(query, every):
        return
    for steps in (every * factor for factor in _RARER):
        rarer = _validating(query.scenarios[index], steps)
        if _is_worth(query, index, rarer, course):
            yield rarer
            return


def _continuing(query: CompareQuery, courses: Mapping[str, Course]) -> tuple[int, Course] | None:
    for index, scenario in enumerate(query.scenarios):
        if scenario.action == "continue" and scenario.name in courses:
            return index, courses[scenario.name]
    return None


def _has_rarer(query: CompareQuery, every: int) -> bool:
    plans = [s.plan for s in query.scenarios if s.action == "continue" and s.plan is not None]
    return any(isinstance(plan.validate_every, int) and plan.validate_every > every for plan in plans)


def _validating(scenario: Scenario, steps: int) -> Scenario:
    plan = replace(scenario.plan or PlanOverrides(), validate_every=steps)
    return replace(scenario, name=_RARER_NAME.format(steps=steps), plan=plan, validations_left=None)


def _is_worth(query: CompareQuery, index: int, rarer: Scenario, course: Course) -> bool:
    changed = replace(query, scenarios=(rarer,))
    asked = simulate(changed, 0, Medians())
    usual = simulate(query, index, Medians())
    if isinstance(asked, Refusal) or isinstance(usual, Refusal) or asked.leg.validations is None:
        return False
    total = np.array([float(course.leg.total)])
    enough = asked.leg.counts_to(total).validations[0] >= _FEWEST_VALIDATIONS
    return bool(enough and asked.finish_seconds[0] < _SOONER * usual.finish_seconds[0])


def _keep_running(query: CompareQuery) -> Iterator[Scenario]:
    """Yield the first relaunch with the job kept as a fallback until the fix is ready."""
    relaunches = [s for s in query.scenarios if s.action == "relaunch"]
    if relaunches and all(s.cancel != "at_relaunch" for s in relaunches):
        first = relaunches[0]
        yield replace(first, name=_KEEPING_NAME.format(name=first.name), cancel="at_relaunch")


def _resume(query: CompareQuery, courses: Mapping[str, Course]) -> Iterator[Scenario]:
    """Yield the first relaunch from the latest checkpoint, where there is one ahead of its start."""
    relaunches = [s for s in query.scenarios if s.action == "relaunch" and s.name in courses]
    saved = latest_checkpoint(query)
    if not relaunches or not saved or any(s.resume_step == "latest" for s in relaunches):
        return
    first = relaunches[0]
    start = first.resume_step if isinstance(first.resume_step, int) else 0
    if start < saved <= courses[first.name].leg.total:
        yield replace(first, name=_LATEST_NAME.format(name=first.name), resume_step="latest")
