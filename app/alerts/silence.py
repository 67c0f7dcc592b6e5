"""The rule for a run of which no records come any more."""

from app.alerts.facts import Finding, Pulse, Tempo
from app.schemas.alerts import AlertSettings

LEAST_SECONDS = 60.0
PAUSE_FACTOR = 1.5
"""Times the longest pause so far: a validation is no silence."""
UNTIMED = frozenset({"validation", "checkpoint", "startup"})


def falls_silent(pulse: Pulse, settings: AlertSettings, episode: str | None) -> Finding | None:
    """Find that no record came for so many times the usual interval.

    Heartbeats are no records: a process that hangs beats on. A job that waits or has ended is not silent.
    """
    if pulse.run.finished is not None or (pulse.job is not None and pulse.job.state != "RUNNING"):
        return None
    last, tempo = last_active(pulse), pulse.tempo
    if last is None or tempo is None or tempo.usual_seconds is None or _is_untimed(pulse, tempo):
        return None
    patience = max(
        settings.silence_factor * tempo.usual_seconds, PAUSE_FACTOR * tempo.longest_seconds, LEAST_SECONDS
    )
    if pulse.now - max(last, pulse.listening_since) <= patience:
        return None
    beats = pulse.now - pulse.run.last_record_at <= pulse.stale_after_seconds
    data = {
        "last": last,
        "usual_seconds": tempo.usual_seconds,
        "beats": beats,
        "step": tempo.at_step,
        "phase": pulse.phase,
    }
    return Finding(episode or f"{last:.0f}", data, last + patience)


def last_active(pulse: Pulse) -> float | None:
    """Return when the last record came, epoch seconds.

    By the run's own clock, unless records were seen to arrive later: clocks of machines differ.
    """
    told = pulse.tempo.last_active if pulse.tempo is not None else None
    known = [at for at in (told, pulse.changed) if at is not None]
    return min(max(known), pulse.run.last_record_at) if known else None


def _is_untimed(pulse: Pulse, tempo: Tempo) -> bool:
    """Say whether the run is alive and in a phase of which nobody knows yet how long it takes."""
    beats = pulse.now - pulse.run.last_record_at <= pulse.stale_after_seconds
    return beats and pulse.phase in UNTIMED - tempo.is_timed
