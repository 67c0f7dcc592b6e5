"""The stages of a replacement: each does one thing and stores what came of it.

The old job is never lost: until it is cancelled everything can be undone by cancelling the new job, which
waits held and dependent on it. A state is stored before each side effect and after it, so that a service
killed anywhere finds out on its return what happened, and goes on.
"""

from collections.abc import Callable

import structlog

from app.replace_checkpoint import CheckpointStages
from app.replace_journal import RolledBackError
from app.replace_keep import KeepStages
from app.replace_overlap import OverlapStages
from app.replace_stage import Parts, known
from app.replacement import Replacement, State
from app.slurm.scheduler import (
    Check,
    JobFacts,
    SchedulerError,
    SchedulerUnavailableError,
    SchedulerUnreachableError,
    Submission,
)

_log = structlog.get_logger(__name__)

Step = Callable[[Replacement], Replacement]
"""Takes a replacement one state further."""


class Stages:
    """Carries one replacement from state to state, until it is done, failed or rolled back."""

    def __init__(self, parts: Parts) -> None:
        checkpoint, overlap = CheckpointStages(parts), OverlapStages(parts)
        self._parts = parts
        self._journal = parts.journal
        self._enter = parts.journal.enter
        self._scheduler = parts.scheduler
        self._clock = parts.clock
        self._pauses = parts.pauses
        self._pause = parts.pause
        self._old = parts.old
        self._give_up = parts.give_up
        self._ask = checkpoint.ask
        self._overlap = overlap
        self._keep = KeepStages(parts)
        self._step: dict[State, Step] = {
            "prepared": self._submit,
            "submitting": self._look_up,
            "submitted": self._verify,
            "checked": self._go_on,
            "starting": overlap.start,
            "started": overlap.await_first_step,
            "proven": checkpoint.ask,
            "asking": checkpoint.ask,
            "checkpoint_asked": checkpoint.await_answer,
            "signalling": checkpoint.resume_signal,
            "signalled": checkpoint.await_signalled,
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

    # Up to the new job's waiting, held -------------------------------------------------------------------

    def _submit(self, replacement: Replacement) -> Replacement:
        if replacement.order == "cancel":
            return self._ask(replacement)
        if replacement.order == "keep":
            return self._ask(self._keep.check(replacement))
        replacement = self._pass(replacement, self._scheduler.check(_submission(replacement, None)))
        waits = replacement.order == "handover" and self._old(replacement)[0] == "active"
        after = replacement.old_id if waits else None
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
        new_id = known(replacement.new_id)
        replacement = self._pass(replacement, self._scheduler.verify(new_id))
        return self._enter(replacement, "checked", f"job {new_id} waits and will be able to run")

    def _go_on(self, replacement: Replacement) -> Replacement:
        if replacement.order == "overlap" and self._old(replacement)[0] != "ended":
            return self._overlap.start(replacement)
        return self._ask(replacement)

    # The handover ----------------------------------------------------------------------------------------

    def _release(self, replacement: Replacement) -> Replacement:
        if replacement.order == "cancel":
            return self._enter(replacement, "released", "nothing takes the old job's place")
        if replacement.order == "keep":
            return self._enter(replacement, "released", "the job keeps its nodes")
        new_id = known(replacement.new_id)
        facts = self._scheduler.jobs([new_id]).get(new_id)
        if facts is None or (not facts.is_active and facts.started is None):
            raise SchedulerError(f"job {new_id} no longer waits")
        if facts.state == "PENDING":
            self._scheduler.release(new_id)
        waits = f"job {new_id} waits for the end of job {replacement.old_id} only"
        words = waits if replacement.order == "handover" else f"job {new_id} runs beside the old one"
        return self._enter(replacement, "released", words)

    def _cancel(self, replacement: Replacement) -> Replacement:
        old, facts = self._old(replacement)
        if old == "changed":
            raise SchedulerError(
                f"job {replacement.old_id} is not the job it was: it has been requeued since"
            )
        if replacement.order == "keep":
            return self._give(replacement, old)
        if old == "ended":
            return self._handed_over(replacement, facts)
        if replacement.state != "cancelling":
            if replacement.order == "overlap":
                self._overlap.must_still_run(replacement)
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

    def _give(self, replacement: Replacement, old: str) -> Replacement:
        if old == "ended":
            raise SchedulerError(f"job {replacement.old_id} has ended")
        return self._keep.give(replacement)

    def _await_end(self, replacement: Replacement) -> Replacement:
        if replacement.order == "keep":
            return self._keep.await_answer(replacement)
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
        if replacement.order == "cancel":
            return self._enter(replacement, "done", f"job {replacement.old_id} has ended")
        if replacement.order == "keep":
            return self._keep.await_settling(replacement)
        new_id = known(replacement.new_id)
        while True:
            facts = self._scheduler.jobs([new_id]).get(new_id)
            waited = self._clock() - replacement.updated
            if facts is None or facts.state != "PENDING" or waited > self._pauses.start:
                break
            self._pause(self._pauses.poll)
        started = facts.started if facts is not None else None
        return self._enter(replacement, "done", _arrival(new_id, facts), new_started=started)

    # The ways out ----------------------------------------------------------------------------------------

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
        # With the order keep there is no job but the old one.
        if replacement.new_id not in {None, replacement.old_id}:
            self._scheduler.cancel(known(replacement.new_id))
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


def _arrival(new_id: str, facts: JobFacts | None) -> str:
    if facts is None:
        return f"job {new_id} is no longer known"
    waits = f", {facts.reason}" if facts.state == "PENDING" and facts.reason else ""
    return f"job {new_id} is {facts.state}{waits}"
