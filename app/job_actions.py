"""What a person may do to the job of a run: hold, release, requeue, a lower time limit, cancel.

Each is refused here before SLURM would refuse it, or would do what nobody meant: only one's own job, only in
a state that it fits, and once for a key.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from app.audit import Audit
from app.errors import ConflictError
from app.replace import Replacer
from app.replacement import Replacement
from app.run_jobs import job_of, refuse_foreign
from app.schemas.job_actions import JobAction, JobOrder
from app.slurm.scheduler import JobFacts, Scheduler, SchedulerError, SchedulerUnavailableError
from app.slurm.standing import must_run, must_wait
from app.store import Store
from app.store.facts import Run
from planner.errors import InvalidInputError

NO_SCHEDULER = "This service runs without a scheduler; start it with --scheduler=slurm or local."


@dataclass(frozen=True, slots=True)
class Acted:
    """What was asked of a job and what came of it.

    Attributes:
        outcome: ``"asked"`` while nobody knows: the scheduler gave no answer, or the service was killed.
        replacement: the id under which a cancel with checkpoint goes on.
    """

    run: str
    job: str
    action: JobAction
    order: Mapping[str, Any]
    at: float
    outcome: Literal["asked", "accepted", "refused"]
    words: str
    replacement: str | None = None


class JobActions:
    """The actions on jobs behind the API and the pages' forms.

    Args:
        store: remembers what each key did.
        scheduler: acts as the user who runs the service; ``None``: there is none.
        replacer: carries out a cancel that waits for a checkpoint.
        audit: the log of it all.
        own_run: returns one of a user's runs, or raises ``NotFoundError``.
        clock: returns epoch seconds.
        checkpoint_wait_seconds: how long a checkpoint is waited for, where nobody says otherwise.
    """

    def __init__(  # noqa: PLR0913 - the parts it acts on, wired once
        self,
        *,
        store: Store,
        scheduler: Scheduler | None,
        replacer: Replacer | None,
        audit: Audit,
        acted_on: Callable[[str, str, str], Run],
        clock: Callable[[], float],
        checkpoint_wait_seconds: float,
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._replacer = replacer
        self._audit = audit
        self._acted_on = acted_on
        self._clock = clock
        self._checkpoint_wait_seconds = checkpoint_wait_seconds

    def act(self, user: str, run_id: str, action: JobAction, order: JobOrder, key: str) -> Acted:
        """Do one thing to a run's job; the same key does it once.

        Raises:
            ForbiddenError: the job is somebody else's.
            ConflictError: the job is not in a state for it, a replacement is under way, or the key was used
                for something else.
            SchedulerError: the scheduler refused, or did not answer.
        """
        run = self._acted_on(user, run_id, f"job {action}")
        asked = order.model_dump(mode="json", exclude_none=True)
        with self._audit.action(user, f"job {action}", run.id, key=key, order=asked):
            kind = f"job-action {hashlib.sha256(key.encode()).hexdigest()[:20]}"
            known = self._store.document(run.id, kind)
            if known is not None:
                return _same(Acted(**known[0]), action, asked)
            facts = self._fitting(run, action)
            if action == "time-limit":
                _refuse_limit(order, facts, self._clock())
            acted = Acted(run.id, facts.id, action, asked, self._clock(), "asked", "no answer yet")
            return self._carry_out(kind, acted, user, order, key)

    def refuse_unfit(self, run: Run, action: JobAction) -> None:
        """Raise as ``act`` would of a run's job as it stands, whatever the order; nothing is done."""
        self._fitting(run, action)

    def _fitting(self, run: Run, action: JobAction) -> JobFacts:
        """Return a run's job, which an action fits."""
        scheduler, replacer = self._acting()
        facts = job_of(run, scheduler, self._store)
        refuse_foreign(facts, scheduler)
        _refuse_state(replacer, run, action, facts)
        return facts

    def _acting(self) -> tuple[Scheduler, Replacer]:
        if self._scheduler is None or self._replacer is None:
            raise ConflictError(NO_SCHEDULER)
        return self._scheduler, self._replacer

    def _carry_out(self, kind: str, acted: Acted, user: str, order: JobOrder, key: str) -> Acted:
        """Do it, remembered before and after: what got no answer is not done a second time."""
        self._remember(kind, acted)
        try:
            replacement = self._do(acted, user, order, key)
        except SchedulerUnavailableError:
            raise
        except SchedulerError as error:
            self._remember(kind, _ended(acted, "refused", str(error)))
            raise
        done = _ended(acted, "accepted", f"job {acted.job}: {acted.action}", replacement)
        self._remember(kind, done)
        return done

    def _remember(self, kind: str, acted: Acted) -> None:
        self._store.put_document(acted.run, kind, asdict(acted), self._clock())

    def _do(self, acted: Acted, user: str, order: JobOrder, key: str) -> str | None:
        scheduler, replacer = self._acting()
        if acted.action == "checkpoint-cancel":
            wait = order.checkpoint_wait_seconds
            return replacer.cancel(
                acted.run,
                user=user,
                idempotency_key=f"cancel {key}",
                checkpoint_wait_seconds=self._checkpoint_wait_seconds if wait is None else wait,
                signal=order.signal,
                without_answer=order.without_answer,
            ).id
        if acted.action == "time-limit":
            scheduler.set_time_limit(acted.job, order.time_limit_seconds or 0.0)
            return None
        verbs: Mapping[str, Callable[[str], None]] = {
            "hold": scheduler.hold,
            "release": scheduler.release,
            "requeue": scheduler.requeue,
            "cancel": scheduler.cancel,
        }
        verbs[acted.action](acted.job)
        return None


