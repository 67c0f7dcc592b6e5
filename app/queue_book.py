"""How long a relaunch will wait in the queue: from the user's own history and from SLURM's own estimates.

Each source is scored against what then happened. Two cases are told apart from waiting one's turn: a job
under ``cutloss supervise`` that keeps its nodes has no queue at all, and where nobody is in line its freed
nodes come back to it.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import structlog

from app.replacement import Replacement
from app.slurm.scheduler import Check, JobFacts, Scheduler, SchedulerError
from app.store import Store
from app.store.facts import JobKey
from app.supervision import Supervision
from planner.queue_sources import CombinedWait, Statement, combine, history_statement

_log = structlog.get_logger(__name__)

DAY = 86_400.0
HISTORY_SECONDS = 30 * DAY
HISTORY_PAUSE_SECONDS = 1_800.0
LINE_PAUSE_SECONDS = 600.0
TRIAL_SECONDS = 3_600.0
"""What ``--test-only`` said counts for so long."""
MOST_PAST = 200
LEVELS = (0.1, 0.5, 0.9)
OWN_NODES_SECONDS = (1.0, 120.0)
"""Freed nodes go to the next job at the scheduler's next round: within its interval, mostly."""
GUESSES, NOBODY = "queue guesses", ""
_TRIAL = re.compile(r"to start at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)")

