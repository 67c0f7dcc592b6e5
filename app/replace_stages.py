"""The stages of a replacement: each does one thing and stores what came of it.

The old job is never lost: until it is cancelled everything can be undone by cancelling the new job, which
waits held and dependent on it. A state is stored before each side effect and after it, so that a service
killed anywhere finds out on its return what happened, and goes on.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import structlog

from app.replace_journal import Journal, RolledBackError
from app.replacement import Replacement, State
from app.slurm.scheduler import (
    Check,
    JobFacts,
    Scheduler,
    SchedulerError,
    SchedulerUnavailableError,
    SchedulerUnreachableError,
    Submission,
)
from app.store.facts import Command

_log = structlog.get_logger(__name__)


class StoppedError(Exception):
    """The service is stopping; the stored state says where to go on."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long to wait for what, in seconds.

    Attributes:
        poll: between two looks, at first.
        longest_poll: between two looks, when it takes long.
        doubt: how long a submission without an answer is looked for before it counts as not made.
        patience: how long an unreachable scheduler is asked again while the old job is untouched.
        start: how long to watch for the new job's start before calling it done.
        sweep: when to look again for a submission that was given up in doubt.
    """

    poll: float = 0.1
    longest_poll: float = 5.0
    doubt: float = 30.0
    patience: float = 120.0
    start: float = 5.0
    sweep: tuple[float, ...] = (10.0, 60.0, 300.0)


class Stages:
    """Carries one replacement from state to state, until it is done, failed or rolled back."""

    def __init__(
        self,
        journal: Journal,
        scheduler: Scheduler,
        clock: Callable[[], float],
        *,
        stop: threading.Event,
        pauses: Pauses,
    ) -> None:
        self._journal = journal
        self._enter = journal.enter
        self._scheduler = scheduler
        self._clock = clock
        self._stop = stop
        self._pauses = pauses
        self._step: dict[State, Callable[[Replacement], Replacement]] = {
            "prepared": self._submit,
            "submitting": self._look_up,
            "submitted": self._verify,
            "checked": self._ask,
            "asking": self._ask,
            "checkpoint_asked": self._await_checkpoint,
            "releasing": self._release,
            "released": self._cancel,
            "cancelling": self._cancel,
            "cancelled": self._await_end,
            "handed_over": self._await_start,
            "undoing": self._undo,
        }

    def drive(self, replacement_id: str) -> Replacement:
        """Take it as far as it goes; raise ``StoppedError`` when the service stops before that."""
        replacement = self._journal.read(replacement_id)
        while replacement.is_active:
            try:
                replacement = self._step[replacement.state](replacement)
            except RolledBackError:
                replacement = self._journal.read(replacement_id)
                replacement = self._give_up(replacement, f"undone at the wish of {replacement.rollback_by}")
            except SchedulerUnavailableError as error:
                replacement = self._be_patient(self._journal.read(replacement_id), error)
            except SchedulerError as error:
                replacement = self._give_up(self._journal.read(replacement_id), str(error))
        if replacement.doubtful:
            self._sweep(replacement)
        return replacement

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise StoppedError

    def _old(self, replacement: Replacement) -> tuple[Literal["active", "ended", "changed"], JobFacts | None]:
        facts = self._scheduler.jobs([replacement.old_id]).get(replacement.old_id)
        if facts is None or not facts.is_active:
            return "ended", facts
        same = (facts.submitted, facts.user) == (replacement.old_submitted, replacement.old_user)
        return ("active" if same else "changed"), facts

    # Up to the new job's waiting, held -------------------------------------------------------------------

    def _submit(self, replacement: Replacement) -> Replacement:
        replacement = self._pass(replacement, self._scheduler.check(_submission(replacement, None)))
        after = replacement.old_id if self._old(replacement)[0] == "active" else None
        words = "the corrected job is being submitted, held"
        replacement = self._enter(replacement, "submitting", words, doubtful=True)
        try:
            new_id = self._scheduler.submit(_submission(replacement, after))
        except SchedulerUnreachableError as error:
            return self._give_up(replacement, str(error), doubtful=False)
        except SchedulerUnavailableError as error:
            _log.warning("no answer to a submission", replacement=replacement.id, error=str(error))
            return replacement
        except SchedulerError as error:
            return self._refused(replacement, error)
        return self._submitted(replacement, new_id, f"job {new_id} waits, held")

    def _pass(self, replacement: Replacement, checks: list[Check]) -> Replacement:
        replacement = self._journal.note_checks(replacement, checks)
        failed = [f"{check.name}: {check.finding}" for check in checks if not check.passed]
        if failed:
            raise SchedulerError("; ".join(failed))
        return replacement

    def _submitted(self, replacement: Replacement, new_id: str, words: str) -> Replacement:
        return self._enter(replacement, "submitted", words, new_id=new_id, doubtful=False)

    def _refused(self, replacement: Replacement, error: SchedulerError) -> Replacement:
        # sbatch has been seen to print an error and submit all the same.
        found = self._scheduler.find(replacement.token)
        new_id = found[0].id if found else None
        return self._give_up(replacement, str(error), doubtful=False, new_id=new_id)

    def _look_up(self, replacement: Replacement) -> Replacement:
        """Find out whether a submission without an answer was made; it is never made a second time."""
        self._journal.heed_rollback(replacement)
        found = self._scheduler.find(replacement.token)
        if found:
            return self._submitted(
                replacement, found[0].id, f"job {found[0].id} was found by its token, held"
            )
        if self._clock() > replacement.updated + self._pauses.doubt:
            return self._give_up(replacement, "the submission got no answer, and no job carries its token")
        self._pause(self._pauses.poll)
        return replacement

    def _verify(self, replacement: Replacement) -> Replacement:
        new_id = _known(replacement.new_id)
        replacement = self._pass(replacement, self._scheduler.verify(new_id))
        return self._enter(replacement, "checked", f"job {new_id} waits and will be able to run")

    # The checkpoint --------------------------------------------------------------------------------------

    def _ask(self, replacement: Replacement) -> Replacement:
        if self._old(replacement)[0] == "ended":
            return self._enter(replacement, "releasing", "the old job has ended by itself")
        if replacement.checkpoint_wait_seconds is None:
            return self._enter(replacement, "releasing", "no checkpoint was wanted")
        replacement = self._enter(replacement, "asking", "a checkpoint is being asked for")
        command = self._journal.ask_checkpoint(replacement)
        words = f"waiting for the checkpoint, up to {replacement.checkpoint_wait_seconds:.0f} s"
        return self._enter(replacement, "checkpoint_asked", words, command_id=command.id)

    def _await_checkpoint(self, replacement: Replacement) -> Replacement:
        deadline = replacement.updated + (replacement.checkpoint_wait_seconds or 0)
        next_look = self._clock() + self._pauses.longest_poll
        while self._clock() < deadline:
            self._journal.heed_rollback(replacement)
            command = self._journal.checkpoint_command(replacement)
            if command.state == "done":
                return self._enter(replacement, "releasing", _saved(command), checkpoint=command.answer)
            if command.state == "refused":
                return self._without_answer(replacement, "the trainer refused to checkpoint")
            if self._clock() >= next_look:
                next_look = self._clock() + self._pauses.longest_poll
                if self._has_ended(replacement):
                    return self._enter(replacement, "releasing", "the old job has ended by itself")
            self._pause(self._pauses.poll)
        return self._without_answer(replacement, "the trainer did not answer in time")

    def _has_ended(self, replacement: Replacement) -> bool:
        try:
            return self._old(replacement)[0] == "ended"
        except SchedulerUnavailableError:
            return False  # the trainer's answer is what counts here

    def _without_answer(self, replacement: Replacement, words: str) -> Replacement:
        if replacement.without_answer == "proceed":
            return self._enter(replacement, "releasing", f"{words}; going on without it, as was chosen")
        return self._give_up(replacement, f"{words}; given up, as was chosen")

    # The handover ----------------------------------------------------------------------------------------

    def _release(self, replacement: Replacement) -> Replacement:
        new_id = _known(replacement.new_id)
        facts = self._scheduler.jobs([new_id]).get(new_id)
        if facts is None or (not facts.is_active and facts.started is None):
            raise SchedulerError(f"job {new_id} no longer waits")
        if facts.state == "PENDING":
            self._scheduler.release(new_id)
        words = f"job {new_id} waits for the end of job {replacement.old_id} only"
        return self._enter(replacement, "released", words)

    def _cancel(self, replacement: Replacement) -> Replacement:
        old, facts = self._old(replacement)
        if old == "changed":
            raise SchedulerError(
                f"job {replacement.old_id} is not the job it was: it has been requeued since"
            )
        if old == "ended":
            return self._handed_over(replacement, facts)
        if replacement.state != "cancelling":
            words = f"job {replacement.old_id} is being cancelled"
            replacement = self._enter(replacement, "cancelling", words)
        try:
            self._scheduler.cancel(replacement.old_id)
        except SchedulerUnavailableError as error:
            # Looked at again, and only a job that still runs and still is the same is cancelled again.
            _log.warning("no answer to a cancel", replacement=replacement.id, error=str(error))
            self._pause(self._pauses.poll)
            return replacement
        except SchedulerError:
            if self._old(replacement)[0] != "ended":
                raise
        return self._enter(replacement, "cancelled", f"job {replacement.old_id} is ending")

    def _await_end(self, replacement: Replacement) -> Replacement:
        pause = self._pauses.poll
        while (found := self._old(replacement))[0] == "active":
            self._pause(pause)
            pause = min(2 * pause, self._pauses.longest_poll)
        return self._handed_over(replacement, found[1])

    def _handed_over(self, replacement: Replacement, facts: JobFacts | None) -> Replacement:
        ended = facts.ended if facts is not None else None
        words = f"job {replacement.old_id} has ended"
        return self._enter(replacement, "handed_over", words, old_ended=ended)

    def _await_start(self, replacement: Replacement) -> Replacement:
        new_id = _known(replacement.new_id)
        while True:
            facts = self._scheduler.jobs([new_id]).get(new_id)
            waited = self._clock() - replacement.updated
            if facts is None or facts.state != "PENDING" or waited > self._pauses.start:
                break
            self._pause(self._pauses.poll)
        started = facts.started if facts is not None else None
        return self._enter(replacement, "done", _arrival(new_id, facts), new_started=started)

    # The ways out ----------------------------------------------------------------------------------------

    def _give_up(self, replacement: Replacement, reason: str, **changes: object) -> Replacement:
        return self._enter(replacement, "undoing", reason, reason=reason, **changes)

    def _be_patient(self, replacement: Replacement, error: SchedulerUnavailableError) -> Replacement:
        """Go on later: only so long while all can be undone, as long as it takes afterwards."""
        if replacement.state == "prepared":
            return self._give_up(replacement, str(error))
        if replacement.is_reversible and self._clock() > replacement.updated + self._pauses.patience:
            return self._give_up(replacement, str(error))
        _log.warning("scheduler away", replacement=replacement.id, state=replacement.state, error=str(error))
        self._pause(min(1.0, self._pauses.longest_poll))
        return self._journal.read(replacement.id)

    def _undo(self, replacement: Replacement) -> Replacement:
        """Cancel the new job, whatever is known of it; the old one was not touched."""
        if replacement.new_id is not None:
            self._scheduler.cancel(replacement.new_id)
        elif replacement.doubtful:
            self._cancel_found(replacement)
        final: State = "rolled_back" if replacement.rollback_by else "failed"
        return self._enter(replacement, final, replacement.reason or "undone")

    def _cancel_found(self, replacement: Replacement) -> None:
        for facts in self._scheduler.find(replacement.token):
            if facts.is_active:
                self._scheduler.cancel(facts.id)

    def _sweep(self, replacement: Replacement) -> None:
        """Cancel a submission that turns up late after all; it is held, so it has not run."""
        for pause in self._pauses.sweep:
            self._pause(pause)
            try:
                self._cancel_found(replacement)
            except SchedulerError as error:
                _log.warning("no late submission found", replacement=replacement.id, error=str(error))


def _submission(replacement: Replacement, after: str | None) -> Submission:
    return Submission(
        script=replacement.script,
        token=replacement.token,
        work_dir=replacement.work_dir,
        hold=True,
        after=after,
        options=replacement.options,
        environment=replacement.environment,
        script_args=replacement.script_args,
    )


def _known(job_id: str | None) -> str:
    if job_id is None:
        raise SchedulerError("the new job's id is not known")
    return job_id


def _saved(command: Command) -> str:
    answer = command.answer or {}
    step, path = answer.get("step"), answer.get("path")
    return (
        "checkpoint saved"
        + (f" at step {step}" if step is not None else "")
        + (f" in {path}" if path else "")
    )


def _arrival(new_id: str, facts: JobFacts | None) -> str:
    if facts is None:
        return f"job {new_id} is no longer known"
    waits = f", {facts.reason}" if facts.state == "PENDING" and facts.reason else ""
    return f"job {new_id} is {facts.state}{waits}"
