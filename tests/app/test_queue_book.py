"""A relaunch's wait: none, its own nodes, or one's turn, from sources scored against what happened."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.queue_book import QueueBook, scored, trial_start
from app.replacement import Replacement
from app.slurm.scheduler import Check, JobFacts, SchedulerUnavailableError
from app.store import Store, open_store
from app.supervision import Supervision
from tests.waiting import until

RUNNING = JobFacts("7", "box", "RUNNING", partition="gpu")
TRIAL = "sbatch: Job 19 to start at {} using 1 processors on nodes node2 in partition gpu"


class Scheduler:
    """Knows a line and a history, and counts what it is asked."""

    name = "slurm"
    cluster = "box"
    user = "ada"

    def __init__(self) -> None:
        self.line = ["9"]
        self.jobs: list[JobFacts] = []
        self.asked: list[str] = []
        self.error: Exception | None = None

    def waiting(self, partition: str) -> list[str]:
        """Return the line."""
        self.asked.append(f"waiting {partition}")
        if self.error is not None:
            raise self.error
        return self.line

    def history(self, since: float) -> list[JobFacts]:
        """Return the history."""
        assert since < 1_000_000.0
        self.asked.append("history")
        if self.error is not None:
            raise self.error
        return self.jobs


class Bench:
    """A book with all it stands on; ``now`` is its clock."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder, self.now, self.calls = store, folder, 1_000_000.0, 0
        self.scheduler: Any = Scheduler()
        clock: Callable[[], float] = lambda: self.now  # noqa: E731 - a clock that tests turn
        self.book = QueueBook(store, self.scheduler, Supervision(folder), clock, self._called)

    def _called(self) -> None:
        self.calls += 1


@pytest.fixture(name="bench")
def make_bench(tmp_path: Path) -> Iterator[Bench]:
    """Keep everything in memory."""
    store = open_store(None)
    bench = Bench(store, tmp_path)
    yield bench
    bench.book.close()
    store.close()


def waited(number: int, seconds: float, partition: str = "gpu") -> JobFacts:
    """Return an ended job that waited so long."""
    start = 900_000.0 + 1000 * number
    return JobFacts(
        str(100 + number), "box", "COMPLETED", partition=partition, submitted=start - seconds, started=start
    )


def test_a_supervised_job_has_no_queue(bench: Bench) -> None:
    """A corrected command starts where the old one ran."""
    running = bench.folder / "box-7.running"
    running.write_text(json.dumps({"command": ["x"], "since": 1.0}))
    running.chmod(0o600)
    found = bench.book.outlook(RUNNING, keeps_nodes=True)
    assert found is not None
    assert ("supervised", 0.0, 0.0) == (found.case, found.low_seconds, found.high_seconds)


def test_a_supervised_job_that_is_submitted_anew_waits_its_turn(bench: Bench) -> None:
    """Only kept nodes are not waited for."""
    running = bench.folder / "box-7.running"
    running.write_text(json.dumps({"command": ["x"], "since": 1.0}))
    running.chmod(0o600)
    bench.scheduler.jobs = [waited(number, 3600.0) for number in range(10)]
    bench.book.read_history()
    found = bench.book.outlook(RUNNING)
    assert found is not None
    assert ("combined", True) == (found.case, found.low_seconds > 0)


def test_a_job_that_ended_takes_no_orders(bench: Bench) -> None:
    """What its node left behind when it failed does not make the queue vanish."""
    left = bench.folder / "box-7.running"
    left.write_text(json.dumps({"command": ["x"], "since": 1.0}))
    left.chmod(0o600)
    for state in ("NODE_FAIL", "PENDING"):
        assert bench.book.outlook(replace(RUNNING, state=state), keeps_nodes=True) is None


def test_where_nobody_waits_the_own_nodes_come_back(bench: Bench) -> None:
    """That is another case than waiting one's turn; it holds while the line is empty."""
    bench.scheduler.line = []
    bench.scheduler.jobs = [waited(number, 3600.0) for number in range(10)]
    until(lambda: (found := bench.book.outlook(RUNNING)) is not None and found.case == "own_nodes")
    found = bench.book.outlook(RUNNING)
    assert found is not None
    assert found.high_seconds == 120.0
    bench.now += 601
    bench.scheduler.line = ["9"]
    until(lambda: (found := bench.book.outlook(RUNNING)) is not None and found.case == "combined")