Case = Literal["supervised", "own_nodes", "combined"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a relaunch will wait: 10 % wait less than ``low_seconds``, 90 % less than ``high_seconds``."""

    case: Case
    low_seconds: float
    high_seconds: float
    count: int
    combined: CombinedWait | None = None


class QueueBook:
    """Remembers what was stated of waits and what they took; looks at SLURM in a thread, at its own pace.

    Args:
        store: keeps what was stated until it is known what it took.
        scheduler: asked for the user's history and the line of a partition.
        supervision: where supervised jobs take orders.
        clock: epoch seconds.
        note_call: told of each call, for the budget is one for all.
    """

    def __init__(
        self,
        store: Store,
        scheduler: Scheduler,
        supervision: Supervision,
        clock: Callable[[], float],
        note_call: Callable[[], None],
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._supervision = supervision
        self._clock = clock
        self._note_call = note_call
        self._lock = threading.Lock()
        self._jobs: list[JobFacts] = []
        self._jobs_at = 0.0
        self._lines: dict[str, tuple[float, Sequence[str] | None]] = {}
        self._trials: dict[str, tuple[float, float]] = {}
        self._looking = ThreadPoolExecutor(1, thread_name_prefix="queue-book")

    def close(self) -> None:
        """Look no more."""
        self._looking.shutdown(cancel_futures=True)

    def outlook(self, job: JobFacts | None, *, keeps_nodes: bool = False) -> Outlook | None:
        """Return what a relaunch of a job would wait, ``None`` where nothing is known of it.

        Args:
            job: the job.
            keeps_nodes: whether its nodes are kept where it takes orders; else it is submitted anew.
        """
        if job is None or job.cluster != self._scheduler.cluster:
            return None
        if keeps_nodes and self._takes_orders(job):
            return Outlook("supervised", 0.0, 0.0, 1)
        self._have_history_read()
        if job.state == "RUNNING" and self._is_alone(job):
            return self._own_nodes()
        combined = combine(self._statements(job), LEVELS)
        if combined is None:
            return None
        low, _, high = (value or 0.0 for value in combined.quantiles.values)
        return Outlook("combined", low, high, sum(each.count for each in combined.sources), combined)

    def note_trial(self, job_id: str, checks: Sequence[Check]) -> None:
        """Note what ``--test-only`` said of a corrected job, for as long as that counts."""
        start = trial_start(checks)
        if start is not None:
            now = self._clock()
            with self._lock:
                self._trials[job_id] = (now, max(start - now, 0.0))

    def _takes_orders(self, job: JobFacts) -> bool:
        # What a job left behind that its node took along still says that it takes orders.
        return job.state == "RUNNING" and self._supervision.of(JobKey(job.cluster, job.id)) is not None

    def _statements(self, job: JobFacts) -> list[Statement]:
        with self._lock:
            jobs, trial = list(self._jobs), self._trials.get(job.id)
        waits = _waits(jobs, job.partition)
        is_fresh = trial is not None and self._clock() - trial[0] < TRIAL_SECONDS
        start = None if job.estimated_start is None else max(job.estimated_start - self._clock(), 0.0)
        return [
            history_statement(waits[-MOST_PAST:], LEVELS),
            Statement("start", start if job.state == "PENDING" else None, self._scored_guesses()),
            Statement("trial", trial[1] if trial is not None and is_fresh else None, self._scored_trials()),
        ]

    def _own_nodes(self) -> Outlook:
        gaps = [
            max(one.new_started - one.old_ended, 0.0)
            for one in self._replaced()
            if one.new_started is not None and one.old_ended is not None
        ]
        low, high = OWN_NODES_SECONDS
        stated = history_statement(gaps[-MOST_PAST:], LEVELS)
        if stated.spread is not None:
            low, _, high = (max(value or 0.0, low) for value in stated.spread.values)
        return Outlook("own_nodes", low, high, len(gaps))

    def _replaced(self) -> list[Replacement]:
        stored = [Replacement.from_data(data) for data in self._store.replacements()]
        return [one for one in stored if one.state == "done" and one.order == "handover"][::-1]

    def _scored_trials(self) -> list[tuple[float, float]]:
        """Return pairs of what ``--test-only`` stated at a relaunch, and what the new job waited."""
        found = []
        for one in self._replaced():
            checks = [Check(each["name"], bool(each["passed"]), str(each["finding"])) for each in one.checks]
            start, released = trial_start(checks), one.entered("released")
            if start is not None and released is not None and one.new_started is not None:
                found.append((max(start - one.created, 0.0), max(one.new_started - released, 0.0)))
        return found[-MOST_PAST:]

    def _scored_guesses(self) -> list[tuple[float, float]]:
        stored = self._store.document(NOBODY, GUESSES)
        return [(stated, took) for stated, took in stored[0].get("scored", [])] if stored else []

    def _is_alone(self, job: JobFacts) -> bool:
        """Say whether nobody else is in line for the job's partition: its nodes then come back to it."""
        if job.partition is None and self._scheduler.name != "local":
            return False
        partition, now = job.partition or "local", self._clock()
        with self._lock:
            at, line = self._lines.get(partition, (0.0, None))
            is_due = now - at >= LINE_PAUSE_SECONDS
            if is_due:
                self._lines[partition] = (now, line)
        if is_due:
            self._looking.submit(self._look_at_line, partition)
        return line is not None and not line

    def _look_at_line(self, partition: str) -> None:
        try:
            self._note_call()
            line: Sequence[str] | None = self._scheduler.waiting(partition)
        except SchedulerError as error:
            _log.warning("no look at the line", partition=partition, error=str(error))
            line = None
        with self._lock:
            self._lines[partition] = (self._clock(), line)

    def _have_history_read(self) -> None:
        now = self._clock()
        with self._lock:
            if now - self._jobs_at < HISTORY_PAUSE_SECONDS:
                return
            self._jobs_at = now
        self._looking.submit(self.read_history)

    def read_history(self) -> None:
        """Read the user's jobs of the last month, and score what SLURM had estimated of their starts."""
        now = self._clock()
        try:
            self._note_call()
            jobs = self._scheduler.history(now - HISTORY_SECONDS)
        except SchedulerError as error:
            _log.warning("no history of jobs", error=str(error))
            return
        with self._lock:
            self._jobs = sorted(jobs, key=lambda job: job.started or 0.0)
        stored = self._store.document(NOBODY, GUESSES)
        self._store.put_document(NOBODY, GUESSES, scored(stored[0] if stored else {}, jobs, now), now)


def trial_start(checks: Sequence[Check]) -> float | None:
    """Return when ``--test-only`` said that a job would start, epoch seconds."""
    for check in checks:
        match = _TRIAL.search(check.finding) if check.name == "trial" and check.passed else None
        if match is not None:
            return time.mktime(time.strptime(match[1], "%Y-%m-%dT%H:%M:%S"))
    return None


def scored(stored: Mapping[str, object], jobs: Sequence[JobFacts], now: float) -> dict[str, object]:
    """Return the guesses that are open, and those that were scored, after a look at the user's jobs.

    Args:
        stored: ``open``: by job id when it was asked and the estimated start; ``scored``: pairs of seconds.
        jobs: the user's, as they are now.
        now: epoch seconds.
    """
    known, done = stored.get("open"), stored.get("scored")
    waiting = dict(known) if isinstance(known, Mapping) else {}
    pairs = list(done) if isinstance(done, list) else []
    for job in jobs:
        if job.state == "PENDING" and job.estimated_start is not None:
            waiting.setdefault(job.id, [now, job.estimated_start])
        elif job.started is not None and job.id in waiting:
            asked, estimated = waiting.pop(job.id)
            pairs.append([max(estimated - asked, 0.0), max(job.started - asked, 0.0)])
    here = {job.id for job in jobs}
    return {
        "open": {job_id: guess for job_id, guess in waiting.items() if job_id in here},
        "scored": pairs[-MOST_PAST:],
    }


def _waits(jobs: Sequence[JobFacts], partition: str | None) -> list[float]:
    """Return the waits of the same partition, of all where there are too few."""
    known = [
        (job.partition, max(job.started - job.submitted, 0.0))
        for job in jobs
        if job.started is not None and job.submitted is not None
    ]
    same = [wait for where, wait in known if where == partition]
    return same if len(same) >= 3 else [wait for _, wait in known]  # noqa: PLR2004 - as in the planner
