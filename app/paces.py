"""From a run's records to the planner's question of pace and time left."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from app.curves import event_timings, step_timings
from app.settings import Settings
from app.snapshot import Snapshot, startup_of
from app.states import SILENT_SECONDS
from app.store.facts import SAME_CLOCK_SECONDS, Attempt, Note, StepBlocks
from planner.cadence import seen_cadence
from planner.duration import Duration
from planner.eta import EtaQuery, InProgress, Silence, Timings
from planner.pace import Pace, measure
from planner.plan import Due, Plan, checkpoints_due, validations_due
from planner.priors import Priors
from planner.quantiles import Quantiles, of_draws
from planner.remaining import PhaseDraws, remaining
from planner.scenario import PaceDurations
from planner.situation import Situation, situation
from planner.timings import FloatArray

STARTUP_SPREAD = 1.5
"""The next start-up is within this factor of the last one, 8 times in 10."""

_SPREAD_LEVELS = tuple((place + 0.5) / 257 for place in range(257))
"""As many quantiles hold the shape of what is in progress, its long tail in a silence included."""

PHASES = ("startup", "step", "validation", "checkpoint")
"""What can be in progress; in anything else a run is as silent as one that tells nothing."""


def elapsed_seconds(snapshot: Snapshot, now: float) -> float | None:
    """Return the seconds since the allocation's start, to its end where it has ended.

    A run that said it has finished ends with the last thing it did, until its job's end is known.
    """
    if snapshot.started is None:
        return None
    ended = snapshot.job.ended if snapshot.job is not None else None
    if ended is None and snapshot.run.finished is not None:
        ended = snapshot.last_done
    return max((now if ended is None else ended) - snapshot.started, 0.0)


def measured(snapshot: Snapshot) -> Pace:
    """Return the measured pace of a run."""
    at_step = snapshot.at_step or 0
    return measure(
        step_timings(snapshot.blocks, at_step),
        _events(snapshot.validations, at_step),
        _events(snapshot.checkpoints, at_step),
        [took for note in reversed(snapshot.startups) if (took := startup_of(note)) is not None],
        snapshot.resumed_at_step,
    )


def eta_query(snapshot: Snapshot, now: float, priors: Priors) -> EtaQuery:
    """Return the question of when a run ends.

    Args:
        snapshot: what is stored of the run.
        now: epoch seconds.
        priors: what earlier runs took, for what this one has not done yet.
    """
    at_step, resumed = snapshot.at_step or 0, snapshot.resumed_at_step
    is_starting = _is_starting(snapshot)
    if is_starting:
        at_step = resumed = _saved_step(snapshot, at_step)
    limit = snapshot.job.time_limit_seconds or None if snapshot.job is not None else None
    return EtaQuery(
        at_step=at_step,
        plan=snapshot.plan,
        startup_seconds=_usual_startup(snapshot) if is_starting else snapshot.startup_seconds,
        steps=step_timings(snapshot.blocks, at_step),
        validations=_events(snapshot.validations, at_step),
        checkpoints=_events(snapshot.checkpoints, at_step),
        in_progress=_starting(snapshot, now) if is_starting else _in_progress(snapshot, now),
        resumed_at_step=None if resumed is None else min(resumed, at_step),
        elapsed_seconds=0.0 if _is_waiting(snapshot) else elapsed_seconds(snapshot, now),
        time_limit_seconds=limit,
        priors=priors,
        silence=None if is_starting else _silence(snapshot, now),
        stride=_steps_between_records(snapshot.blocks),
        before_seconds=_before_seconds(snapshot),
    )


def _is_waiting(snapshot: Snapshot) -> bool:
    """Whether the job waits for an allocation: of that nothing has passed yet."""
    return snapshot.job is not None and snapshot.job.state == "PENDING"


def _is_starting(snapshot: Snapshot) -> bool:
    """Whether a run that had got somewhere starts again: requeued, or resumed and before its first step."""
    if snapshot.at_step is None:
        return False
    return _is_waiting(snapshot) or (
        snapshot.attempts[-1].last_step is None and snapshot.run.finished is None
    )


def _saved_step(snapshot: Snapshot, at_step: int) -> int:
    """Return the step a restart resumes at: its last checkpoint's; where none was reported, where it was."""
    saved = [one.step for one in snapshot.checkpoints if one.step <= at_step]
    return max(saved, default=at_step)


