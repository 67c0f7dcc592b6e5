"""The stored course of a replacement: each state is written down before and after what it stands for."""

import dataclasses
import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from app.errors import NotFoundError
from app.records import RecordBatch
from app.replacement import Replacement, State
from app.slurm.scheduler import Check
from app.store import Store
from app.store.facts import AuditEntry, Checkpoint, Command

_log = structlog.get_logger(__name__)

# Entering one of these leaves a line in the audit log.
_AUDITED = frozenset(
    {"submitted", "started", "signalled", "released", "cancelling", "cancelled", "done", "failed",
     "rolled_back"}
)  # fmt: skip


# A seq that no reporter reaches: what is still on its way from it is stored all the same.
_BEHIND_ALL = 2**53 - 1


class RolledBackError(Exception):
    """Somebody has asked to undo the replacement."""


class Journal:
    """Reads and writes replacements, one writer at a time.

    Args:
        store: where they are kept.
        clock: epoch seconds.
        publish: told the run whose replacement has moved.
    """

    def __init__(self, store: Store, clock: Callable[[], float], publish: Callable[[str], None]) -> None:
        self._store = store
        self._clock = clock
        self._publish = publish
        self._lock = threading.RLock()

    def read(self, replacement_id: str) -> Replacement:
        """Return a stored replacement; raise ``NotFoundError`` where there is none."""
        data = self._store.replacement(replacement_id)
        if data is None:
            raise NotFoundError(f"there is no replacement {replacement_id!r}")
        return Replacement.from_data(data)

    def write(self, replacement: Replacement) -> Replacement:
        """Store a replacement whole and tell whoever watches its run."""
        self._store.put_replacement(
            replacement.id, replacement.run, replacement.state, replacement.as_data(), replacement.updated
        )
        self._publish(replacement.run)
        return replacement

    def enter(self, replacement: Replacement, state: State, words: str, **changes: Any) -> Replacement:  # noqa: ANN401 - fields of the record
        """Store that a state is entered; raise ``RolledBackError`` where it is not to be any more."""
        # Under the lock a rollback either comes before the cancel's state is stored, or is too late.
        with self._lock:
            stored = self.read(replacement.id)
            if state != "undoing":
                _heed(stored)
            moved = self.write(stored.moved(state, self._clock(), words, **changes))
        _log.info("replacement moved", replacement=moved.id, state=state, words=words)
        if state in _AUDITED:
            self.audit(moved, moved.rollback_by or moved.user, words)
        return moved

    def note_checks(self, replacement: Replacement, checks: Sequence[Check]) -> Replacement:
        """Store what was checked."""
        with self._lock:
            stored = self.read(replacement.id)
            noted = [*stored.checks, *map(dataclasses.asdict, checks)]
            return self.write(dataclasses.replace(stored, checks=noted))

    def heed_rollback(self, replacement: Replacement) -> None:
        """Raise ``RolledBackError`` when somebody has asked to undo it."""
        _heed(self.read(replacement.id))

    def ask_rollback(self, replacement_id: str, user: str) -> Replacement | None:
        """Store that somebody wants it undone; ``None`` when it is too late for that."""
        with self._lock:
            replacement = self.read(replacement_id)
            if not replacement.is_reversible:
                return None
            return self.write(dataclasses.replace(replacement, rollback_by=user))

    def audit(self, replacement: Replacement, user: str, words: str) -> None:
        """Leave a line in the audit log."""
        jobs = {"old_job": replacement.old_id, "new_job": replacement.new_id}
        self._store.add_audit(
            AuditEntry(
                at=self._clock(),
                user=user,
                action="relaunch",
                subject=replacement.run,
                outcome=replacement.state,
                detail={"replacement": replacement.id, **jobs, "words": words},
            )
        )

    def ask_checkpoint(self, replacement: Replacement) -> Command:
        """Ask the trainer for a checkpoint, or return how it stands with that.

        The command's id follows from the replacement's: asked again after a kill, it is still one command.
        """
        return self._store.add_command(
            Command(
                id=f"{replacement.id}-checkpoint",
                run=replacement.run,
                command="checkpoint",
                name=None,
                value=None,
                user=replacement.user,
                created=self._clock(),
                state="pending",
                answer=None,
            )
        )

    def checkpoint_command(self, replacement: Replacement) -> Command:
        """Return how it stands with the checkpoint that was asked for."""
        asked = [each for each in self._store.commands(replacement.run) if each.id == replacement.command_id]
        return asked[0] if asked else self.ask_checkpoint(replacement)

    def newer_checkpoint(self, replacement: Replacement) -> Checkpoint | None:
        """Return a checkpoint of the run that began after it was asked for."""
        asked = replacement.first_entered("asking")
        found = self._store.checkpoints(replacement.run) if asked is not None else []
        return next((each for each in found if asked is not None and each.started >= asked), None)

    def end_old_run(self, replacement: Replacement) -> None:
        """Note the end of a run whose process was ended within its job: the job's state will not tell it."""
        attempts = self._store.attempts(replacement.run)
        if not attempts:
            return
        told = {
            "v": 1,
            "attempt": attempts[-1].id,
            "attempt_started": attempts[-1].started,
            "notes": {"seq": [_BEHIND_ALL], "kind": ["finish"], "data": [{"reason": "stopped"}]},
        }
        records = RecordBatch.model_validate(told)
        self._store.add(replacement.user, replacement.run, records, self._clock())

    def first_step(self, replacement: Replacement) -> int | None:
        """Return the first step that the new job has reported, ``None`` before it has."""
        if replacement.new_id is None:
            return None
        run = self._store.run_of_job(replacement.user, replacement.new_id)
        attempts = self._store.attempts(run.id) if run is not None else []
        key = (replacement.cluster, replacement.new_id)
        own = [one for one in attempts if one.job and (one.job.get("cluster"), str(one.job.get("id"))) == key]
        return next((one.first_step for one in own if one.first_step is not None), None)


def _heed(stored: Replacement) -> None:
    if stored.rollback_by is not None and stored.is_reversible:
        raise RolledBackError
