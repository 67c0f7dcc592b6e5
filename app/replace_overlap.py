"""The order *overlap*: the new job starts first, and the old one is touched once the new one trains."""

from app.replace_stage import Parts, known
from app.replacement import Replacement
from app.slurm.scheduler import JobFacts, SchedulerError, SchedulerUnavailableError


class OverlapStages:
    """The stages from a checked new job to one that has reported its first step beside the old one."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal

    def start(self, replacement: Replacement) -> Replacement:
        """Let the new job start."""
        new_id = known(replacement.new_id)
        replacement = self._journal.enter(replacement, "starting", f"job {new_id} is being released")
        facts = self._new(replacement)
        if facts is not None and facts.state == "PENDING":
            self._parts.scheduler.release(new_id)
        return self._journal.enter(replacement, "started", f"waiting for job {new_id} and its first step")

    def await_first_step(self, replacement: Replacement) -> Replacement:
        """Wait until the new job runs and has reported; the old one goes on meanwhile."""
        pauses, clock = self._parts.pauses, self._parts.clock
        pause, next_look, new = pauses.poll, clock(), None
        while True:
            self._journal.heed_rollback(replacement)
            step = self._journal.first_step(replacement)
            if step is not None or clock() >= next_look:
                old, new = self._look(replacement)
                if old == "ended":
                    return self._journal.enter(replacement, "releasing", "the old job has ended by itself")
                next_look = clock() + min(pauses.queue, 10 * pause)
            if step is not None and new is not None and new.state == "RUNNING":
                words = f"job {new.id} runs and has reported step {step}"
                return self._journal.enter(replacement, "proven", words, first_step=step)
            if self._is_late(replacement, new):
                return self._parts.give_up(replacement, f"job {known(replacement.new_id)} reported no step")
            self._parts.pause(pause)
            pause = min(1.5 * pause, pauses.longest_poll)

    def must_still_run(self, replacement: Replacement) -> None:
        """Raise unless the new job runs: right before the old one is cancelled."""
        facts = self._new(replacement)
        if facts is None or facts.state != "RUNNING":
            raise SchedulerError(f"job {replacement.new_id} no longer runs")

    def _new(self, replacement: Replacement) -> JobFacts | None:
        new_id = known(replacement.new_id)
        return self._parts.scheduler.jobs([new_id]).get(new_id)

    def _look(self, replacement: Replacement) -> tuple[str, JobFacts | None]:
        """Return how it stands with the old job, and the new one.

        Raises:
            SchedulerError: the new one has ended, or may not run beside the old one.
        """
        try:
            old, facts = self._parts.old(replacement)[0], self._new(replacement)
        except SchedulerUnavailableError:
            return "unknown", None  # nothing is lost by looking later
        if old == "ended":
            return old, facts
        if facts is None or not facts.is_active:
            state = facts.state if facts is not None else "gone"
            raise SchedulerError(f"job {replacement.new_id} is {state} before its first step")
        if facts.state == "PENDING" and (facts.reason or "").startswith(("Assoc", "QOS")):
            raise SchedulerError(
                f"the quota does not let job {facts.id} run beside job {replacement.old_id} ({facts.reason})"
            )
        return old, facts

    def _is_late(self, replacement: Replacement, new: JobFacts | None) -> bool:
        if new is None or new.state != "RUNNING":
            return False
        since = max(replacement.updated, new.started or 0.0)
        return self._parts.clock() > since + self._parts.pauses.first_step
