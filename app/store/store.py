"""The one interface to what is stored."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.records import RecordBatch
from app.slurm.scheduler import JobFacts
from app.store import (
    access,
    attempts,
    batch,
    blocks,
    commands,
    documents,
    events,
    jobs,
    marks,
    notes,
    replacements,
    runs,
    spans,
    steps,
)
from app.store.alert_store import AlertStore
from app.store.connection import Caller, Readers, Submitter, connect_writer
from app.store.facts import (
    Added,
    Attempt,
    AuditEntry,
    AuditFilter,
    Checkpoint,
    Command,
    JobKey,
    Note,
    Run,
    Span,
    SpoolMark,
    StepBlocks,
    StepRows,
    Token,
    Validation,
)
from app.store.migrate import migrate
from app.store.replacements import StoredReplacement
from app.store.writer import Writer

MAX_BLOCKS = 1500
EVERYTHING = AuditFilter()
NO_ODDITIES: Mapping[str, int] = MappingProxyType({})


class Store:
    """Runs, their records, and what the service keeps of its own.

    Every method may be called from any thread and blocks; one that changes something returns when that is
    committed, whole or not at all. What a method reads is one consistent snapshot.

    Args:
        writer: runs what changes something.
        readers: runs what does not.

    Attributes:
        alerts: what is kept of alerts.
    """

    def __init__(self, writer: Submitter, readers: Caller) -> None:
        self._write = writer.call
        self._submit = writer.submit
        self._read = readers.call
        self._parts = (readers, writer)
        self.alerts = AlertStore(writer, readers)

    def close(self) -> None:
        """Finish what is under way and let go of the database."""
        for part in self._parts:
            part.close()

    def add(
        self,
        user: str,
        run: str,
        records: RecordBatch,
        received: float,
        oddities: Mapping[str, int] = NO_ODDITIES,
    ) -> Added:
        """Store a batch of records, each once, with everything that follows from them.

        Args:
            user: who reports.
            run: id of the run, made by its first batch.
            records: the batch.
            received: epoch seconds when it came.
            oddities: what was odd on the way, counted into the run's warnings.

        Raises:
            ForeignRunError: the run is somebody else's.
        """
        return self.submit(user, run, records, received, oddities).result()

    def submit(
        self,
        user: str,
        run: str,
        records: RecordBatch,
        received: float,
        oddities: Mapping[str, int] = NO_ODDITIES,
    ) -> Future[Added]:
        """Have a batch of records stored, as ``add`` does, without waiting for it."""
        arrival = batch.Arrival(received, oddities)
        return self._submit(partial(batch.add, user=user, run_id=run, batch=records, arrival=arrival))

    def runs(
        self, user: str | None = None, limit: int = 100, offset: int = 0, query: str | None = None
    ) -> list[Run]:
        """Return runs, the one heard of last first; ``query`` is part of an id, name or job."""
        return self._read(partial(runs.listed, user=user, limit=limit, offset=offset, query=query))

    def run(self, run: str) -> Run | None:
        """Return a run."""
        return self._read(partial(runs.one, run=run))

    def runs_heard_of(self, since: float, limit: int) -> list[Run]:
        """Return runs of which a batch came at or after a moment, epoch seconds, the newest first."""
        return self._read(partial(runs.heard_of, since=since, limit=limit))

    def run_of_job(self, user: str, job: str) -> Run | None:
        """Return the newest of a user's runs that has an attempt in a job, by the job's id."""
        return self._read(partial(runs.of_job, user=user, job=job))

    def run_replacing(self, run: str, user: str) -> Run | None:
        """Return the newest of a user's runs that was relaunched from a run."""
        return self._read(partial(runs.replacing, run=run, user=user))

    def attempts(self, run: str) -> list[Attempt]:
        """Return a run's attempts in the order of their start."""
        return self._read(partial(attempts.listed, run=run))

    def step_blocks(
        self, run: str, max_blocks: int = MAX_BLOCKS, between: tuple[int, int] | None = None
    ) -> StepBlocks:
        """Return a run's curve in at most ``max_blocks`` blocks; the cost does not grow with the run.

        ``between`` narrows it to what lies between a first and a last step.
        """
        return self._read(partial(blocks.read, run=run, max_blocks=max_blocks, between=between))

    def given_up_seconds(self, run: str) -> float:
        """Return the seconds of steps that were done and then given up: repeated, or beyond where it is."""
        return self._read(partial(blocks.given_up_seconds, run=run))

    def recent_steps(self, run: str, limit: int = 512) -> StepRows:
        """Return the last ``limit`` steps up to where the newest attempt is, in step order."""
        return self._read(partial(steps.recent, run=run, limit=limit))

    def step_count(self, run: str) -> int:
        """Return how many step records a run has, over all attempts."""
        return self._read(partial(steps.count, run=run))

    def validations(self, run: str) -> list[Validation]:
        """Return a run's validations in step order; of a repeated step the newest attempt's last one."""
        return self._read(partial(events.validations, run=run))

    def checkpoints(self, run: str) -> list[Checkpoint]:
        """Return a run's checkpoints in step order; of a repeated step the newest attempt's last one."""
        return self._read(partial(events.checkpoints, run=run))

    def spans(self, run: str, limit: int = 1000) -> list[Span]:
        """Return a run's last ``limit`` spans in the order of their start."""
        return self._read(partial(spans.listed, run=run, limit=limit))

    def span_totals(self, run: str) -> dict[str, float]:
        """Return the seconds spent in each phase, over all attempts."""
        return self._read(partial(spans.totals, run=run))

    def notes(self, run: str, kind: str | None = None, limit: int = 100) -> list[Note]:
        """Return a run's last ``limit`` notes; the newest comes last."""
        return self._read(partial(notes.listed, run=run, kind=kind, limit=limit))

    def add_command(self, command: Command) -> Command:
        """Store a command and return it; one whose id is known is returned as it stands."""
        return self._write(partial(commands.add, command=command))

    def commands(self, run: str | None = None, state: str | None = None) -> list[Command]:
        """Return commands in the order they were given; ``None`` stands for any run, any state."""
        return self._read(partial(commands.listed, run=run, state=state))

    def put_jobs(self, facts: Iterable[JobFacts], seen_at: float) -> None:
        """Keep what the scheduler said at a moment, in epoch seconds, unless something newer is known."""
        self._write(partial(jobs.put, jobs=list(facts), seen_at=seen_at))

    def job(self, key: JobKey) -> tuple[JobFacts, float] | None:
        """Return a job and the epoch seconds when the scheduler said so."""
        return self._read(partial(jobs.one, key=key))

    def tracked_jobs(self) -> list[JobKey]:
        """Return the jobs of attempts, and those put, that are not known to have ended."""
        return self._read(jobs.tracked)

    def jobs_heard_of(self, since: float) -> set[JobKey]:
        """Return the jobs of runs that go on and of which a batch came since, epoch seconds."""
        return self._read(partial(jobs.heard_of, since=since))

    def queue_waits(self, user: str, partition: str | None = None, limit: int = 200) -> list[float]:
        """Return the seconds the newest jobs of a user's runs waited, oldest first."""
        return self._read(partial(jobs.waits, user=user, partition=partition, limit=limit))

    def add_token(self, token: Token) -> None:
        """Keep a token by its hash."""
        self._write(partial(access.add_token, token=token))

    def token(self, hash_: str) -> Token | None:
        """Return the token with a hash."""
        return self._read(partial(access.token, hash_=hash_))

    def tokens(self) -> list[Token]:
        """Return every token in the order they were made."""
        return self._read(access.tokens)

    def revoke_token(self, hash_: str) -> bool:
        """Forget the token with a hash, and say whether there was one."""
        return self._write(partial(access.revoke_token, hash_=hash_))

    def add_audit(self, entry: AuditEntry) -> None:
        """Append to the audit log."""
        self._write(partial(access.add_audit, entry=entry))

    def audit(self, limit: int = 100, offset: int = 0, wanted: AuditFilter = EVERYTHING) -> list[AuditEntry]:
        """Return entries of the audit log, the newest first, narrowed to what is wanted."""
        return self._read(partial(access.audit, page=(limit, offset), wanted=wanted))

    def audited_actions(self, user: str) -> list[str]:
        """Return which actions the audit log holds of a user."""
        return self._read(partial(access.audited_actions, user=user))

    def put_document(self, run: str, kind: str, data: Mapping[str, Any], at: float) -> None:
        """Keep a run's current document of a kind in place of the last one."""
        self._write(partial(documents.put, run=run, kind=kind, data=data, at=at))

    def document(self, run: str, kind: str) -> tuple[dict[str, Any], float] | None:
        """Return a run's current document of a kind and when it was put, in epoch seconds."""
        return self._read(partial(documents.one, run=run, kind=kind))

    def documents(self, kind: str, user: str, limit: int = 1000) -> list[tuple[str, dict[str, Any]]]:
        """Return the current documents of a kind of a user's runs with their run ids, the newest first."""
        return self._read(partial(documents.of_kind, kind=kind, user=user, limit=limit))

    def append_history(self, run: str, kind: str, at: float, data: Mapping[str, Any]) -> None:
        """Append to a run's history of a kind."""
        self._write(partial(documents.append, run=run, kind=kind, at=at, data=data))

    def history(self, run: str, kind: str, limit: int = 100) -> list[tuple[float, dict[str, Any]]]:
        """Return the last ``limit`` values of a kind with their epoch seconds; the newest comes last."""
        return self._read(partial(documents.history, run=run, kind=kind, limit=limit))

    def put_replacement(self, id: str, run: str, state: str, data: Mapping[str, Any], at: float) -> None:  # noqa: A002 - a replacement's own word for it
        """Keep where a replacement stands."""
        self._write(partial(replacements.put, replacement=StoredReplacement(id, run, state, data, at)))

    def replacement(self, id: str) -> dict[str, Any] | None:  # noqa: A002 - a replacement's own word for it
        """Return a replacement's data."""
        return self._read(partial(replacements.one, id_=id))

    def replacements(self, run: str | None = None, *, active_only: bool = False) -> list[dict[str, Any]]:
        """Return the data of replacements, of one run where it is named, the newest first."""
        return self._read(partial(replacements.listed, run=run, active_only=active_only))

    def put_spool_mark(self, mark: SpoolMark) -> None:
        """Keep how far a spool file has been read."""
        self._write(partial(marks.put, mark=mark))

    def spool_mark(self, path: str) -> SpoolMark | None:
        """Return how far a spool file has been read, ``None`` where it was never opened."""
        return self._read(partial(marks.one, path=path))


def open_store(path: Path | None) -> Store:
    """Open a store and bring it to the schema of this version.

    Args:
        path: the database file, made with mode 0600 where there is none; ``None`` keeps it in memory.

    Raises:
        NewerSchemaError: it was written by a newer version.
    """
    if path is not None:
        path.touch(mode=0o600)
    connection = connect_writer(path)
    migrate(connection)
    writer = Writer(connection)
    # A database in memory is one connection's: what reads it waits in the same line.
    return Store(writer, writer if path is None else Readers(path))
