"""How long this person's edits, tests and queues have taken: what the next comparison starts from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.queue_book import QueueBook
from app.settings import Settings
from app.slurm.scheduler import JobFacts
from app.store import Store
from app.store.facts import Run
from planner.queue_wait import queue_wait

FIX = "fix"
"""Kind of the document that holds what a person's fix took."""
FEWEST = 3
"""Fewer times than this say little of how they vary: they are taken to be within a factor of three."""
FACTOR = 3.0
LEAST_SECONDS = 1.0
LEVELS = (0.1, 0.5, 0.9)
MOST_FIXES = 50

Source = Literal["partition", "user", "job", "settings", "supervised", "own_nodes", "combined"]


@dataclass(frozen=True, slots=True)
class Usual:
    """A duration as it usually is: between ``low_seconds`` and ``high_seconds`` 8 times in 10.

    Attributes:
        low_seconds: 10 % take less.
        high_seconds: 90 % take less.
        source: whose times it was learned from; ``job`` is the running job's own, ``settings`` is nobody's.
            Of a queue: ``supervised`` has none, ``own_nodes`` come back to the job, ``combined`` is the
            user's history with SLURM's own estimates.
        count: times behind it.
    """

    low_seconds: float
    high_seconds: float
    source: Source
    count: int

    @property
    def pair(self) -> list[float]:
        """The range in API.md's form."""
        return [self.low_seconds, self.high_seconds]

    @property
    def middle_seconds(self) -> float:
        """The median, as of a lognormal; of a range from 0 half its other end."""
        low, high = self.low_seconds, self.high_seconds
        return math.sqrt(low * high) if low > 0 else high / 2


@dataclass(frozen=True, slots=True)
class Habits:
    """What a fix usually takes, part by part.

    Attributes:
        queue: of a relaunch in the way it is offered first: none where that keeps the job's nodes.
        anew: of a job that is submitted anew, as of a requeue.
    """

    edit: Usual
    test: Usual
    queue: Usual
    anew: Usual


class HabitBook:
    """Looks habits up in the store; what nothing is known of is as the service is set.

    Args:
        store: the store.
        settings: the service's.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._queues: QueueBook | None = None

    def use_queues(self, queues: QueueBook) -> None:
        """Ask a scheduler's queue, too."""
        self._queues = queues

    def habits(self, run: Run, job: JobFacts | None) -> Habits:
        """Return what a fix of a run usually takes its user."""
        return self.of_user(run.user, job)

    def of_user(self, user: str, job: JobFacts | None = None) -> Habits:
        """Return what a fix usually takes a person, of a job where one is named."""
        fixes = [data for _, data in self._store.documents(FIX, user, MOST_FIXES)][::-1]
        given = self._settings
        edit, test = ([one[name] for one in fixes if one[name]] for name in ("edit_seconds", "test_seconds"))
        return Habits(
            _usual(edit, "user") or _set(given.edit_low_seconds, given.edit_high_seconds),
            _usual(test, "user") or _set(given.test_low_seconds, given.test_high_seconds),
            self._queue(user, job, keeps_nodes=True),
            self._queue(user, job),
        )

    def _queue(self, user: str, job: JobFacts | None, *, keeps_nodes: bool = False) -> Usual:
        """Return the queue wait: of the same partition, else of any; the fewer waits, the wider."""
        found = self._queues.outlook(job, keeps_nodes=keeps_nodes) if self._queues is not None else None
        if found is not None:
            return Usual(found.low_seconds, found.high_seconds, found.case, found.count)
        partition = job.partition if job is not None else None
        same = self._store.queue_waits(user, partition) if partition is not None else []
        if len(same) >= FEWEST:
            return _spread(same, "partition")
        waits = self._store.queue_waits(user)
        if len(waits) >= FEWEST:
            return _spread(waits, "user")
        own = _own_wait(job)
        settings = _set(self._settings.queue_low_seconds, self._settings.queue_high_seconds)
        return (_usual([own], "job") if own is not None else _usual(waits, "user")) or settings


def _usual(seconds: Sequence[float], source: Source) -> Usual | None:
    """Return the range of a few times, ``None`` where there is none."""
    if len(seconds) >= FEWEST:
        return _spread(seconds, source)
    if not seconds:
        return None
    low, high = max(min(seconds), LEAST_SECONDS), max(*seconds, LEAST_SECONDS)
    return Usual(low / FACTOR, high * FACTOR, source, len(seconds))


def _spread(seconds: Sequence[float], source: Source) -> Usual:
    """Return the range of many times; its upper end is a confident one where there are enough for that."""
    found = queue_wait(seconds, LEVELS)
    low, _, high = (value or 0.0 for value in found.quantiles.values) if found else (0.0, 0.0, 0.0)
    bound = found.bound_seconds if found else None
    low = max(low, LEAST_SECONDS)
    return Usual(low, max(bound or high, low), source, len(seconds))


def _own_wait(job: JobFacts | None) -> float | None:
    if job is None or job.submitted is None or job.started is None:
        return None
    return max(job.started - job.submitted, LEAST_SECONDS)


def _set(low: float, high: float) -> Usual:
    return Usual(low, high, "settings", 0)
