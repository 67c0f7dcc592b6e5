"""The simulation of one scenario from now to its end: continuing, or cancelling, fixing and relaunching."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.course import (
    NONE,
    ONE,
    PERSON_PHASES,
    Beginning,
    Course,
    Refusal,
    total_of,
    train,
)
from planner.curve import FloatArray
from planner.draws import Source
from planner.duration import exactly
from planner.leg import leg_of
from planner.plan import Plan
from planner.quantiles import Quantiles
from planner.scenario import CompareQuery, Scenario, fix_of, pace_of, plan_of


@dataclass(frozen=True, slots=True)
class _OldJob:
    """The job that is to be replaced.

    Attributes:
        course: what it would do if left alone; ``None`` where it is cancelled now.
        seconds: how long it still runs; ``None`` is unknown.
    """

    course: Course | Refusal | None
    seconds: FloatArray | None


def simulate(query: CompareQuery, index: int, source: Source) -> Course | Refusal:
    """Simulate one scenario that continues or relaunches."""
    is_relaunch = query.scenarios[index].action == "relaunch"
    course = _relaunched(query, index, source) if is_relaunch else _continued(query, index, source)
    budget = budget_seconds(query, index)
    if isinstance(course, Refusal) or budget is None:
        return course
    return course.within(budget, to_target=query.target is not None)


def budget_seconds(query: CompareQuery, index: int) -> float | None:
    """Return how long a scenario's process may run by its own budget of time, ``None`` where that is unknown.

    A relaunched job has the whole of it, the one that goes on what is left.
    """
    budget = plan_of(query, index).max_seconds
    if budget is None or query.scenarios[index].action == "relaunch":
        return budget
    if query.elapsed_seconds is None:
        return None
    return max(budget - max(query.elapsed_seconds - query.before_seconds, 0.0), 0.0)


def finish_seconds(query: CompareQuery, index: int, source: Source) -> FloatArray | None:
    """Return the seconds to a scenario's goal alone, inf where it is never reached; ``None`` where refused.

    What a job to be replaced still does is left out, unless the scenario resumes from what it saves.
    """
    scenario = query.scenarios[index]
    if scenario.cancel == "at_relaunch" and scenario.resume_step != "latest":
        alone = replace(scenario, cancel="now")
        query = replace(query, scenarios=(*query.scenarios[:index], alone, *query.scenarios[index + 1 :]))
    course = simulate(query, index, source)
    return None if isinstance(course, Refusal) else course.finish_seconds


def latest_checkpoint(query: CompareQuery) -> int | None:
    """Return the completed steps at the job's last checkpoint, 0 where there is none, ``None`` if unknown."""
    every = query.plan.checkpoint_every
    if every is None:
        return None
    return 0 if every == "never" else query.at_step - query.at_step % every


def _continued(query: CompareQuery, index: int, source: Source) -> Course | Refusal:
    start = np.array([float(query.at_step)])
    leg = leg_of(_counted_plan(query, index), start, query.scenarios[index].validations_left)
    if isinstance(leg, str):
        return Refusal(leg)
    # A job that has done a step is past its start-up.
    startups = ONE if query.at_step == 0 else NONE
    beginning = Beginning(dict.fromkeys(PERSON_PHASES, NONE), startups)
    course = train(query, index, source, leg, beginning)
    return course if isinstance(course, Refusal) else course.begun(_begun(query, source), query.begun_counts)


def _begun(query: CompareQuery, source: Source) -> dict[str, FloatArray]:
    """Draw what is in progress, by phase: it is one and the same for all that go on, and its rank its own."""
    drawn = {}
    for phase, seconds in query.begun_seconds.items():
        if isinstance(seconds, Quantiles):
            values = np.asarray(seconds.values, dtype=float)
            drawn[phase] = np.interp(source.ranks(f"/begun_seconds/{phase}"), seconds.levels, values)
        else:
            drawn[phase] = np.array([seconds])
    return drawn


def leaves_checkpoints_out(query: CompareQuery, index: int) -> bool:
    """Whether checkpoints are no part of the question: neither their cadence nor their time is given."""
    cadence = plan_of(query, index).checkpoint_every
    return cadence is None and pace_of(query, index).checkpoint_seconds is None


