"""Asking the scheduler politely: one call for all jobs, rarer when nothing changes or no answer comes.

A running job whose trainer reports needs no call: that it runs is known from its records.
"""

import dataclasses
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from app.rounds import Rounds
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
HEARD_SECONDS = 30.0
"""A reporter sends something every 10 s; one that has been silent for three times that may have ended."""
_FREE_TEXT = ("name", "comment", "command", "work_dir", "stdout", "submit_line")


@dataclass(frozen=True, slots=True)
class PollerFigures:
    """How polling goes.

    Attributes:
        calls: calls to the scheduler so far.
        calls_last_hour: those of the last hour.
        calls_per_hour: beyond so many an hour only the longest pause is taken.
        spared: rounds so far that needed no call, for every job's trainer had reported.
        failures: rounds without an answer so far.
        interval_seconds: the present pause between rounds.
        last_call_seconds: how long the last call took.
        last_answer: epoch seconds of the last answer.
        last_error: what the last failed round said; ``None`` after an answer.
    """

    calls: int
    calls_last_hour: int
    calls_per_hour: int
    spared: int
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
        longest_seconds: pause when nothing changes, no answer comes, or trainers tell that their jobs run.
        calls_per_hour: beyond so many an hour the longest pause is taken, whatever changes.
    """

    def __init__(  # noqa: PLR0913 - parts and three settings, by name
        self,
        store: Store,
        scheduler: Scheduler,
        clock: Callable[[], float],
        *,
        publish: Callable[[Sequence[JobKey]], None] = lambda _jobs: None,
        shortest_seconds: float = 5.0,
        longest_seconds: float = 120.0,
        calls_per_hour: int = 240,
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._clock = clock
        self._publish = publish
        self._shortest = shortest_seconds
        self._longest = longest_seconds
        self._interval = shortest_seconds
        self._budget = calls_per_hour
        self._asked_for = False
        self._misses: Counter[JobKey] = Counter()
        self._known: dict[JobKey, JobFacts] = {}
        self._calls: deque[float] = deque()
        self._made = 0
        self._counting = threading.Lock()
        self._figures = PollerFigures(0, 0, calls_per_hour, 0, 0, shortest_seconds, None, None, None)
        self._was_spared = False
        self._rounds = Rounds("poller", self._turn, self._pause)

    def start(self) -> None:
        """Poll in a thread until ``stop``."""
        self._rounds.start()

    def stop(self) -> None:
        """End the thread; a call under way is waited for."""
        self._rounds.close()

    def wake(self) -> None:
        """Poll soon and often again: somebody acted, or a job was heard of."""
        self._interval = self._shortest
        self._asked_for = True
        self._rounds.wake()

    def figures(self) -> PollerFigures:
        """Return how polling goes."""
        recent = self._recent()
        return dataclasses.replace(
            self._figures, calls=self._made, calls_last_hour=recent, interval_seconds=self._interval
        )

    def note_call(self) -> None:
        """Count a call that somebody else makes for a page: the budget is one for all."""
        self._note_call(self._clock())

    def _recent(self) -> int:
        now = self._clock()
        with self._counting:
            return sum(at > now - _HOUR for at in self._calls)

    def _turn(self) -> None:
        spared = self._figures.spared
        try:
            self.poll()
        except Exception as error:  # noqa: BLE001 - the loop outlives whatever one round runs into
            self._failed(error)
        self._was_spared = self._figures.spared > spared

    def _pause(self) -> float:
        # Looking whether trainers report costs the scheduler nothing.
        return self._shortest if self._was_spared else self._interval

    def _failed(self, error: Exception) -> None:
        self._interval = min(2 * self._interval, self._longest)
        self._figures = dataclasses.replace(
            self._figures, failures=self._figures.failures + 1, last_error=str(error) or type(error).__name__
        )
        _log.warning("poll failed", error=str(error), kind=type(error).__name__, next_seconds=self._interval)

    def poll(self) -> list[JobKey]:
        """Ask once about all tracked jobs, store the answer, and return those that have changed."""
        keys = self._keys()
        if not keys or self._is_vouched_for(keys):
            return []
        self._asked_for = False
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

    def _is_vouched_for(self, keys: Sequence[JobKey]) -> bool:
        """Say whether every job is known to run without asking: its trainer has reported, and lately."""
        now, answered = self._clock(), self._figures.last_answer
        if self._asked_for or answered is None or now - answered >= self._longest:
            return False
        heard = self._store.jobs_heard_of(now - HEARD_SECONDS)
        if not all(key in heard and self._runs(key) for key in keys):
            return False
        self._interval = self._longest
        self._figures = dataclasses.replace(self._figures, spared=self._figures.spared + 1)
        return True

    def _runs(self, key: JobKey) -> bool:
        """Say whether a job was running when it was last asked about, and all is known of it."""
        facts = self._recall(key)
        return facts is not None and facts.state == "RUNNING" and facts.work_dir is not None

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
        with self._counting:
            self._made += 1
            self._calls.append(at)
            while self._calls and self._calls[0] <= at - _HOUR:
                self._calls.popleft()

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
        if self._recent() >= self._budget:
            wider = self._longest
        self._interval = min(max(wider, rest, self._shortest), self._longest)
