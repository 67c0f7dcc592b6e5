"""How far an attempt's clock is from the service's.

A step cannot come before it has ended: of what comes, the shortest way from a step's end, by the attempt's
clock, to its arrival, by the service's, is how far the one is behind the other. What came late (a backlog, a
spool found at a start) only lengthens the way, so that the least one counts.
"""

from sqlite3 import Connection

from app.records import RecordBatch

MOST_SECONDS = 86_400.0
"""A clock that is off by more is none: those are steps that are told long after, or from another origin."""

NOTE = "UPDATE attempts SET clock_behind = min(coalesce(clock_behind, :behind), :behind) WHERE key = :key"


def note(connection: Connection, attempt: int, batch: RecordBatch, received: float) -> None:
    """Note how long after its newest step a batch came, where that tells something of the clock."""
    told = max((at for at in batch.steps.column("ended") if at is not None), default=None)
    if told is None or (received >= told and _is_under_way(batch)):
        return
    # What an event took is not always told as it was: by that nobody's clock is ahead.
    done = max(told, *_ends(batch, received))
    behind = min(received - told, max(received - done, 0.0))
    if abs(behind) <= MOST_SECONDS:
        connection.execute(NOTE, {"behind": behind, "key": attempt})


def _ends(batch: RecordBatch, received: float) -> list[float]:
    """Return when its validations and checkpoints ended; one that tells no duration may just have."""
    events = (batch.validations, batch.checkpoints)
    timed = [pair for one in events for pair in zip(one.started, one.column("seconds"), strict=True)]
    return [0.0, *(received if seconds is None else started + seconds for started, seconds in timed)]


def _is_under_way(batch: RecordBatch) -> bool:
    """Whether a phase had begun since the last step: then its end may be long ago."""
    kinds = zip(batch.notes.kind, batch.notes.data, strict=True)
    phases = [data.get("phase") for kind, data in kinds if kind == "progress"]
    return bool(phases) and phases[-1] is not None
