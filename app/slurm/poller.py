"""Asking the scheduler politely: one call for all jobs, rarer when nothing changes or no answer comes."""

import dataclasses
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from app.slurm.options import is_job_id
from app.slurm.scheduler import JobFacts, Scheduler, SchedulerError
from app.store import Store
from app.store.facts import JobKey

_log = structlog.get_logger(__name__)

_HOUR = 3600.0
_WIDEN = 1.5
# A call that took long is not repeated before this many times its duration.
_REST = 20.0
_MOST_MISSES = 3
# Details cost a call each: a service that starts beside a thousand jobs asks for them bit by bit.
_MOST_DETAILS = 5
_FREE_TEXT = ("name", "comment", "command", "work_dir", "stdout", "submit_line")


@dataclass(frozen=True, slots=True)
class PollerFigures:
    """How polling goes.

    Attributes:
        calls: calls to the scheduler so far.
        calls_last_hour: those of the last hour.
        failures: rounds without an answer so far.
        interval_seconds: the present pause between rounds.
        last_call_seconds: how long the last call took.
        last_answer: epoch seconds of the last answer.
        last_error: what the last failed round said; ``None`` after an answer.
    """

    calls: int
    calls_last_hour: int
    failures: int
    interval_seconds: float
    last_call_seconds: float | None
    last_answer: float | None
    last_error: str | None


class Poller:
    """Keeps the store's facts of the tracked jobs fresh, in a thread of its own.

    On failure nothing is stored: the last known state keeps its age, and no answer never becomes "gone".

    Args:
        store: holds the tracked jobs and takes their facts.
        scheduler: asked.
        clock: epoch seconds.
        publish: told the jobs whose facts have changed.
        shortest_seconds: pause while jobs change.
        longest_seconds: pause when nothing changes, or no answer comes.
    """

    def __init__(  # noqa: PLR0913 - parts and two settings, by name
        self,
        store: Store,
        scheduler: Scheduler,
        clock: Callable[[], float],
        *,
        publish: Callable[[Sequence[JobKey]], None] = lambda _jobs: None,
        shortest_seconds: float = 5.0,
        longest_seconds: float = 120.0,
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._clock = clock
        self._publish = publish
        self._shortest = shortest_seconds
        self._longest = longest_seconds
        self._interval = shortest_seconds
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._misses: Counter[JobKey] = Counter()
        self._known: dict[JobKey, JobFacts] = {}
        self._calls: deque[float] = deque()
        self._figures = PollerFigures(0, 0, 0, shortest_seconds, None, None, None)

    def start(self) -> None:
        """Poll in a thread until ``stop``."""
        self._thread = threading.Thread(target=self._loop, name="poller", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a call under way is waited for."""
        self._stopped.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Poll soon and often again: somebody acted, or a job was heard of."""
        self._interval = self._shortest
        self._wake.set()

    def figures(self) -> PollerFigures:
        """Return how polling goes."""
        now = self._clock()
        recent = sum(at > now - _HOUR for at in self._calls)
        return dataclasses.replace(self._figures, calls_last_hour=recent, interval_seconds=self._interval)

    def _loop(self) -> None:
        while not self._stopped.is_set():
            try:
                self.poll()
            except Exception as error:  # noqa: BLE001 - the loop outlives whatever one round runs into
                self._failed(error)
            self._wake.wait(self._interval)
            self._wake.clear()

    def _failed(self, error: Exception) -> None:
        self._interval = min(2 * self._interval, self._longest)
        self._figures = dataclasses.replace(
            self._figures, failures=self._figures.failures + 1, last_error=str(error) or type(error).__name__
        )
        _log.warning("poll failed", error=str(error), kind=type(error).__name__, next_seconds=self._interval)

    def poll(self) -> list[JobKey]:
        """Ask once about all tracked jobs, store the answer, and return those that have changed."""
        keys = self._keys()
        if not keys:
            return []
        asked = self._clock()
        found = self._ask(keys)
        known = {key: self._recall(key) for key in keys}
        fresh = self._merged(known, found)
        self._store.put_jobs(fresh.values(), asked)
        self._known = {key: facts for key, facts in {**known, **fresh}.items() if facts is not None}
        changed = [key for key, facts in fresh.items() if known[key] != facts]
        self._pace(changed)
        if changed:
            self._publish(changed)
        return changed

    def _keys(self) -> list[JobKey]:
        # Job ids come from reporters: one that is no id must not spoil the call for all.
        return [
            key
            for key in self._store.tracked_jobs()
            if key.cluster == self._scheduler.cluster
            and is_job_id(key.id)
            and self._misses[key] < _MOST_MISSES
        ]

    def _ask(self, keys: Sequence[JobKey]) -> dict[str, JobFacts]:
        started = self._clock()
        self._note_call(started)
        found = self._scheduler.jobs([key.id for key in keys])
        now = self._clock()
        self._figures = dataclasses.replace(
            self._figures, last_call_seconds=now - started, last_answer=now, last_error=None
        )
        return found

    def _note_call(self, at: float) -> None:
        self._calls.append(at)
        while self._calls and self._calls[0] <= at - _HOUR:
            self._calls.popleft()
        self._figures = dataclasses.replace(self._figures, calls=self._figures.calls + 1)

    def _recall(self, key: JobKey) -> JobFacts | None:
        if key in self._known:
            return self._known[key]
        stored = self._store.job(key)
        return stored[0] if stored is not None else None

    def _merged(
        self, known: Mapping[JobKey, JobFacts | None], found: Mapping[str, JobFacts]
    ) -> dict[JobKey, JobFacts]:
        """Add the free text that the common call leaves out: known from before, or asked for once."""
        merged = {}
        details_left = _MOST_DETAILS
        for key, before in known.items():
            if key.id not in found:
                self._misses[key] += 1
                continue
            # A job is stored under the id it was asked by, which for an array task may be its raw id.
            facts = dataclasses.replace(found[key.id], id=key.id)
            text = before if before is not None and before.work_dir is not None else None
            if facts.work_dir is None and text is None and details_left:
                details_left -= 1
                text = self._detail(key)
            if facts.work_dir is None and text is not None:
                facts = dataclasses.replace(facts, **{name: getattr(text, name) for name in _FREE_TEXT})
            merged[key] = facts
        return merged

    def _detail(self, key: JobKey) -> JobFacts | None:
        self._note_call(self._clock())
        try:
            return self._scheduler.detail(key.id)
        except SchedulerError as error:
            _log.warning("no detail of a job", job=key.id, error=str(error))
            return None

    def _pace(self, changed: Sequence[JobKey]) -> None:
        rest = _REST * (self._figures.last_call_seconds or 0)
        wider = self._shortest if changed else _WIDEN * self._interval
        self._interval = min(max(wider, rest, self._shortest), self._longest)
