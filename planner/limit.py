"""The allocation's time limit: what is reached by then, what is lost, what finishing takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.attempt import attempt_starts, is_of_newest
from planner.eta_query import EtaQuery
from planner.eta_table import TABLE
from planner.plan import Cadence, Due, Plan
from planner.quantiles import Quantiles, of_draws
from planner.remaining import Remaining, ending, remaining, seconds_until, steps_by, thinned
from planner.situation import Situation, situation
from planner.timings import FloatArray, usable_events, usable_steps

_SURE = 0.9


@dataclass(frozen=True, slots=True)
class LimitOutlook:
    """What the time limit does to a run.

    Attributes:
        finishes: probability that everything due is done before the limit.
        step: the last step completed by then.
        checkpoint_step: the step of the last checkpoint by then, where one would resume; 0 is the start.
        lost_steps: steps that must be repeated after a requeue; 0 where the run finishes.
        lost_seconds: the work done between that checkpoint and the limit: steps and validations, those the
            limit cuts short included; 0 where the run finishes.
        requeues: further allocations needed; ``None`` where one never gets to its next checkpoint.
        requeue_seconds: mean cost of each: queue, start-up, and the work it repeats.
        startup_seconds: of that, the start-up.
        repeated_seconds: of that, the work it repeats: what was lost at the limit.
        finish_seconds: from now to the end, requeues included; ``None``: never.
        act_within_seconds: from now, the latest start of a checkpoint that still ends in time, 90 % sure.
    """

    finishes: float
    step: Quantiles
    checkpoint_step: Quantiles
    lost_steps: Quantiles
    lost_seconds: Quantiles
    requeues: Quantiles
    requeue_seconds: float
    startup_seconds: float
    repeated_seconds: float
    finish_seconds: Quantiles
    act_within_seconds: float


@dataclass(frozen=True, slots=True)
class PlanEffect:
    """What another plan would change: mean seconds saved, and the outlook it brings."""

    plan: Plan
    saved_seconds: float
    outlook: LimitOutlook


def outlook(query: EtaQuery, queue_seconds: float) -> LimitOutlook | None:
    """Look ahead to the time limit, ``None`` where the limit, the clock, the end or the pace is not known.

    A requeued run resumes at its last checkpoint in an allocation of the same length.

    Args:
        query: the run as it stands.
        queue_seconds: expected wait of one requeue.
    """
    now = situation(query)
    if now is None or now.total_steps is None or query.time_limit_seconds is None:
        return None
    if query.elapsed_seconds is None:
        return None
    left = max(query.time_limit_seconds - query.elapsed_seconds, 0.0)
    every = query.plan.checkpoint_every
    return _look(query, now, left, queue_seconds, every if isinstance(every, int) else None)


def plan_effects(query: EtaQuery, plans: Sequence[Plan], queue_seconds: float) -> tuple[PlanEffect, ...]:
    """Return what other plans would change, rarer validations or checkpoints say, in the order given.

    Empty where there is no outlook.
    """
    base = outlook(query, queue_seconds)
    mean = _mean_seconds(query)
    if base is None or mean is None:
        return ()
    effects = []
    for plan in plans:
        changed = replace(query, plan=plan)
        seen, seconds = outlook(changed, queue_seconds), _mean_seconds(changed)
        if seen is not None and seconds is not None:
            effects.append(PlanEffect(plan, mean - seconds, seen))
    return tuple(effects)


def _mean_seconds(query: EtaQuery) -> float | None:
    now = situation(query)
    return None if now is None or now.total_steps is None else float(np.mean(ending(now, remaining(now))))


def _look(
    query: EtaQuery, now: Situation, left: float, queue_seconds: float, checkpoint_every: int | None
) -> LimitOutlook:
    draws = thinned(remaining(now))
    end = ending(now, draws)
    done = end <= left
    step = steps_by(now, draws, min(left, now.budget_seconds))
    saved, since = _last_checkpoint(query, now, draws, step, left)
    lost_seconds = np.where(done, 0.0, np.maximum(left - since, 0.0))
    each = _step_with_events(query.plan, draws)
    startup = TABLE.startup_seconds if query.startup_seconds is None else query.startup_seconds
    capacity = np.floor(max((query.time_limit_seconds or 0.0) - startup, 0.0) / each)
    steps = float(now.total_steps or 0) - saved
    requeues = np.where(done, 0.0, _allocations(steps, capacity, checkpoint_every))
    restart = queue_seconds + startup
    count = np.where(np.isfinite(requeues), requeues, 0.0)
    repeated = np.maximum(count - 1, 0) * _replayed(capacity, checkpoint_every)
    requeued = left + (steps + repeated) * each + count * restart
    finish = np.where(done, end, np.where(np.isfinite(requeues), requeued, np.inf))
    levels, repeated_seconds = query.levels, float(np.mean(lost_seconds))
    return LimitOutlook(
        float(np.mean(done)),
        of_draws(step, levels),
        of_draws(saved, levels),
        of_draws(np.where(done, 0.0, step - saved), levels),
        of_draws(lost_seconds, levels),
        of_draws(requeues, levels),
        restart + repeated_seconds,
        startup,
        repeated_seconds,
        of_draws(finish, levels),
        max(left - float(np.quantile(draws.checkpoint.each, _SURE)), 0.0),
    )


def _last_checkpoint(
    query: EtaQuery, now: Situation, draws: Remaining, step: FloatArray, left: float
) -> tuple[FloatArray, FloatArray]:
    """Draw the step of the last checkpoint complete at the limit, and the seconds from now to its end.

    It is one still due, or the newest seen: then the seconds go back by the work done since, below 0 mostly.
    """
    newest = float(max(query.checkpoints.seen, default=query.resumed_at_step or 0))
    work_starts = draws.startup.seconds - _done_since(query, now, newest)
    due = now.checkpoints
    if due is None or not due.count:
        return np.full_like(step, newest), work_starts
    passed = due.count_up_to(step)
    last = _due_step(due, passed)
    complete = seconds_until(now, draws, last, events_up_to=last) <= left
    saved = passed - ~complete
    at = _due_step(due, saved)
    ends = seconds_until(now, draws, at, events_up_to=at)
    return np.where(saved > 0, at, newest), np.where(saved > 0, ends, work_starts)


def _done_since(query: EtaQuery, now: Situation, saved: float) -> float:
    """Return the seconds of work from a checkpoint up to now: as recorded, unrecorded steps as usual."""
    logged = usable_steps(query.steps)
    own = logged.since(attempt_starts(logged, query.resumed_at_step)[-1])
    behind = own.where((own.step > saved) & (own.step <= query.at_step))
    # The first entry behind it may stand for steps before it, too.
    steps = np.minimum(behind.weights, behind.step - saved)
    unrecorded = max(query.at_step - saved - float(steps.sum()), 0.0)
    validations = usable_events(query.validations)
    own_validations = is_of_newest(validations, query.resumed_at_step, query.at_step)
    validated = float(validations.seconds[own_validations & (validations.step > saved)].sum())
    is_work = now.begun is not None and now.begun.phase not in {"queue", "startup"}
    begun = now.begun.elapsed_seconds if now.begun is not None and is_work else 0.0
    return float(behind.seconds @ steps) + unrecorded * now.step.now_seconds + validated + begun


def _due_step(due: Due, nth: NDArray[np.int64]) -> FloatArray:
    """Return the step of the n-th event due, counted from 1; the first one where n is less."""
    at = due.regular.start + (np.maximum(nth, 1) - 1) * due.regular.step
    return np.asarray(at if due.end is None else np.where(nth > len(due.regular), due.end, at), dtype=float)


def _step_with_events(plan: Plan, draws: Remaining) -> FloatArray:
    """Draw the seconds of a step with its share of validations and checkpoints."""
    validation = draws.validation.each * _rate(plan.validate_every)
    return np.asarray(draws.step.each + validation + draws.checkpoint.each * _rate(plan.checkpoint_every))


def _rate(every: Cadence) -> float:
    return 1 / every if isinstance(every, int) else 0.0


def _allocations(steps: FloatArray, capacity: FloatArray, checkpoint_every: int | None) -> FloatArray:
    """Return the allocations that so many steps need; inf where none reaches a checkpoint.

    All but the last one advance by whole checkpoint intervals.
    """
    gain = capacity - _replayed(capacity, checkpoint_every)
    more = np.ceil(np.maximum(steps - capacity, 0) / np.where(gain > 0, gain, 1))
    return np.asarray(np.where(steps <= capacity, 1.0, np.where(gain > 0, 1 + more, np.inf)))


def _replayed(capacity: FloatArray, checkpoint_every: int | None) -> FloatArray:
    """Return the steps of a full allocation that come after its last checkpoint."""
    return np.asarray(capacity if checkpoint_every is None else np.mod(capacity, checkpoint_every))
