"""What a person may do to a run: each on their own runs only, each in the audit log."""

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from app.audit import Audit
from app.errors import ConflictError, NotFoundError
from app.fixes import FixBook, FixOutcome
from app.live import Live
from app.replace import Replacer
from app.replace_draft import Corrected, Draft, Wish
from app.replacement import Replacement
from app.schemas.actions import CommandFields, RelaunchOrder
from app.store import Store
from app.store.facts import Command, Run
from planner.errors import InvalidInputError

JOB_ID = re.compile(r"\d{1,18}(_\d{1,9})?")
MOST_NAMESAKES = 1_000
LONGEST_SUBJECT = 100
NO_SCHEDULER = "This service runs without a scheduler; start it with --scheduler=slurm or local."


class Actions:
    """The actions behind the API and the pages' forms.

    Args:
        store: the store.
        replacer: carries relaunches out; ``None`` where the service has no scheduler.
        live: tells whoever watches.
        audit: the log of it all.
        clock: returns epoch seconds.
        fixes: keeps what is predicted of relaunches.
        checkpoint_wait_seconds: how long a checkpoint is waited for, where nobody says otherwise.
    """

    def __init__(  # noqa: PLR0913 - the parts it acts on, wired once
        self,
        *,
        store: Store,
        replacer: Replacer | None,
        live: Live,
        audit: Audit,
        clock: Callable[[], float],
        fixes: FixBook,
        checkpoint_wait_seconds: float,
    ) -> None:
        self._store = store
        self._replacer = replacer
        self._live = live
        self._audit = audit
        self._clock = clock
        self._fixes = fixes
        self._checkpoint_wait_seconds = checkpoint_wait_seconds

    def own_run(self, user: str, run_id: str) -> Run:
        """Return one of a user's runs by its id, its job's id, or its name where one of that name goes on.

        Raises:
            NotFoundError: there is none, or it is another user's.
        """
        run = self._store.run(run_id)
        if run is None and JOB_ID.fullmatch(run_id):
            run = self._store.run_of_job(user, run_id)
        run = run or self._only_run_called(user, run_id)
        if run is None or run.user != user:
            raise NotFoundError(f"There is no run {run_id[:100]!r}.")
        return run

    def acted_on(self, user: str, run_id: str, action: str) -> Run:
        """Return the run an action is on; reaching for another user's is kept in the log.

        Raises:
            NotFoundError: there is none, or it is another user's.
        """
        try:
            return self.own_run(user, run_id)
        except NotFoundError as error:
            self._audit.record(user, action, run_id[:LONGEST_SUBJECT], "refused", {"reason": str(error)})
            raise

    def _only_run_called(self, user: str, name: str) -> Run | None:
        """Return the run of that name: the one that goes on, else the newest; none where several go on."""
        called = [run for run in self._store.runs(user, MOST_NAMESAKES, 0, name) if run.name == name]
        going_on = [run for run in called if run.finished is None]
        if len(going_on) > 1:
            return None
        return next(iter(going_on or called), None)

    def set_scenario(self, user: str, run_id: str, scenario: Mapping[str, Any]) -> Run:
        """Keep what a person says of the relaunch that their run is compared with.

        Raises:
            InvalidInputError: its curve is a run's that is not there.
        """
        run = self.acted_on(user, run_id, "scenario")
        with self._audit.action(user, "scenario", run.id, scenario=scenario):
            named = (scenario.get("curve") or {}).get("run")
            if named is not None and not self._is_own(user, named):
                raise InvalidInputError("/curve/run", named, "the id of one of your runs")
            self._store.put_document(run.id, "scenario", scenario, self._clock())
        self._fixes.begin(run.id)
        self._live.publish(run.id)
        return run

    def command(self, user: str, run_id: str, fields: CommandFields, key: str | None = None) -> Command:
        """Ask something of a run's trainer; the same key gives the same command.

        Raises:
            ConflictError: the run has ended, or the key was used for another command.
        """
        run = self.acted_on(user, run_id, "command")
        detail = {"command": fields.command, "name": fields.name, "value": fields.value}
        with self._audit.action(user, "command", run.id, **detail):
            if run.finished is not None:
                raise ConflictError(f"Run {run.id} has ended ({run.finished}); nobody is there to answer.")
            asked = self._store.add_command(self._new_command(user, run, fields, key))
            if (asked.command, asked.name, asked.value) != (fields.command, fields.name, fields.value):
                raise ConflictError("This idempotency key was used for another command; take a new one.")
        self._live.publish(run.id)
        return asked

    def draft(self, user: str, run_id: str) -> Draft:
        """Return a run's job and its batch script, to be corrected."""
        run = self.own_run(user, run_id)
        draft = self._replacing().draft(run.id)
        self._fixes.begin(run.id)
        return draft

    def relaunch(self, user: str, run_id: str, order: RelaunchOrder, key: str | None = None) -> Replacement:
        """Put a corrected job in the place of a run's job; the same key gives the same replacement."""
        run = self.acted_on(user, run_id, "relaunch")
        with self._audit.action(user, "relaunch", run.id, key=key):
            started = self._replacing().start(run.id, user=user, idempotency_key=key, **self._wish(order))
        self._fixes.click(started, order)
        return started

    def relaunched(self, user: str, run_id: str, key: str) -> Replacement | None:
        """Return the relaunch that a key has started, ``None`` before there is one."""
        run = self.own_run(user, run_id)
        return self._replacing().started_by(key, user=user, run_id=run.id)

    def preview(self, user: str, run_id: str, order: RelaunchOrder) -> Corrected:
        """Return exactly what an order would run; nothing is started."""
        run = self.own_run(user, run_id)
        return self._replacing().preview(run.id, **self._wish(order))

    def _wish(self, order: RelaunchOrder) -> Wish:
        return Wish(
            script=order.script,
            options=order.options,
            script_args=order.script_args,
            work_dir=order.work_dir,
            environment=order.environment,
            order=order.order,
            checkpoint_wait_seconds=self._wait(order),
            signal=order.signal,
            without_answer=order.without_answer,
            sha256=order.sha256,
        )

    def outcome(self, user: str, replacement_id: str) -> FixOutcome:
        """Return what was predicted of a relaunch beside what came of it.

        Raises:
            NotFoundError: there is no such replacement, or nothing was predicted of it.
        """
        found = self._fixes.outcome(self.replacement(user, replacement_id))
        if found is None:
            raise NotFoundError(f"Nothing was predicted of replacement {replacement_id[:100]!r}.")
        return found

    def outcomes(self, user: str) -> list[FixOutcome]:
        """Return what was predicted of a user's relaunches beside what came of them, the newest first."""
        return self._fixes.outcomes(user)

    def outcome_if_known(self, replacement: Replacement | Mapping[str, Any] | None) -> FixOutcome | None:
        """Return what was predicted of a replacement beside what came of it, where something was."""
        if isinstance(replacement, Mapping):
            replacement = Replacement.from_data(replacement)
        return None if replacement is None else self._fixes.outcome(replacement)

    def replacement(self, user: str, replacement_id: str) -> Replacement:
        """Return a replacement of one of a user's runs.

        Raises:
            NotFoundError: there is none, or it is another user's.
        """
        found = self._replacing().get(replacement_id)
        if found is None or found.user != user:
            raise NotFoundError(f"There is no replacement {replacement_id[:100]!r}.")
        return found

    def rollback(self, user: str, replacement_id: str) -> Replacement:
        """Undo a replacement, as long as the old job has not been told to end."""
        try:
            found = self.replacement(user, replacement_id)
        except NotFoundError as error:
            self._audit.record(user, "rollback", "", "refused", {"reason": str(error)})
            raise
        with self._audit.action(user, "rollback", found.run, replacement=found.id):
            return self._replacing().rollback(found.id, user)

    def _wait(self, order: RelaunchOrder) -> float | None:
        if not order.ask_checkpoint:
            return None
        wait = order.checkpoint_wait_seconds
        return self._checkpoint_wait_seconds if wait is None else wait

    def _is_own(self, user: str, run_id: str) -> bool:
        run = self._store.run(run_id)
        return run is not None and run.user == user

    def _replacing(self) -> Replacer:
        if self._replacer is None:
            raise ConflictError(NO_SCHEDULER)
        return self._replacer

    def _new_command(self, user: str, run: Run, fields: CommandFields, key: str | None) -> Command:
        known = f"{user}\0{run.id}\0{key}".encode()
        return Command(
            id=uuid.uuid4().hex[:20] if key is None else hashlib.sha256(known).hexdigest()[:20],
            run=run.id,
            command=fields.command,
            name=fields.name,
            value=fields.value,
            user=user,
            created=self._clock(),
            state="pending",
            answer=None,
        )
