"""Where a run stands: what is due, what each of it takes, what the clock says."""

from dataclasses import dataclass, replace

import numpy as np

from planner.attempt import attempt_starts, is_of_newest
from planner.cadence import seen_cadence, still_due
from planner.clock import Clock
from planner.eta_query import EtaQuery, InProgress
from planner.eta_table import TABLE
from planner.event_level import EventLevel, event_level
from planner.first_steps import first_steps
from planner.plan import Cadence, Due, Plan, checkpoints_due, validations_due
from planner.priors import expected_checkpoint, expected_step, expected_validation
from planner.restart import lately
from planner.silence import steps_under_way, under_way, under_way_seconds
from planner.step_level import StepLevel, step_level
from planner.timings import Durations, Timings, usable_events, usable_steps


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a run stands.

    Attributes:
        validations: those still due, the one in progress included where the plan counts it.
        begun: what is in progress, as told or as a silence suggests.
        begun_steps: steps in it, where it is steps.
        startup_seconds: start-up still ahead.
        stride: steps that the newest entry of the log stands for; the run may be so far ahead of it.
        budget_seconds: from now until the run's own budget of time is used up; inf where it has none.
    """

    at_step: int
    total_steps: int | None
    step: StepLevel
    validations: Due | None
    checkpoints: Due | None
    validation: EventLevel
    checkpoint: EventLevel
    clock: Clock | None
    begun: InProgress | None
    startup_seconds: float
    stride: float = 1.0
    budget_seconds: float = np.inf
    begun_steps: float = 1.0

    @property
    def steps_left(self) -> int | None:
        """Steps up to the declared end; those beyond it are done."""
        return steps_left(self.at_step, self.total_steps)


def steps_left(at_step: int, total_steps: int | None) -> int | None:
    """Return the steps up to the declared end, ``None`` where none is."""
    return None if total_steps is None else max(total_steps - at_step, 0)


def due(query: EtaQuery) -> tuple[Due | None, Due | None]:
    """Return the validations and the checkpoints still due."""
    plan, at = query.plan, query.at_step
    return (
        still_due(plan, plan.validate_every, at, query.validations, validations_due),
        still_due(plan, plan.checkpoint_every, at, query.checkpoints, checkpoints_due),
    )


def situation(query: EtaQuery) -> Situation | None:
    """Return where a run stands, ``None`` where nothing tells the pace of its steps."""
    logged = usable_steps(query.steps)
    starts = attempt_starts(logged, query.resumed_at_step)
    clock = _clock(query, logged, starts[-1])
    level = step_level(logged, first_steps(logged, starts), starts) or _unmeasured(query, clock)
    if level is None:
        return None
    validations, checkpoints = due(query)
    now, plan = level.now_seconds, query.plan
    validate_every = _cadence(plan.validate_every, query.validations)
    checkpoint_every = _cadence(plan.checkpoint_every, query.checkpoints)
    validation = expected_validation(_batches(query), validate_every, now, query.priors)
    checkpoint = expected_checkpoint(checkpoint_every, now, query.priors)
    room = np.inf if clock is None else clock.event_room(now)
    return Situation(
        query.at_step,
        plan.total_steps,
        level,
        validations,
        checkpoints,
        _level(query.validations, query) or _unseen("validation", validation, query).within(room),
        _level(query.checkpoints, query) or _unseen("checkpoint", checkpoint, query).within(room),
        clock,
        under_way(query, (validations, validate_every), (checkpoints, checkpoint_every)),
        _startup_left(query),
        _stride(query, logged),
        budget_left(query),
        steps_under_way(query, now),
    )


def _stride(query: EtaQuery, logged: Durations) -> float:
    """Return the steps between two entries of the log: as told, else those the newest stands for."""
    if query.stride is not None:
        return max(query.stride, 1.0)
    return float(logged.weights[-1]) if len(logged) else 1.0


def _unseen(phase: str, expected: EventLevel, query: EtaQuery) -> EventLevel:
    """Return what is expected of events of which none was timed, by the first one where it is in progress.

    Only for as long as the run was heard of: what it does in a silence tells nothing of those ahead.
    """
    begun = query.in_progress
    if begun is None or begun.phase != phase:
        return expected
    return expected.lasting(begun.elapsed_seconds - begun.silent_seconds, begun.done, begun.of)


def _batches(query: EtaQuery) -> Plan:
    """Return the plan with the batches that the validation in progress has, where it declares none."""
    begun, plan = query.in_progress, query.plan
    if plan.validation_batches is not None or begun is None or begun.phase != "validation" or not begun.of:
        return plan
    return replace(plan, validation_batches=begun.of)


def _startup_left(query: EtaQuery) -> float:
    """Return the start-up still ahead; of one in progress the whole of it, whose part done is told apart."""
    if query.in_progress is not None and query.in_progress.phase == "startup":
        return TABLE.startup_seconds if query.startup_seconds is None else query.startup_seconds
    if query.at_step > 0 or query.startup_seconds is None:
        return 0.0
    return max(query.startup_seconds - (query.process_seconds or 0.0), 0.0)


def budget_left(query: EtaQuery) -> float:
    """Return the seconds until the declared budget of time is used up, inf where that is not known."""
    if query.plan.max_seconds is None or query.process_seconds is None:
        return np.inf
    return max(query.plan.max_seconds - query.process_seconds, 0.0)


def _unmeasured(query: EtaQuery, clock: Clock | None) -> StepLevel | None:
    """Return the pace where no step was measured: by the clock, else by earlier runs."""
    return (None if clock is None else clock.step_level()) or expected_step(query.priors)


def _cadence(declared: Cadence, events: Timings) -> Cadence:
    return declared if declared is not None else seen_cadence(events)


def _clock(query: EtaQuery, logged: Durations, start: int) -> Clock | None:
    if query.process_seconds is None:
        return None
    own = logged.since(start)
    resumed = query.resumed_at_step or 0
    seen = [usable_events(timings) for timings in (query.validations, query.checkpoints)]
    events = [one.where(is_of_newest(one, query.resumed_at_step, query.at_step)) for one in seen]
    return Clock(
        query.process_seconds,
        query.startup_seconds,
        own.total + sum(seen.total for seen in events) + under_way_seconds(query),
        float(own.weights.sum()),
        len(own),
        float(query.at_step - resumed),
        sum(seen.unknown for seen in events),
    )


def _level(timings: Timings, query: EtaQuery) -> EventLevel | None:
    seen = usable_events(timings)
    return event_level(lately(seen, is_of_newest(seen, query.resumed_at_step, query.at_step)))