def test_handovers_so_far_say_how_soon_the_own_nodes_come_back(bench: Bench) -> None:
    """From the old job's end to the new one's start."""
    for number, gap in enumerate((2.0, 3.0, 4.0)):
        made = Replacement(
            str(number), "r", "ada", "prepared", 0.0, 0.0, "box", "1", None, "ada", "t", "s", "", "/"
        )
        made = made.moved("done", 1.0, "x", old_ended=100.0, new_started=100.0 + gap)
        bench.store.put_replacement(made.id, "r", "done", made.as_data(), 1.0)
    bench.scheduler.line = []
    until(lambda: (found := bench.book.outlook(RUNNING)) is not None and found.case == "own_nodes")
    found = bench.book.outlook(RUNNING)
    assert found is not None
    assert (3, True) == (found.count, found.high_seconds <= 4.0)


def test_ones_turn_is_learned_from_the_same_partition(bench: Bench) -> None:
    """Waits elsewhere do not count where there are enough."""
    bench.scheduler.jobs = [waited(n, 600.0) for n in range(20)] + [waited(n, 9e4, "far") for n in range(9)]
    bench.book.read_history()
    found = bench.book.outlook(RUNNING)
    assert found is not None
    assert ("combined", pytest.approx(600.0), 17) == (found.case, found.high_seconds, found.count)
    assert found.combined is not None
    assert ["history"] == [each.source for each in found.combined.sources]


def test_what_the_trial_says_counts_for_an_hour(bench: Bench) -> None:
    """``--test-only`` names a time; without any history it is all that is known."""
    start = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(bench.now + 900))
    bench.book.note_trial("7", [Check("trial", passed=True, finding=TRIAL.format(start))])
    found = bench.book.outlook(RUNNING)
    assert found is not None
    assert found.combined is not None
    assert ["trial"] == [each.source for each in found.combined.sources]
    assert found.low_seconds < 900.0 < found.high_seconds
    bench.now += 3601
    assert bench.book.outlook(RUNNING) is None


@pytest.mark.parametrize(
    "finding", ["", "allocation failure", TRIAL.format("soon"), TRIAL.format("2026-11-23")]
)
def test_a_trial_without_a_time_says_nothing(finding: str) -> None:
    """Nor does one that failed."""
    assert trial_start([Check("trial", passed=True, finding=finding)]) is None
    assert trial_start([Check("trial", passed=False, finding=TRIAL.format("2026-11-23T03:22:25"))]) is None


def test_slurms_estimates_are_scored_once_the_job_has_started() -> None:
    """The first estimate counts; a job that is gone without a start is forgotten."""
    first = JobFacts("1", "box", "PENDING", estimated_start=1500.0)
    gone = JobFacts("2", "box", "PENDING", estimated_start=1100.0)
    stored = scored({}, [first, gone], 1000.0)
    later = scored(stored, [JobFacts("1", "box", "PENDING", estimated_start=9000.0)], 1100.0)
    assert {"1": [1000.0, 1500.0]} == later["open"]
    done = scored(later, [JobFacts("1", "box", "RUNNING", started=1250.0)], 1300.0)
    assert ({}, [[500.0, 250.0]]) == (done["open"], done["scored"])


def test_scored_estimates_outlive_the_service(bench: Bench) -> None:
    """They are stored; the next service scores what the last one noted."""
    bench.scheduler.jobs = [JobFacts("1", "box", "PENDING", estimated_start=bench.now + 500)]
    bench.book.read_history()
    bench.now += 300
    bench.scheduler.jobs = [JobFacts("1", "box", "RUNNING", started=bench.now - 50)]
    bench.book.read_history()
    waiting = JobFacts("7", "box", "PENDING", partition="gpu", estimated_start=bench.now + 1000)
    found = bench.book.outlook(waiting)
    assert found is not None
    assert found.combined is not None
    assert [("start", 1)] == [(each.source, each.count) for each in found.combined.sources]


def test_slurm_is_asked_seldom_and_never_waited_for(bench: Bench) -> None:
    """One history in half an hour, one line in ten minutes, each counted; an outage is not asked again."""
    bench.scheduler.error = SchedulerUnavailableError("away")
    for _ in range(5):
        bench.book.outlook(RUNNING)
    until(lambda: bench.calls == 2)
    assert ["history", "waiting gpu"] == bench.scheduler.asked
    assert bench.book.outlook(RUNNING) is None


def test_another_clusters_job_is_not_asked_about(bench: Bench) -> None:
    """Nor is a run without a job."""
    assert bench.book.outlook(JobFacts("7", "far", "RUNNING", partition="gpu")) is None
    assert bench.book.outlook(None) is None
    assert [] == bench.scheduler.asked
