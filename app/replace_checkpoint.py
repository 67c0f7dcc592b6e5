"""Asking the old job for a checkpoint: by a command to its trainer, then by a signal, as the person chose.

What counts as an answer is the trainer's own, or a checkpoint that began after it was asked for.
"""

from collections.abc import Callable

import structlog

from app.replace_stage import Parts
from app.replacement import Replacement
from app.slurm.launch import signal_target
from app.slurm.scheduler import SchedulerError, SchedulerUnavailableError
from app.store.facts import Checkpoint, Command

_log = structlog.get_logger(__name__)


class CheckpointStages:
    """The stages from asking for a checkpoint to having one, or going on without."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._enter = parts.journal.enter

    def ask(self, replacement: Replacement) -> Replacement:
        """Ask the trainer, where a checkpoint is wanted and the old job still runs."""
        if self._parts.old(replacement)[0] == "ended":
            return self._ended(replacement)
        if replacement.checkpoint_wait_seconds is None:
            return self._enter(replacement, "releasing", "no checkpoint was wanted")
        replacement = self._enter(replacement, "asking", "a checkpoint is being asked for")
        command = self._journal.ask_checkpoint(replacement)
        words = f"waiting for the checkpoint, up to {replacement.checkpoint_wait_seconds:.0f} s"
        return self._enter(replacement, "checkpoint_asked", words, command_id=command.id)

    def await_answer(self, replacement: Replacement) -> Replacement:
        """Wait for the checkpoint that the trainer was asked for."""
        return self._await(replacement, self._unanswered)

    def await_signalled(self, replacement: Replacement) -> Replacement:
        """Wait for the checkpoint that the signal asked for."""
        return self._await(replacement, self._without_answer)

    def resume_signal(self, replacement: Replacement) -> Replacement:
        """Wait as if it had been sent: a second signal may end a job that takes the first as a request."""
        return self._enter(replacement, "signalled", f"{replacement.signal} may have been sent")

    def _await(
        self, replacement: Replacement, otherwise: Callable[[Replacement, str], Replacement]
    ) -> Replacement:
        pauses, clock = self._parts.pauses, self._parts.clock
        deadline = replacement.updated + (replacement.checkpoint_wait_seconds or 0)
        next_look = clock() + pauses.longest_poll
        while clock() < deadline:
            self._journal.heed_rollback(replacement)
            command = self._journal.checkpoint_command(replacement)
            if command.state == "done":
                return self._enter(replacement, "releasing", _saved(command), checkpoint=command.answer)
            newer = self._journal.newer_checkpoint(replacement)
            if newer is not None:
                return self._acknowledged(replacement, newer)
            if command.state == "refused" and replacement.state == "checkpoint_asked":
                return otherwise(replacement, "the trainer refused to checkpoint")
            if clock() >= next_look:
                next_look = clock() + pauses.longest_poll
                if self._has_ended(replacement):
                    return self._ended(replacement)
            self._parts.pause(pauses.poll)
        return otherwise(replacement, "the trainer did not answer in time")

    def _acknowledged(self, replacement: Replacement, newer: Checkpoint) -> Replacement:
        where = f" in {newer.path}" if newer.path else ""
        words = f"checkpoint saved at step {newer.step}{where}, after it was asked for"
        answer = {"status": "done", "step": newer.step, "path": newer.path}
        return self._enter(replacement, "releasing", words, checkpoint=answer)

    def _ended(self, replacement: Replacement) -> Replacement:
        return self._enter(replacement, "releasing", "the old job has ended by itself")

    def _has_ended(self, replacement: Replacement) -> bool:
        try:
            return self._parts.old(replacement)[0] == "ended"
        except SchedulerUnavailableError:
            return False  # the trainer's answer is what counts here

    def _unanswered(self, replacement: Replacement, words: str) -> Replacement:
        if replacement.signal is None:
            return self._without_answer(replacement, words)
        return self._signal(replacement, replacement.signal, words)

    def _signal(self, replacement: Replacement, signal: str, words: str) -> Replacement:
        """Signal whom the job's own script makes room for; never a job that waits or is suspended."""
        scheduler = self._parts.scheduler
        standing, facts = self._parts.old(replacement)
        if standing == "ended":
            return self._ended(replacement)
        if standing == "changed" or facts is None or facts.state != "RUNNING":
            return self._without_answer(replacement, f"{words}, and the old job takes no signal now")
        target = signal_target(scheduler.script(replacement.old_id) or "", signal)
        if target is None:
            return self._without_answer(
                replacement, f"{words}, and {signal} was not sent: its batch script would die of it"
            )
        replacement = self._enter(replacement, "signalling", f"{words}; {signal} is being sent ({target})")
        try:
            scheduler.signal(replacement.old_id, signal, target)
        except SchedulerUnavailableError as error:
            _log.warning("no answer to a signal", replacement=replacement.id, error=str(error))
            return self.resume_signal(replacement)
        except SchedulerError as error:
            return self._without_answer(replacement, f"{words}, and {signal} was refused: {error}")
        wait = replacement.checkpoint_wait_seconds or 0
        return self._enter(replacement, "signalled", f"waiting for the checkpoint, up to {wait:.0f} s more")

    def _without_answer(self, replacement: Replacement, words: str) -> Replacement:
        if replacement.without_answer == "proceed":
            return self._enter(replacement, "releasing", f"{words}; going on without it, as was chosen")
        return self._parts.give_up(replacement, f"{words}; given up, as was chosen")


def _saved(command: Command) -> str:
    answer = command.answer or {}
    step, path = answer.get("step"), answer.get("path")
    return (
        "checkpoint saved"
        + (f" at step {step}" if step is not None else "")
        + (f" in {path}" if path else "")
    )
