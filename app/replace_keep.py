"""The order *keep*: a corrected command takes the running one's place inside the same job, with no queue."""

import contextlib
import json
import shlex
from typing import Literal

import structlog

from app.replace_stage import Parts
from app.replacement import Replacement
from app.slurm.scheduler import Check, JobFacts, SchedulerError
from app.store.facts import JobKey
from app.supervision import OrderAnswer, Supervised, Supervision

_log = structlog.get_logger(__name__)
LONGEST_RESTART_SECONDS = 900.0
"""From the order to the supervisor's answer: the old step has its time of grace in between."""
USUAL_PROBATION_SECONDS = 10.0
"""Within which a corrected command may give its place back, where the supervisor does not tell."""
TELLING_SECONDS = 60.0
"""What the word that it stays may take after that, on a shared file system above all."""


class KeepStages:
    """The stages from a job that takes orders to a corrected command that runs in it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal

    def check(self, replacement: Replacement) -> Replacement:
        """Find out whether the job takes orders, and note it; raise ``SchedulerError`` where it does not."""
        old, facts = self._parts.old(replacement)
        found = checks(replacement.script, facts if old == "active" else None, self._supervised(replacement))
        replacement = self._journal.note_checks(replacement, found)
        failed = [f"{check.name}: {check.finding}" for check in found if not check.passed]
        if failed:
            raise SchedulerError("; ".join(failed))
        return replacement

    def give(self, replacement: Replacement) -> Replacement:
        """Hand the command over; given twice it is still one order."""
        if replacement.state != "cancelling":
            if self._supervised(replacement) is None:
                raise SchedulerError(f"job {replacement.old_id} takes no orders any more")
            words = "the corrected command is being handed over"
            replacement = self._journal.enter(replacement, "cancelling", words)
        self._write(replacement)
        words = f"the step of job {replacement.old_id} is being started again"
        return self._journal.enter(replacement, "cancelled", words)

    def await_answer(self, replacement: Replacement) -> Replacement:
        """Wait until the supervisor says what came of it, or the job ends.

        An answer that is there counts however late it is read: this service may have been away for long.
        """
        pause, deadline = self._parts.pauses.poll, replacement.updated + LONGEST_RESTART_SECONDS
        while True:
            is_late = self._parts.clock() >= deadline
            # Looked at first: an answer given right before the job's end counts.
            ended = self._standing(replacement) == "ended"
            if is_late:
                self._withdraw(replacement)
            told = self._answer(replacement)
            if told is not None:
                return self._answered(replacement, told)
            if ended:
                raise SchedulerError(f"job {replacement.old_id} has ended")
            if is_late:
                raise SchedulerError("cutloss supervise gave no answer")
            self._parts.pause(pause)
            pause = min(2 * pause, self._parts.pauses.longest_poll)

    def _withdraw(self, replacement: Replacement) -> None:
        """Take back an order that nobody waits for any more; one with another id is left alone."""
        supervision = self._parts.supervision
        file = supervision.file(_key(replacement)) if supervision is not None else None
        if file is None:
            return
        # Where it cannot be taken back, the supervisor still goes by its age.
        with contextlib.suppress(OSError, ValueError, RecursionError):
            order = json.loads(file.read_bytes())
            if isinstance(order, dict) and order.get("id") == replacement.id:
                file.unlink()

    def _answered(self, replacement: Replacement, told: OrderAnswer) -> Replacement:
        if told.state not in {"started", "settled"}:
            raise SchedulerError(f"the corrected command did not start: {told.words}")
        words = (
            f"the corrected command has started in job {replacement.old_id}; it may still give its place back"
        )
        return self._journal.enter(replacement, "handed_over", words)

    def await_settling(self, replacement: Replacement) -> Replacement:
        """Wait until the corrected command is there to stay: one that fails at once gives its place back."""
        pause = self._parts.pauses.poll
        told: OrderAnswer | None = None
        while True:
            # Looked at first: what is said right before the job's end counts.
            old = self._standing(replacement)
            # Where another order's answer lies by now, what was said of this one stands.
            told = self._answer(replacement) or told
            if told is not None and told.state not in {"started", "settled"}:
                raise SchedulerError(f"the corrected command did not last: {told.words}")
            is_settled = told is not None and told.state == "settled"
            if old == "changed" and not is_settled:
                # Its batch script starts the former command again.
                raise SchedulerError(f"job {replacement.old_id} has been requeued")
            if old == "ended" or is_settled or self._is_over(replacement, told):
                return self._settled(replacement, told)
            self._parts.pause(pause)
            pause = min(2 * pause, self._parts.pauses.longest_poll)

    def _standing(self, replacement: Replacement) -> Literal["active", "ended", "changed"]:
        """Return how it stands with the job; without an answer of the scheduler it has not ended.

        From the order on, what the supervisor says decides: a relaunch that failed here would be said to have
        left the job alone while the corrected command has its place.
        """
        try:
            return self._parts.old(replacement)[0]
        except SchedulerError as error:
            _log.warning("no answer about a job", replacement=replacement.id, error=str(error))
            return "active"

    def _is_over(self, replacement: Replacement, told: OrderAnswer | None) -> bool:
        """Say whether it must have settled by now, although an older supervisor does not say so."""
        within = told.settles_within if told is not None else None
        within = USUAL_PROBATION_SECONDS if within is None else within
        return self._parts.clock() > replacement.updated + within + TELLING_SECONDS

    def _settled(self, replacement: Replacement, told: OrderAnswer | None) -> Replacement:
        self._journal.end_old_run(replacement)
        at = replacement.updated if told is None else told.at
        return self._journal.enter(
            replacement, "done", f"the corrected command runs in job {replacement.old_id}",
            old_ended=at, new_started=at, new_id=replacement.old_id,
        )  # fmt: skip

    def _supervised(self, replacement: Replacement) -> Supervised | None:
        supervision = self._parts.supervision
        return None if supervision is None else supervision.of(_key(replacement))

    def _answer(self, replacement: Replacement) -> OrderAnswer | None:
        """Return what came of this order, ``None`` before there is an answer to it."""
        return _answer_to(replacement, self._parts.supervision)

    def _write(self, replacement: Replacement) -> None:
        if self._parts.supervision is None:
            raise SchedulerError("this service hands no orders to jobs")
        command = shlex.split(replacement.script)
        try:
            self._parts.supervision.order(_key(replacement), replacement.id, command, _identity(replacement))
        except OSError as error:
            raise SchedulerError(f"the order could not be written: {error}") from error


def checks(line: str, facts: JobFacts | None, supervised: Supervised | None) -> list[Check]:
    """Return what speaks for and against a corrected command in a running job."""
    return [_command(line), _running(facts), _orders(supervised)]


def new_run(replacement: Replacement) -> str:
    """Return the id of the corrected command's run: the job keeps its id, so the run needs one of its own."""
    return f"{replacement.run[:90]}-{replacement.id[:6]}"


