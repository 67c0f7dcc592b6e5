"""Putting a corrected job in the place of a running one, without ever losing either."""

import hashlib
import sqlite3
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Unpack

import structlog

from app.errors import ConflictError, ForbiddenError, NotFoundError
from app.replace_draft import Corrected, Draft, Wish, corrected, draft_of
from app.replace_journal import Journal
from app.replace_keep import settles_in
from app.replace_stage import Parts, Pauses, StoppedError
from app.replace_stages import Stages
from app.replacement import Replacement, WithoutAnswer
from app.run_jobs import job_of, refuse_foreign
from app.slurm.options import as_argv
from app.slurm.scheduler import JobFacts, Scheduler
from app.store import Store, StoreError
from app.store.facts import AuditEntry, JobKey, Run
from app.supervision import Supervision

_log = structlog.get_logger(__name__)
_DAY = 86400.0
REPLACES = "CUTLOSS_REPLACES"
"""Tells the corrected job which run it replaces."""


class Replacer:
    """Starts replacements, each in a thread of its own, and takes up those that a killed service left.

    Args:
        store: where they are kept.
        scheduler: acts as the user who runs the service.
        clock: epoch seconds.
        publish: told the run whose replacement has moved.
        pauses: how long to wait for what.
        supervision: where jobs take orders; ``None``: they take none here.
    """

    def __init__(  # noqa: PLR0913 - the parts it acts on, wired once
        self,
        store: Store,
        scheduler: Scheduler,
        clock: Callable[[], float],
        *,
        publish: Callable[[str], None] = lambda _run: None,
        pauses: Pauses | None = None,
        supervision: Supervision | None = None,
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._clock = clock
        self._journal = Journal(store, clock, publish)
        self._stop = threading.Event()
        self._supervision = supervision
        parts = Parts(self._journal, scheduler, clock, self._stop, pauses or Pauses(), supervision)
        self._stages = Stages(parts)
        self._starting = threading.Lock()
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}

    def draft(self, run_id: str) -> Draft:
        """Return a run's job and its batch script, to be corrected."""
        facts = job_of(self._run(run_id), self._scheduler, self._store)
        script = self._scheduler.script(facts.id) if facts.user == self._scheduler.user else None
        key = JobKey(self._scheduler.cluster, facts.id)
        return draft_of(facts, script, self._supervision.of(key) if self._supervision is not None else None)

    def start(
        self, run_id: str, *, user: str, idempotency_key: str | None = None, **wish: Unpack[Wish]
    ) -> Replacement:
        """Start replacing a run's job by a corrected one.

        Args:
            run_id: the run whose job is replaced.
            user: who asks.
            idempotency_key: the same key gives the same replacement, however often it is asked.
            **wish: what is wanted.

        Raises:
            NotFoundError: there is no such run, or SLURM does not know its job.
            ForbiddenError: the job is somebody else's.
            ConflictError: another replacement of that run is under way, or has put a job in its place that
                still waits or runs; another command is on its way into that job; the key was used for
                another; what would run was not confirmed.
            SchedulerError: an option is not allowed, or the scheduler does not answer.
            InvalidInputError: with the order *keep*, something is asked for that the running job settles.
        """
        as_argv(wish.get("options") or {})
        wanted_id = _replacement_id(user, run_id, idempotency_key)
        with self._starting:
            known = self._store.replacement(wanted_id)
            if known is not None:
                return _same(Replacement.from_data(known), wish)
            self._refuse_second(run_id)
            facts = self._own_job(run_id, user)
            if wish.get("order") == "keep":
                self._refuse_second_command(facts.id)
            exact = self._corrected(facts, wish)
            _refuse_unconfirmed(exact, wish.get("sha256"))
            replacement = self._journal.write(self._prepared(wanted_id, run_id, user, facts, exact, wish))
        self._journal.audit(replacement, user, f"asked to replace job {facts.id}")
        self._spawn(replacement.id)
        return replacement

    def started_by(self, key: str, *, user: str, run_id: str) -> Replacement | None:
        """Return what a key has started, whatever became of its job; ``None``: nothing yet."""
        return self.get(_replacement_id(user, run_id, key))

    def preview(self, run_id: str, **wish: Unpack[Wish]) -> Corrected:
        """Return exactly what would run; nothing is started.

        Raises:
            NotFoundError: there is no such run, or SLURM does not know its job.
            SchedulerError: an option is not allowed, or the scheduler does not answer.
        """
        return self._corrected(job_of(self._run(run_id), self._scheduler, self._store), wish)

    def _corrected(self, facts: JobFacts, wish: Wish) -> Corrected:
        needs_script = wish.get("options") is None and wish.get("order") not in {"keep", "cancel"}
        own = (
            self._scheduler.script(facts.id) if needs_script and facts.user == self._scheduler.user else None
        )
        return corrected(facts, own or "", wish)

    def cancel(  # noqa: PLR0913 - the parts of one question, all by name
        self,
        run_id: str,
        *,
        user: str,
        idempotency_key: str,
        checkpoint_wait_seconds: float,
        signal: str | None = None,
        without_answer: WithoutAnswer = "abort",
    ) -> Replacement:
        """Cancel a run's job once it has saved a checkpoint: the same stages, with no new job."""
        return self.start(
            run_id,
            script="",
            user=user,
            options={},
            script_args=(),
            idempotency_key=idempotency_key,
            order="cancel",
            checkpoint_wait_seconds=checkpoint_wait_seconds,
            signal=signal,
            without_answer=without_answer,
        )

    def under_way(self, run_id: str) -> Replacement | None:
        """Return a run's replacement that is not over yet."""
        known = [Replacement.from_data(data) for data in self._store.replacements(run_id)]
        return next((replacement for replacement in known if replacement.is_active), None)

    def settles_in(self, replacement: Replacement) -> float | None:
        """Return the seconds within which a command that keeps the nodes has settled; ``None``: not known."""
        return settles_in(replacement, self._supervision, self._clock())

    def get(self, replacement_id: str) -> Replacement | None:
        """Return a replacement as it stands."""
        data = self._store.replacement(replacement_id)
        return None if data is None else Replacement.from_data(data)

    def rollback(self, replacement_id: str, user: str) -> Replacement:
        """Undo a replacement; raise ``ConflictError`` once the old job has been told to end."""
        asked = self._journal.ask_rollback(replacement_id, user)
        if asked is None:
            state = self._journal.read(replacement_id).state
            raise ConflictError(
                f"the replacement is {state}; only until the old job's cancel can it be undone"
            )
        self._journal.audit(asked, user, "asked to undo it")
        self._spawn(replacement_id)
        return asked

    def resume_all(self) -> list[str]:
        """Go on with every replacement that a former service left unfinished; return their ids."""
        known = [Replacement.from_data(data) for data in self._store.replacements()]
        left = [each for each in known if each.is_active or self._may_turn_up(each)]
        for replacement in left:
            _log.info("replacement resumed", replacement=replacement.id, state=replacement.state)
            self._spawn(replacement.id)
        return [replacement.id for replacement in left]

    def _may_turn_up(self, replacement: Replacement) -> bool:
        return replacement.doubtful and self._clock() < replacement.updated + _DAY

    def wait(self, replacement_id: str, timeout_seconds: float) -> Replacement:
        """Wait until a replacement's thread ends, at most so long, and return how it stands."""
        thread = self._threads.get(replacement_id)
        if thread is not None:
            thread.join(timeout_seconds)
        return self._journal.read(replacement_id)

    def close(self) -> None:
        """Stop driving; what is stored is taken up by ``resume_all``."""
        self._stop.set()
        for thread in list(self._threads.values()):
            thread.join()

    def _spawn(self, replacement_id: str) -> None:
        with self._lock:
            running = self._threads.get(replacement_id)
            if running is not None and running.is_alive():
                return
            thread = threading.Thread(
                target=self._drive, args=(replacement_id,), name=f"replacement-{replacement_id}", daemon=True
            )
            self._threads[replacement_id] = thread
        thread.start()

    def _drive(self, replacement_id: str) -> None:
        try:
            self._stages.drive(replacement_id)
        except StoppedError:
            _log.info("replacement left for the next start", replacement=replacement_id)
        except (OSError, sqlite3.Error, StoreError) as error:
            _log.error("replacement cannot be stored", replacement=replacement_id, error=str(error))

    def _refuse_second(self, run_id: str) -> None:
        under_way = self.under_way(run_id)
        if under_way is not None:
            raise ConflictError(f"replacement {under_way.id} of run {run_id!r} is under way")
        known = [Replacement.from_data(data) for data in self._store.replacements(run_id)]
        following = {each.new_id for each in known if each.state == "done" and each.new_id is not None}
        for facts in self._scheduler.jobs(following).values():
            if facts.is_active:
                raise ConflictError(
                    f"run {run_id!r} has been replaced by job {facts.id}, which is {facts.state}"
                )

    def _refuse_second_command(self, job_id: str) -> None:
        """Raise while a corrected command may still give its place in a job back, whatever run it is of."""
        place = ("keep", self._scheduler.cluster, job_id)
        for data in self._store.replacements(active_only=True):
            other = Replacement.from_data(data)
            if (other.order, other.cluster, other.old_id) == place:
                raise ConflictError(f"replacement {other.id} of run {other.run!r} is under way")

    def _run(self, run_id: str) -> Run:
        run = self._store.run(run_id)
        if run is None:
            raise NotFoundError(f"there is no run {run_id!r}")
        return run

    def _own_job(self, run_id: str, user: str) -> JobFacts:
        facts = job_of(self._run(run_id), self._scheduler, self._store)
        try:
            refuse_foreign(facts, self._scheduler)
        except ForbiddenError:
            detail = {"old_job": facts.id, "owner": facts.user}
            refused = AuditEntry(self._clock(), user, "relaunch", run_id, "refused", detail)
            self._store.add_audit(refused)
            raise
        return facts

    def _prepared(  # noqa: PLR0913, PLR0917 - the parts of one record
        self, id_: str, run_id: str, user: str, facts: JobFacts, exact: Corrected, wish: Wish
    ) -> Replacement:
        now = self._clock()
        return Replacement(
            id=id_,
            run=run_id,
            user=user,
            state="prepared",
            created=now,
            updated=now,
            cluster=self._scheduler.cluster,
            old_id=facts.id,
            old_submitted=facts.submitted,
            old_user=facts.user,
            token=f"cutloss:{id_}",
            script=exact.script,
            sha256=exact.sha256,
            work_dir=exact.work_dir,
            script_args=exact.script_args,
            options=exact.options,
            environment={**exact.environment, REPLACES: run_id},
            order=wish.get("order", "handover"),
            checkpoint_wait_seconds=wish.get("checkpoint_wait_seconds"),
            signal=wish.get("signal"),
            without_answer=wish.get("without_answer", "proceed"),
        ).moved("prepared", now, f"to replace job {facts.id}")


