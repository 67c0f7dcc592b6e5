"""What all stages of a replacement have in common: the parts they act on, and how they wait."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from app.replace_journal import Journal
from app.replacement import Replacement
from app.slurm.scheduler import JobFacts, Scheduler, SchedulerError
from app.supervision import Supervision


class StoppedError(Exception):
    """The service is stopping; the stored state says where to go on."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long to wait for what, in seconds.

    Attributes:
        poll: between two looks, at first.
        longest_poll: between two looks, when it takes long.
        queue: between two looks at a job that waits in the queue for long.
        doubt: how long a submission without an answer is looked for before it counts as not made.
        patience: how long an unreachable scheduler is asked again while the old job is untouched.
        start: how long to watch for the new job's start before calling it done.
        first_step: how long a new job that runs beside the old one may take to report its first step.
        sweep: when to look again for a submission that was given up in doubt.
    """

    poll: float = 0.1
    longest_poll: float = 5.0
    queue: float = 60.0
    doubt: float = 30.0
    patience: float = 120.0
    start: float = 5.0
    first_step: float = 3600.0
    sweep: tuple[float, ...] = (10.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Parts:
    """What stages act on: the journal, the scheduler, the clock (epoch seconds), and when to stop.

    ``supervision`` is where jobs take orders; ``None``: they take none here.
    """

    journal: Journal
    scheduler: Scheduler
    clock: Callable[[], float]
    stop: threading.Event
    pauses: Pauses
    supervision: Supervision | None = None

    def pause(self, seconds: float) -> None:
        """Wait; raise ``StoppedError`` when the service stops meanwhile."""
        if self.stop.wait(seconds):
            raise StoppedError

    def old(self, replacement: Replacement) -> tuple[Literal["active", "ended", "changed"], JobFacts | None]:
        """Return how it stands with the old job: changed is one that is not the job it was."""
        facts = self.scheduler.jobs([replacement.old_id]).get(replacement.old_id)
        if facts is None or not facts.is_active:
            return "ended", facts
        same = (facts.submitted, facts.user) == (replacement.old_submitted, replacement.old_user)
        return ("active" if same else "changed"), facts

    def give_up(self, replacement: Replacement, reason: str, **changes: object) -> Replacement:
        """Begin to undo it."""
        return self.journal.enter(replacement, "undoing", reason, reason=reason, **changes)


def known(job_id: str | None) -> str:
    """Return a job's id that must be known by now."""
    if job_id is None:
        raise SchedulerError("the new job's id is not known")
    return job_id