def settles_in(replacement: Replacement, supervision: Supervision | None, now: float) -> float | None:
    """Return the seconds for which a command that has started may still give its place back.

    ``None``: it is not at that stage, or its supervisor does not say.
    """
    if (replacement.order, replacement.state) != ("keep", "handed_over"):
        return None
    told = _answer_to(replacement, supervision)
    if told is None or told.settles_within is None:
        return None
    left = told.at + told.settles_within - now
    return left if left > 0 else None


def _answer_to(replacement: Replacement, supervision: Supervision | None) -> OrderAnswer | None:
    told = None if supervision is None else supervision.answer(_key(replacement))
    return told if told is not None and told.id == replacement.id else None


def _identity(replacement: Replacement) -> dict[str, str]:
    return {"CUTLOSS_RUN": new_run(replacement), "CUTLOSS_REPLACES": replacement.run}


def _key(replacement: Replacement) -> JobKey:
    return JobKey(replacement.cluster, replacement.old_id)


def _command(line: str) -> Check:
    try:
        words = shlex.split(line)
    except ValueError as error:
        return Check("command", passed=False, finding=f"{line[:80]!r}: {error}")
    if not words or "\0" in line or "\n" in line.strip():
        return Check("command", passed=False, finding=f"{line[:80]!r}; expected one command line")
    return Check("command", passed=True, finding=f"{words[0]}, {len(words) - 1} arguments, no shell")


def _running(facts: JobFacts | None) -> Check:
    state = facts.state if facts is not None else "not the running job it was"
    return Check("job", passed=state == "RUNNING", finding=state)


def _orders(supervised: Supervised | None) -> Check:
    if supervised is None:
        words = "it does not run under cutloss supervise; expected that as the last line of its batch script"
        return Check("supervised", passed=False, finding=words)
    return Check("supervised", passed=True, finding="the job takes orders")