def _refuse_state(replacer: Replacer, run: Run, action: JobAction, facts: JobFacts) -> None:
    under_way = replacer.under_way(run.id)
    if under_way is not None:
        raise ConflictError(_in_the_way(replacer, under_way))
    if action in {"hold", "release"}:
        must_wait(facts, facts.id)
    elif action in {"requeue", "checkpoint-cancel"}:
        must_run(facts, facts.id)
    elif not facts.is_active:
        raise ConflictError(f"job {facts.id} is {facts.state}: it has ended")


def _in_the_way(replacer: Replacer, under_way: Replacement) -> str:
    """Say that a replacement is in the way, and what a person can do about it."""
    id_, run, left = under_way.id, under_way.run, replacer.settles_in(under_way)
    if under_way.is_reversible:
        return f"replacement {id_} of run {run!r} is under way; undo it first"
    if left is None:
        return f"replacement {id_} of run {run!r} is under way; wait until it has settled"
    return f"replacement {id_} of run {run!r} is under way; wait until it has settled, {math.ceil(left)} s"


def _refuse_limit(order: JobOrder, facts: JobFacts, now: float) -> None:
    asked, limit = order.time_limit_seconds, facts.time_limit_seconds
    if asked is None:
        raise InvalidInputError("/time_limit_seconds", None, "the new time limit in seconds")
    if limit is not None and asked >= limit:
        raise ConflictError(f"job {facts.id} has a limit of {limit:.0f} s; only a lower one can be set")
    if facts.started is not None and asked <= now - facts.started:
        raise ConflictError(f"job {facts.id} has run for longer than {asked:.0f} s; cancel it instead")


def _ended(
    acted: Acted, outcome: Literal["accepted", "refused"], words: str, replacement: str | None = None
) -> Acted:
    return Acted(
        acted.run, acted.job, acted.action, acted.order, acted.at, outcome, words, replacement
    )  # fmt: skip


def _same(known: Acted, action: JobAction, asked: Mapping[str, Any]) -> Acted:
    if (known.action, dict(known.order)) != (action, dict(asked)):
        raise ConflictError("This idempotency key was used for another action; take a new one.")
    if known.outcome == "refused":
        raise ConflictError(known.words)
    return known
