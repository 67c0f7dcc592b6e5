"""Attempts: one process start of a run each."""

from dataclasses import dataclass
from sqlite3 import Connection

from app.records import RecordBatch
from app.store.codec import decode, encode
from app.store.facts import Attempt


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """What the store's own queries need of an attempt that has steps.

    ``last_step`` is that of the newest record, ``highest_step`` the greatest one.
    """

    key: int
    first_step: int
    highest_step: int
    last_step: int
    step_records: int


def enter(connection: Connection, run: int, batch: RecordBatch) -> tuple[int, bool]:
    """Return the key of a batch's attempt and whether the attempt is new."""
    found = connection.execute(
        "SELECT key, job IS NULL FROM attempts WHERE run = ? AND id = ?", (run, batch.attempt)
    ).fetchone()
    if found is None:
        return _insert(connection, run, batch), True
    key, lacks_job = found
    if lacks_job and batch.job is not None:
        connection.execute(
            "UPDATE attempts SET job = ?, job_cluster = ?, job_id = ? WHERE key = ?", (*_job(batch), key)
        )
        return key, True
    return key, False


def note_seq(connection: Connection, attempt: int, seq: int | None) -> int | None:
    """Note the greatest seq of a batch and return the attempt's greatest."""
    if seq is not None:
        connection.execute(
            "UPDATE attempts SET last_seq = max(coalesce(last_seq, 0), ?) WHERE key = ?", (seq, attempt)
        )
    last: int | None = connection.execute(
        "SELECT last_seq FROM attempts WHERE key = ?", (attempt,)
    ).fetchone()[0]
    return last


def listed(connection: Connection, run: str) -> list[Attempt]:
    """Return a run's attempts in the order of their start."""
    rows = connection.execute(
        "SELECT a.id, a.started, a.job, a.first_step, a.last_step, a.last_seq, a.last_ended, a.clock_behind"
        " FROM attempts AS a JOIN runs ON runs.key = a.run WHERE runs.id = ? ORDER BY a.started, a.key",
        (run,),
    )
    return [Attempt(id_, started, decode(job), *rest) for id_, started, job, *rest in rows]


def with_steps(connection: Connection, run: str) -> list[AttemptRow]:
    """Return a run's attempts that have steps, in the order of their start."""
    rows = connection.execute(
        "SELECT a.key, a.first_step, a.highest_step, a.last_step, a.step_records"
        " FROM attempts AS a JOIN runs ON runs.key = a.run"
        " WHERE runs.id = ? AND a.first_step IS NOT NULL ORDER BY a.started, a.key",
        (run,),
    )
    return [AttemptRow(*row) for row in rows]


def _insert(connection: Connection, run: int, batch: RecordBatch) -> int:
    connection.execute(
        "INSERT INTO attempts (run, id, started, job, job_cluster, job_id) VALUES (?, ?, ?, ?, ?, ?)",
        (run, batch.attempt, batch.attempt_started, *_job(batch)),
    )
    return int(connection.execute("SELECT last_insert_rowid()").fetchone()[0])


def _job(batch: RecordBatch) -> tuple[str | None, str | None, str | None]:
    if batch.job is None:
        return None, None, None
    return encode(batch.job.model_dump()), batch.job.cluster, str(batch.job.id)