def _usual_startup(snapshot: Snapshot) -> float | None:
    """Return what the run's start-ups took, ``None`` where none was timed."""
    timed = [took for note in snapshot.startups if (took := startup_of(note)) is not None]
    return float(np.median(timed)) if timed else None


def _starting(snapshot: Snapshot, now: float) -> InProgress:
    """Return the start-up in progress; one whose process has told its seconds is over."""
    if _is_waiting(snapshot):
        return InProgress("startup", 0.0)
    if snapshot.startup_seconds is not None:
        return InProgress("first step", 0.0)
    return InProgress("startup", max(now - _process_started(snapshot), 0.0))


def _process_started(snapshot: Snapshot) -> float:
    """Return when the newest process started, its allocation's start where only an earlier one is known."""
    told = snapshot.attempts[-1].started + snapshot.attempts[-1].behind
    return told if snapshot.started is None else max(told, snapshot.started)


def _before_seconds(snapshot: Snapshot) -> float:
    """Return the age of the allocation when the newest process started in it; 0 for its first one."""
    if snapshot.started is None or not snapshot.attempts or _is_waiting(snapshot):
        return 0.0
    return _process_started(snapshot) - snapshot.started


def pace_durations(query: EtaQuery, settings: Settings) -> PaceDurations:
    """Return what a step, a validation, a checkpoint and a start-up of this run will take.

    What was not seen yet is what the planner expects of it, as wide as that is.
    """
    startup = _startup(query, settings)
    now = situation(query)
    if now is None:
        return PaceDurations(startup_seconds=startup)
    draws = remaining(_with_steps_ahead(now))
    return PaceDurations(
        step_seconds=_range(draws.step.each),
        validation_seconds=_range(draws.validation.each),
        checkpoint_seconds=_range(draws.checkpoint.each),
        startup_seconds=startup,
    )


def _with_steps_ahead(now: Situation) -> Situation:
    """Return a run that has no steps to go, as far as is declared, with as many again as it has done.

    No steps take an exact time; those that a what-if adds do not.
    """
    return now if now.steps_left else replace(now, total_steps=now.at_step + max(now.at_step, 1))


def begun_seconds(query: EtaQuery) -> dict[str, float | Quantiles]:
    """Return by phase what is left of what is in progress.

    It is as uncertain as it is to the ETA: so the comparison's end and the ETA are one.
    """
    return {name: _spread(phase.begun) for name, phase, _ in _counted(query)}


def begun_counts(query: EtaQuery) -> dict[str, float]:
    """Return by phase how many of a comparison's counts are what is in progress."""
    return {name: count - phase.ahead for name, phase, count in _counted(query)}


def _counted(query: EtaQuery) -> Iterator[tuple[str, PhaseDraws, float]]:
    """Yield each phase with its draws and what a comparison counts of it; none before the first step."""
    now = situation(query)
    if now is None or not query.at_step:
        return
    draws, plan, left = remaining(now), assumed_plan(query), validations_left(query)
    yield "step", draws.step, now.steps_left or 0
    validations = _count(validations_due(plan, query.at_step)) if left is None else left
    yield "validation", draws.validation, validations
    yield "checkpoint", draws.checkpoint, _count(checkpoints_due(plan, query.at_step))
    yield "startup", draws.startup, 0


def _spread(draws: FloatArray) -> float | Quantiles:
    """Return the quantiles of draws, and what is the same in all of them as it is."""
    return float(draws[0]) if np.ptp(draws) == 0 else of_draws(draws, _SPREAD_LEVELS)


