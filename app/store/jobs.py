"""Jobs: what the scheduler last said of each."""

from collections.abc import Iterable
from dataclasses import asdict
from sqlite3 import Connection

from app.slurm.scheduler import JobFacts
from app.store.codec import decode, encode
from app.store.facts import JobKey

# A job of an attempt is followed until the scheduler says it has ended, one put in by hand as well.
TRACKED = """
SELECT DISTINCT job_cluster, job_id FROM attempts
WHERE job_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM jobs WHERE cluster = job_cluster AND id = job_id AND NOT active)
UNION SELECT cluster, id FROM jobs WHERE active
ORDER BY 1, 2"""

HEARD_OF = """
SELECT DISTINCT job_cluster, job_id FROM runs
WHERE last_record_at >= ? AND finished IS NULL AND job_id IS NOT NULL"""

WAITS = """
SELECT json_extract(facts, '$.started') - json_extract(facts, '$.submitted')
FROM jobs
WHERE json_extract(facts, '$.started') >= json_extract(facts, '$.submitted')
  AND (:partition IS NULL OR json_extract(facts, '$.partition') = :partition)
  AND EXISTS (SELECT 1 FROM attempts JOIN runs ON runs.key = attempts.run
              WHERE attempts.job_cluster = jobs.cluster AND attempts.job_id = jobs.id AND runs.user = :user)
ORDER BY json_extract(facts, '$.started') DESC LIMIT :limit"""


def put(connection: Connection, jobs: Iterable[JobFacts], seen_at: float) -> None:
    """Keep what the scheduler said, unless something newer is known."""
    rows = [(job.cluster, job.id, encode(asdict(job)), seen_at, job.is_active) for job in jobs]
    connection.executemany(
        "INSERT INTO jobs VALUES (?, ?, ?, ?, ?) ON CONFLICT (cluster, id) DO UPDATE"
        " SET facts = excluded.facts, seen_at = excluded.seen_at, active = excluded.active"
        " WHERE excluded.seen_at >= seen_at",
        rows,
    )


def one(connection: Connection, key: JobKey) -> tuple[JobFacts, float] | None:
    """Return a job and the epoch seconds when the scheduler said so."""
    row = connection.execute(
        "SELECT facts, seen_at FROM jobs WHERE cluster = ? AND id = ?", (key.cluster, key.id)
    ).fetchone()
    return (JobFacts(**decode(row[0])), row[1]) if row else None


def tracked(connection: Connection) -> list[JobKey]:
    """Return the jobs that are not known to have ended."""
    return [JobKey(*row) for row in connection.execute(TRACKED)]


def heard_of(connection: Connection, since: float) -> set[JobKey]:
    """Return the jobs of runs that go on and of which a batch came at or after a moment."""
    return {JobKey(*row) for row in connection.execute(HEARD_OF, (since,))}


def waits(connection: Connection, user: str, partition: str | None, limit: int) -> list[float]:
    """Return the seconds a user's newest jobs waited in the queue, oldest first."""
    wanted = {"user": user, "partition": partition, "limit": limit}
    return [waited for (waited,) in connection.execute(WAITS, wanted)][::-1]
