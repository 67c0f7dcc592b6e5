"""Where a run's time went, and where the rest of it will go."""

import numpy as np

from app.slurm.scheduler import JobFacts
from app.snapshot import Snapshot, startup_of
from app.views import LedgerRow
from planner.eta import Eta

ORDER = ("queue", "startup", "step", "data", "validation", "checkpoint", "lost", "idle", "silent")
WITHIN_STEP = frozenset({"data", "forward", "backward", "optimizer", "communication"})
"""Phases that split a step: their seconds are in its own."""


def ledger(
    snapshot: Snapshot, eta: Eta, elapsed_seconds: float | None, silent_seconds: float = 0.0
) -> tuple[LedgerRow, ...]:
    """Return the time spent and left by phase, each second in one of them; what no phase explains is idle.

    Of the seconds since which no record came nothing is known: they are silent, not idle.

    Args:
        snapshot: what is stored of the run.
        eta: tells what is left.
        elapsed_seconds: since the start of the newest allocation.
        silent_seconds: since the last record, of a run of which records should come.
    """
    spent = _spent(snapshot)
    wall = _wall_seconds(snapshot, elapsed_seconds)
    if wall is not None:
        explained = sum(seconds for phase, seconds in spent.items() if phase != "queue")
        unexplained = max(wall - explained, 0.0)
        silent = min(silent_seconds, unexplained)
        spent.setdefault("idle", unexplained - silent)
        if silent:
            spent["silent"] = silent
    left = _left(eta, spent)
    phases = [
        phase for phase in (*ORDER, *sorted(set(spent) - set(ORDER))) if phase in spent or phase in left
    ]
    return tuple(LedgerRow(phase, spent.get(phase), left.get(phase)) for phase in phases)


def _spent(snapshot: Snapshot) -> dict[str, float]:
    """Return seconds by phase: those of records of their own, and of spans as reported."""
    spent = dict(snapshot.span_seconds)
    steps = _step_seconds(snapshot)
    if steps is not None:
        parts = sum(spent.get(phase, 0.0) for phase in WITHIN_STEP)
        spent["step"] = max(steps - parts, 0.0)
    for phase, events in (("validation", snapshot.validations), ("checkpoint", snapshot.checkpoints)):
        if events:
            # A span beside them is one that failed, or a check before the first step.
            spent[phase] = spent.get(phase, 0.0) + sum(event.seconds or 0.0 for event in events)
    # A start-up that goes on over several steps is told anew; the newest word of each process counts.
    startups = {note.attempt: startup_of(note) for note in reversed(snapshot.startups)}
    known = [seconds for seconds in startups.values() if seconds is not None]
    if known:
        spent["startup"] = sum(known)
    queued = [seconds for job in _jobs(snapshot) if (seconds := _queued(job)) is not None]
    if queued:
        spent["queue"] = sum(queued)
    if snapshot.given_up_seconds:
        spent["lost"] = snapshot.given_up_seconds
    return spent


def _step_seconds(snapshot: Snapshot) -> float | None:
    """Return the seconds of all steps that count; where every n-th is reported, it stands for n of them."""
    blocks = snapshot.blocks
    known = blocks.seconds_count > 0
    if not known.any():
        return None
    behind = np.concatenate(([blocks.first_step[0] - 1], blocks.last_step[:-1]))
    steps = (blocks.last_step - behind) * blocks.seconds_count / np.maximum(blocks.count, 1)
    return float(np.sum(blocks.seconds_mean[known] * steps[known]))


def _wall_seconds(snapshot: Snapshot, elapsed_seconds: float | None) -> float | None:
    """Return how long the run held its allocations: the newest until now, earlier ones to their last step."""
    if elapsed_seconds is None or snapshot.started is None:
        return None
    behind = snapshot.attempts[-1].behind
    earlier = [one for one in snapshot.attempts if one.started + behind < snapshot.started]
    return elapsed_seconds + sum(max((one.last_ended or one.started) - one.started, 0.0) for one in earlier)


def _jobs(snapshot: Snapshot) -> list[JobFacts]:
    return [*snapshot.earlier_jobs, *([snapshot.job] if snapshot.job is not None else [])]


def _queued(job: JobFacts) -> float | None:
    if job.submitted is None or job.started is None:
        return None
    return max(job.started - job.submitted, 0.0)


def _left(eta: Eta, spent: dict[str, float]) -> dict[str, float]:
    """Return what is left by phase; a step's parts take the share of it that they took so far."""
    if eta.by_phase is None:
        return {}
    named = {phase: getattr(eta.by_phase, phase) for phase in ("startup", "step", "validation", "checkpoint")}
    left = {phase: seconds for phase, seconds in named.items() if seconds is not None}
    parts = {phase: seconds for phase, seconds in spent.items() if phase in WITHIN_STEP}
    whole = spent.get("step", 0.0) + sum(parts.values())
    if "step" not in left or not parts or whole <= 0:
        return left
    shares = {phase: left["step"] * seconds / whole for phase, seconds in parts.items()}
    return left | shares | {"step": left["step"] - sum(shares.values())}