def assumed_plan(query: EtaQuery) -> Plan:
    """Return the plan with what it does not declare as it was seen to be; what was not seen is not expected.

    A comparison needs to know how often validations and checkpoints come; both its sides assume the same.
    """
    plan = query.plan
    validations, checkpoints = (seen_cadence(events) for events in (query.validations, query.checkpoints))
    return replace(
        plan,
        validate_every=plan.validate_every or validations or "never",
        checkpoint_every=plan.checkpoint_every or checkpoints or "never",
    )


def validations_left(query: EtaQuery) -> int | None:
    """Return the count of validations still due, where only what was seen tells it and not the plan."""
    declared = query.plan.validate_every is not None or query.plan.validate_at_end
    now: Situation | None = None if declared else situation(query)
    return None if now is None or now.validations is None else now.validations.count


def _events(events: object, at_step: int) -> Timings:
    return event_timings([(event.step, event.seconds) for event in events if event.step <= at_step])  # type: ignore[attr-defined]  # validations and checkpoints alike


def _in_progress(snapshot: Snapshot, now: float) -> InProgress | None:
    note = snapshot.progress
    if note is None or not snapshot.attempts or note.attempt != snapshot.attempts[-1].id:
        return None
    phase, began = note.data.get("phase"), _began(snapshot.attempts[-1], note)
    if phase not in PHASES or began is None:
        return None
    done, of = (note.data.get(name) for name in ("done", "of"))
    counts = (done, of) if isinstance(done, int) and isinstance(of, int) and 0 <= done <= of else (None, None)
    elapsed = max(now - began, 0.0)
    # What has passed since the run last spoke says nothing of its batches' rate, nor of how long it takes.
    silent = min(max(now - snapshot.run.last_record_at, 0.0), elapsed)
    return InProgress(phase, elapsed, counts[0], counts[1], silent)


def _began(newest: Attempt, note: Note) -> float | None:
    """Return when what a note tells began, by the service's clock; ``None`` where that cannot be.

    What is told last began after the last step, whatever the note says.
    """
    told = note.data.get("started")
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told):
        return None
    if newest.last_ended is not None and note.seq == newest.last_seq:
        return max(told, newest.last_ended) + newest.behind
    return None if told < newest.started - SAME_CLOCK_SECONDS else told + newest.behind


def _silence(snapshot: Snapshot, now: float) -> Silence | None:
    """Return for how long nothing more was done, ``None`` where that is not known or the run is over."""
    done, job = snapshot.last_done, snapshot.job
    if done is None or snapshot.run.finished is not None or snapshot.attempts[-1].is_untimed:
        return None
    until = now if job is None or job.ended is None else job.ended
    return Silence(max(until - done, 0.0), max(SILENT_SECONDS, _seconds_between_records(snapshot.blocks)))


def _seconds_between_records(blocks: StepBlocks) -> float:
    """Return how far apart the newest step records are; 0 where that is not known."""
    stride = _steps_between_records(blocks)
    if stride is None or not np.isfinite(blocks.seconds_mean[-1]):
        return 0.0
    return stride * float(blocks.seconds_mean[-1])


def _steps_between_records(blocks: StepBlocks) -> float | None:
    """Return the steps that each of the newest records stands for, ``None`` before the first."""
    if not len(blocks.count):
        return None
    before = blocks.last_step[-2] if len(blocks.count) > 1 else blocks.first_step[0] - 1
    return float((blocks.last_step[-1] - before) / blocks.count[-1])


def _startup(query: EtaQuery, settings: Settings) -> Duration:
    seen = query.startup_seconds
    if seen is None:
        return Duration(settings.startup_low_seconds, settings.startup_high_seconds)
    return Duration(seen / STARTUP_SPREAD, seen * STARTUP_SPREAD)


def _count(due: Due | None) -> int:
    return 0 if due is None else due.count


def _range(draws: FloatArray) -> Duration:
    """Return a range with the median and the spread of draws: a lognormal need not have their shape."""
    low, middle, high = (float(q) for q in np.quantile(draws, (0.1, 0.5, 0.9)))
    if low <= 0:
        return Duration(low, high)
    times = math.sqrt(high / low)
    return Duration(middle / times, middle * times)
