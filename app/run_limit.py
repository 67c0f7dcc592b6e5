"""What the job's time limit does to a run, and what would soften it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from planner.cadence import seen_cadence
from planner.checkpoint_interval import best_checkpoint_seconds
from planner.eta import EtaQuery
from planner.limit import LimitOutlook, PlanEffect, outlook, plan_effects
from planner.pace import Pace
from planner.plan import Plan
from planner.quantiles import Quantiles

RARER = (2, 4)
"""So many times rarer validations are asked about."""
RARER_SAVES = 2
"""And so many times rarer checkpoints."""

Change = Literal["validate_every", "checkpoint_every"]


@dataclass(frozen=True, slots=True)
class LimitEffect:
    """What another cadence would change.

    Attributes:
        setting: what would be changed.
        value: to what, in steps.
        saved_seconds: mean seconds of the run that it saves; negative where it costs some.
        finishes: probability that the run then ends within the limit.
        lost_seconds: work that would then be lost at the limit.
        requeues: further allocations it would then need.
    """

    setting: Change
    value: int
    saved_seconds: float
    finishes: float
    lost_seconds: Quantiles
    requeues: Quantiles


@dataclass(frozen=True, slots=True)
class RunLimit:
    """What happens at the time limit; seconds count from ``as_of``.

    Attributes:
        limit_at: epoch seconds of the limit.
        outlook: what is reached by then, what is lost, what finishing takes.
        act_before: epoch seconds: a checkpoint that starts later may not be complete in time.
        queue_seconds: what one requeue was taken to wait.
        checkpoint_every: as declared or seen, in steps.
        best_checkpoint_every: the steps between checkpoints that lose least, by the measured cost of one and
            one interruption an allocation; ``None`` before a checkpoint was measured.
        effects: of other cadences.
    """

    limit_at: float
    outlook: LimitOutlook
    act_before: float
    queue_seconds: float
    checkpoint_every: int | None
    best_checkpoint_every: int | None
    effects: tuple[LimitEffect, ...]


def run_limit(query: EtaQuery, pace: Pace, queue_seconds: float, as_of: float) -> RunLimit | None:
    """Return what the limit does to a run, ``None`` where limit, clock, end or pace is not known.

    Args:
        query: the run as it stands.
        pace: its measured pace.
        queue_seconds: expected wait of one requeue.
        as_of: epoch seconds at which it stands so.
    """
    known = replace(query, plan=_with_seen(query))
    found = outlook(known, queue_seconds)
    if found is None or query.time_limit_seconds is None or query.elapsed_seconds is None:
        return None
    best = _best(known, pace)
    changes = list(_changes(known.plan, best))
    effects = plan_effects(known, [plan for _, _, plan in changes], queue_seconds)
    return RunLimit(
        limit_at=as_of - query.elapsed_seconds + query.time_limit_seconds,
        outlook=found,
        act_before=as_of + found.act_within_seconds,
        queue_seconds=queue_seconds,
        checkpoint_every=_steps(known.plan.checkpoint_every),
        best_checkpoint_every=best,
        effects=tuple(
            _effect(setting, value, effect)
            for (setting, value, _), effect in zip(changes, effects, strict=True)
        ),
    )


def _with_seen(query: EtaQuery) -> Plan:
    """Return the plan, its cadences as they were seen where none was declared."""
    plan = query.plan
    validations, checkpoints = (seen_cadence(events) for events in (query.validations, query.checkpoints))
    return replace(
        plan,
        validate_every=plan.validate_every or validations,
        checkpoint_every=plan.checkpoint_every or checkpoints,
    )


def _changes(plan: Plan, best: int | None) -> Iterator[tuple[Change, int, Plan]]:
    """Yield the cadences worth asking about."""
    every, total = _steps(plan.validate_every), plan.total_steps or 0
    for times in RARER if every is not None else ():
        rarer = times * (every or 0)
        if rarer <= total:
            yield "validate_every", rarer, replace(plan, validate_every=rarer)
    saves = {best, *(RARER_SAVES * one for one in [_steps(plan.checkpoint_every)] if one is not None)}
    for steps in sorted(one for one in saves if one is not None):
        if steps != plan.checkpoint_every and steps <= max(total, 1):
            yield "checkpoint_every", steps, replace(plan, checkpoint_every=steps)


def _best(query: EtaQuery, pace: Pace) -> int | None:
    if pace.step is None or pace.checkpoint is None or not query.time_limit_seconds:
        return None
    save, step = pace.checkpoint.mean_seconds, pace.step.mean_seconds
    every = _steps(query.plan.validate_every)
    if every is not None and pace.validation is not None:
        step += pace.validation.mean_seconds / every
    if save <= 0 or step <= 0:
        return None
    steps = round(best_checkpoint_seconds(save, query.time_limit_seconds) / step)
    return max(min(steps, query.plan.total_steps or steps), 1)


def _effect(setting: Change, value: int, effect: PlanEffect) -> LimitEffect:
    seen = effect.outlook
    return LimitEffect(setting, value, effect.saved_seconds, seen.finishes, seen.lost_seconds, seen.requeues)


def _steps(every: object) -> int | None:
    return every if isinstance(every, int) else None