def _counted_plan(query: CompareQuery, index: int) -> Plan:
    plan = plan_of(query, index)
    return replace(plan, checkpoint_every="never") if leaves_checkpoints_out(query, index) else plan


def _relaunched(query: CompareQuery, index: int, source: Source) -> Course | Refusal:
    scenario = query.scenarios[index]
    chance = 1.0 if scenario.success_probability is None else scenario.success_probability
    share = ("tries", fix_of(scenario))
    tries = source.tries(f"/scenarios/{index}/success_probability", chance, share)
    first, together = _tried(scenario, index, source, tries)
    old = _old_job(query, scenario, source, first["edit"] + first["test"])
    start = _resume_step(query, scenario, old)
    if isinstance(start, Refusal):
        return start
    leg = leg_of(_counted_plan(query, index), start, scenario.validations_left)
    if isinstance(leg, str):
        return Refusal(leg)
    course = train(query, index, source, leg, Beginning(together, tries))
    return course if isinstance(course, Refusal) else replace(course, old_seconds=old.seconds)


def _tried(
    scenario: Scenario, index: int, source: Source, tries: FloatArray
) -> tuple[Mapping[str, FloatArray], Mapping[str, FloatArray]]:
    """Return edit, test and queue of the first try, and of all tries together."""
    first, together = {}, {}
    for phase in PERSON_PHASES:
        pointer = f"/scenarios/{index}/{phase}_seconds"
        duration = getattr(scenario, f"{phase}_seconds") or exactly(0.0)
        # Two ways to carry out the same fix take the same person equally long.
        share = (phase, duration)
        first[phase] = source.seconds(pointer, duration, share)
        together[phase] = source.repeated(first[phase], tries, pointer, duration, share)
    return first, together


def _old_job(query: CompareQuery, scenario: Scenario, source: Source, until: FloatArray) -> _OldJob:
    if scenario.cancel != "at_relaunch":
        return _OldJob(None, NONE)
    course = _left_alone(query, source)
    if isinstance(course, Refusal):
        return _OldJob(course, None)
    return _OldJob(course, np.minimum(until, course.end_seconds))


def _left_alone(query: CompareQuery, source: Source) -> Course | Refusal:
    """Simulate the job as it is: the first scenario that continues it unchanged, or with its curve."""
    continuing = [scenario for scenario in query.scenarios if scenario.action == "continue"]
    unchanged = [scenario for scenario in continuing if scenario.plan is None and scenario.pace is None]
    curve = continuing[0].curve if continuing else None
    alone = unchanged[0] if unchanged else Scenario("", "continue", curve=curve)
    target = None if alone.curve is None else query.target
    return simulate(replace(query, scenarios=(alone,), target=target), 0, source)


def _resume_step(query: CompareQuery, scenario: Scenario, old: _OldJob) -> FloatArray | Refusal:
    if scenario.resume_step != "latest":
        return np.array([float(scenario.resume_step or 0)])
    saved, every = latest_checkpoint(query), query.plan.checkpoint_every
    if saved is None:
        return Refusal("unknown_checkpoint_every")
    if isinstance(old.course, Refusal):
        return old.course
    if old.course is None or old.seconds is None or not isinstance(every, int):
        return np.array([float(saved)])
    return _last_saved(old.course, old.seconds, saved, every)


def _last_saved(course: Course, seconds: FloatArray, saved: int, every: int) -> FloatArray:
    """Return the step of the last checkpoint the job completes in the seconds it still runs, by bisection."""
    low = np.zeros(np.broadcast_shapes(seconds.shape, course.end_seconds.shape))
    high = low + (course.leg.total - saved) // every
    while np.any(low < high):
        middle = np.ceil((low + high) / 2)
        counted = course.counted_seconds(course.leg.counts_to(saved + middle * every))
        in_time = total_of(counted) + course.lead_seconds <= seconds
        low, high = np.where(in_time, middle, low), np.where(in_time, high, middle - 1)
    return np.asarray(saved + low * every)
