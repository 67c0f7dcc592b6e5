"""Runs, and what their notes and attempts say of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any

from app.records import RecordBatch
from app.store import notes
from app.store.codec import decode, encode
from app.store.errors import ForeignRunError
from app.store.facts import JobKey, Run

COLUMNS = (
    "id, name, user, created, plan, version, last_record_at, finished,"
    " job_cluster, job_id, replaces, warnings"
)

LISTED = f"""
SELECT {COLUMNS} FROM runs
WHERE (:user IS NULL OR user = :user)
  AND (:query IS NULL OR instr(lower(id), :query) OR instr(lower(name), :query) OR instr(job_id, :query))
ORDER BY last_record_at DESC, key DESC LIMIT :limit OFFSET :offset"""  # noqa: S608 - a constant

HEARD_OF = f"SELECT {COLUMNS} FROM runs WHERE last_record_at >= ? ORDER BY last_record_at DESC LIMIT ?"  # noqa: S608 - a constant

# A relaunched job is its own run: the newest run of a job is the one meant.
OF_JOB = f"""
SELECT {COLUMNS} FROM runs
WHERE user = :user AND key IN (SELECT run FROM attempts WHERE job_id = :job)
ORDER BY created DESC, key DESC LIMIT 1"""  # noqa: S608 - a constant

REPLACING = f"""
SELECT {COLUMNS} FROM runs WHERE replaces = ? AND user = ? ORDER BY created DESC, key DESC LIMIT 1"""  # noqa: S608 - a constant

INSERT = """
INSERT INTO runs (id, user, name, created, last_record_at) VALUES (?, ?, ?, ?, ?)
RETURNING key, plan, version, warnings"""

NEWEST_ATTEMPT = """
SELECT key, job_cluster, job_id, (SELECT min(started) FROM attempts WHERE run = :run)
FROM attempts WHERE run = :run ORDER BY started DESC, key DESC LIMIT 1"""


@dataclass(frozen=True, slots=True)
class RunRow:
    """What ingest needs of a run."""

    key: int
    plan: Mapping[str, Any]
    version: int
    warnings: Mapping[str, int]

    @property
    def total_steps(self) -> int | None:
        """The declared end."""
        total: int | None = self.plan.get("total_steps")
        return total


def claim(connection: Connection, user: str, run: str, batch: RecordBatch, received: float) -> RunRow:
    """Return a run to write to; its first batch makes it the user's.

    Raises:
        ForeignRunError: it is somebody else's.
    """
    found = connection.execute(
        "SELECT user, key, plan, version, warnings FROM runs WHERE id = ?", (run,)
    ).fetchone()
    if found is None:
        made = connection.execute(INSERT, (run, user, run, batch.attempt_started, received)).fetchone()
        return _run_row(*made)
    owner, *row = found
    if owner != user:
        raise ForeignRunError(run, user)
    return _run_row(*row)


def describe(connection: Connection, run: int) -> None:
    """Bring a run's plan, job and end up to date with its attempts and notes.

    All are derived from what is stored, so that a late batch changes nothing it should not: the newest plan
    over all attempts, the newest attempt's job, and the newest attempt's end.
    """
    attempt, cluster, job, started = connection.execute(NEWEST_ATTEMPT, {"run": run}).fetchone()
    plan = notes.newest(connection, run, "plan") or {}
    finish = notes.newest_of_attempt(connection, attempt, "finish")
    finished = None if finish is None else str(finish.get("reason", "finished"))
    connection.execute(
        "UPDATE runs SET plan = ?, name = coalesce(?, id), replaces = ?, finished = ?,"
        " job_cluster = ?, job_id = ?, created = ? WHERE key = ?",
        (encode(plan), plan.get("name"), plan.get("replaces"), finished, cluster, job, started, run),
    )


def note_batch(
    connection: Connection, run: RunRow, warnings: Mapping[str, int], received: float, *, changed: bool
) -> int:
    """Keep when a batch came and what was odd about it, and return the run's version."""
    version = run.version + changed
    connection.execute(
        "UPDATE runs SET version = ?, warnings = ?, last_record_at = max(last_record_at, ?) WHERE key = ?",
        (version, encode(warnings), received, run.key),
    )
    return version


def plan_of(connection: Connection, run: int) -> Mapping[str, Any]:
    """Return a run's declared plan."""
    plan: Mapping[str, Any] = decode(
        connection.execute("SELECT plan FROM runs WHERE key = ?", (run,)).fetchone()[0]
    )
    return plan


def one(connection: Connection, run: str) -> Run | None:
    """Return a run."""
    row = connection.execute(f"SELECT {COLUMNS} FROM runs WHERE id = ?", (run,)).fetchone()  # noqa: S608 - a constant
    return _run(row) if row else None


def heard_of(connection: Connection, since: float, limit: int) -> list[Run]:
    """Return the runs of which a batch came at or after a moment, the one heard of last first."""
    return [_run(row) for row in connection.execute(HEARD_OF, (since, limit))]


def of_job(connection: Connection, user: str, job: str) -> Run | None:
    """Return the user's newest run that has an attempt in a job."""
    row = connection.execute(OF_JOB, {"user": user, "job": job}).fetchone()
    return _run(row) if row else None


def replacing(connection: Connection, run: str, user: str) -> Run | None:
    """Return the user's newest run that was relaunched from another."""
    row = connection.execute(REPLACING, (run, user)).fetchone()
    return _run(row) if row else None


def listed(connection: Connection, user: str | None, limit: int, offset: int, query: str | None) -> list[Run]:
    """Return runs, the one heard of last first."""
    wanted = {
        "user": user, "limit": limit, "offset": offset, "query": query.lower() if query else None,
    }  # fmt: skip
    return [_run(row) for row in connection.execute(LISTED, wanted)]


def _run(row: tuple[Any, ...]) -> Run:
    id_, name, user, created, plan, version, last, finished, cluster, job, replaces, warnings = row
    key = None if job is None else JobKey(cluster, job)
    plan, warnings = decode(plan), decode(warnings)
    return Run(id_, name, user, created, plan, version, last, finished, key, replaces, warnings)


def _run_row(key: int, plan: str, version: int, warnings: str) -> RunRow:
    return RunRow(key, decode(plan), version, decode(warnings))
