"""What only a look of its own tells of a job: its place in the line, its array's tasks, what it has used.

A page never waits for the scheduler: it shows what the last look brought, and has the next one made.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import structlog

from app.slurm.scheduler import JobFacts, Scheduler, SchedulerError
from app.slurm.usage import Usage

_log = structlog.get_logger(__name__)

PAUSE_SECONDS = 60.0
"""Least time between two looks at a job that waits, or at an array that goes on."""
SETTLED_SECONDS = 10.0
"""Accounting hears of a job's end a little later than the controller."""
MOST_KEPT = 500


@dataclass(frozen=True, slots=True)
class JobExtras:
    """What the last look brought.

    Attributes:
        place: in the line of its partition, 1 is next; ``None``: it is not in line, or nothing is known.
        in_line: how many jobs are.
        tasks: how many tasks of its array are in each state.
        usage: what it has used, once it has ended.
        looked: epoch seconds of the look; 0: none yet.
        state: the job's at the look: in another one there is something new to see.
    """

    place: int | None = None
    in_line: int | None = None
    tasks: Mapping[str, int] = field(default_factory=dict)
    usage: Usage | None = None
    looked: float = 0.0
    state: str | None = None


class ExtrasBook:
    """Makes looks in a thread of its own, each at its time, and remembers what they brought.

    Args:
        scheduler: asked.
        clock: epoch seconds.
        note_call: told of each call, for the budget is one for all.
        publish: told the run of which more is known.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        clock: Callable[[], float],
        note_call: Callable[[], None],
        publish: Callable[[str], None],
    ) -> None:
        self._scheduler = scheduler
        self._clock = clock
        self._note_call = note_call
        self._publish = publish
        self._known: dict[str, JobExtras] = {}
        self._lock = threading.Lock()
        self._looking = ThreadPoolExecutor(1, thread_name_prefix="job-extras")

    def close(self) -> None:
        """Make no more looks."""
        self._looking.shutdown(cancel_futures=True)

    def of(self, run_id: str, facts: JobFacts, array: str | None = None) -> JobExtras:
        """Return what is known of a job, and have the next look made where one is due.

        Args:
            run_id: the run that is told when more is known.
            facts: the job's.
            array: the number of its array.
        """
        now = self._clock()
        with self._lock:
            known = self._known.get(facts.id, JobExtras())
            if not _is_due(facts, array, known, now):
                return known
            self._known[facts.id] = replace(known, looked=now, state=facts.state)
            while len(self._known) > MOST_KEPT:
                self._known.pop(next(iter(self._known)))
        self._looking.submit(self._look, run_id, facts, array)
        return known

    def _look(self, run_id: str, facts: JobFacts, array: str | None) -> None:
        try:
            found = self._found(facts, array)
        except SchedulerError as error:
            _log.warning("no look at a job", job=facts.id, error=str(error))
            return
        with self._lock:
            self._known[facts.id] = found
        self._publish(run_id)

    def _found(self, facts: JobFacts, array: str | None) -> JobExtras:
        found = JobExtras(looked=self._clock(), state=facts.state)
        if facts.state == "PENDING" and facts.partition:
            self._note_call()
            line = self._scheduler.waiting(facts.partition)
            own = {facts.id, facts.id.split("_")[0], array}
            place = next((number for number, raw in enumerate(line, 1) if raw in own), None)
            found = replace(found, place=place, in_line=len(line))
        if not facts.is_active:
            self._note_call()
            found = replace(found, usage=self._scheduler.usage(facts.id))
        if array:
            self._note_call()
            states = Counter(task.state for task in self._scheduler.tasks(array))
            found = replace(found, tasks=dict(states.most_common()))
        return found


def _is_due(facts: JobFacts, array: str | None, known: JobExtras, now: float) -> bool:
    has_changed, has_rested = known.state != facts.state, now - known.looked >= PAUSE_SECONDS
    if facts.state == "PENDING":
        return has_changed or has_rested
    if facts.is_active:
        return array is not None and (has_changed or has_rested)
    ended = facts.ended or 0.0
    is_uncounted = known.usage is None and known.looked <= ended + PAUSE_SECONDS
    return now > ended + SETTLED_SECONDS and (has_changed or (has_rested and is_uncounted))
