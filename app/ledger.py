"""Where a run's time went, and where the rest of it will go."""

import numpy as np

from app.snapshot import Snapshot, startup_of
from app.views import LedgerRow
from planner.eta import Eta

ORDER = ("queue", "startup", "step", "data", "validation", "checkpoint", "idle")


def ledger(snapshot: Snapshot, eta: Eta, elapsed_seconds: float | None) -> tuple[LedgerRow, ...]:
    """Return the time spent and left by phase; what no phase explains is idle."""
    spent = _spent(snapshot)
    if elapsed_seconds is not None and len(snapshot.attempts) == 1:
        explained = sum(seconds for phase, seconds in spent.items() if phase != "queue")
        spent.setdefault("idle", max(elapsed_seconds - explained, 0.0))
    left = _left(eta)
    phases = [
        phase for phase in (*ORDER, *sorted(set(spent) - set(ORDER))) if phase in spent or phase in left
    ]
    return tuple(LedgerRow(phase, spent.get(phase), left.get(phase)) for phase in phases)


def _spent(snapshot: Snapshot) -> dict[str, float]:
    """Return seconds by phase: spans as reported, the phases with records of their own from those."""
    blocks, spent = snapshot.blocks, dict(snapshot.span_seconds)
    known = blocks.seconds_count > 0
    if known.any():
        spent["step"] = float(np.sum(blocks.seconds_mean[known] * blocks.seconds_count[known]))
    for phase, events in (("validation", snapshot.validations), ("checkpoint", snapshot.checkpoints)):
        if events:
            spent[phase] = sum(event.seconds or 0.0 for event in events)
    startups = [seconds for note in snapshot.startups if (seconds := startup_of(note)) is not None]
    if startups:
        spent["startup"] = sum(startups)
    job = snapshot.job
    if job is not None and job.submitted is not None and job.started is not None:
        spent["queue"] = max(job.started - job.submitted, 0.0)
    return spent


def _left(eta: Eta) -> dict[str, float]:
    if eta.by_phase is None:
        return {}
    named = {phase: getattr(eta.by_phase, phase) for phase in ("startup", "step", "validation", "checkpoint")}
    return {phase: seconds for phase, seconds in named.items() if seconds is not None}