def _refuse_unconfirmed(exact: Corrected, confirmed: str | None) -> None:
    if confirmed is not None and confirmed != exact.sha256:
        raise ConflictError(
            f"what would run has the hash {exact.sha256[:12]}; expected {confirmed[:12]}, which was confirmed"
        )


def _replacement_id(user: str, run_id: str, key: str | None) -> str:
    if key is None:
        return uuid.uuid4().hex[:20]
    return hashlib.sha256(f"{user}\0{run_id}\0{key}".encode()).hexdigest()[:20]


def _same(known: Replacement, wish: Wish) -> Replacement:
    """Return what a key has started; what is not said again is taken to be as it was.

    The old job is not asked about: it may be gone, and the answer to the first asking lost.
    """
    confirmed, given = wish.get("sha256"), wish.get("environment")
    options, arguments = wish.get("options"), wish.get("script_args")
    before = Corrected(
        known.script, tuple(known.script_args), known.options, known.work_dir, known.order,
        _without_mark(known.environment),
    )  # fmt: skip
    again = Corrected(
        script=wish["script"],
        script_args=before.script_args if arguments is None else tuple(arguments),
        options=before.options if options is None else options,
        work_dir=wish.get("work_dir") or before.work_dir,
        order=wish.get("order", "handover"),
        environment=_without_mark(given or {}),
    )
    if again.sha256 != before.sha256 or confirmed not in {None, known.sha256}:
        raise ConflictError("the idempotency key was used for a different relaunch; expected a new key")
    return known


def _without_mark(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name != REPLACES}
