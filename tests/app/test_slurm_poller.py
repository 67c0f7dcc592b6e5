"""The poller asks once for all jobs, rarer when it may, and never turns silence into an end."""

import time
from collections.abc import Collection, Iterator

import pytest

from app.records import RecordBatch
from app.slurm.poller import Poller
from app.slurm.scheduler import JobFacts, SchedulerUnavailableError
from app.store import Store, open_store
from app.store.facts import JobKey
from tests.waiting import until


class Scheduler:
    """Answers what it is given, and counts what it is asked."""

    name = cluster = "box"
    user = "alice"

    def __init__(self) -> None:
        self.known: dict[str, JobFacts] = {}
        self.asked: list[list[str]] = []
        self.details: list[str] = []
        self.error: Exception | None = None
        self.seconds = 0.0
        self.now = 1000.0

    def clock(self) -> float:
        """Return the time, which stands still between calls."""
        return self.now

    def jobs(self, ids: Collection[str]) -> dict[str, JobFacts]:
        """Answer, after a while."""
        self.asked.append(sorted(ids))
        self.now += self.seconds
        if self.error is not None:
            raise self.error
        return {job_id: self.known[job_id] for job_id in ids if job_id in self.known}

    def detail(self, job_id: str) -> JobFacts | None:
        """Answer with a folder and a name."""
        self.details.append(job_id)
        return JobFacts(job_id, "box", "RUNNING", name="topo", work_dir="/home/alice")


@pytest.fixture(name="scheduler")
def make_scheduler() -> Scheduler:
    """Know one running job."""
    scheduler = Scheduler()
    scheduler.known["5"] = JobFacts("5", "box", "RUNNING", user="alice", submitted=1.0)
    return scheduler


@pytest.fixture(name="store")
def make_store() -> Iterator[Store]:
    """Track job 5 of a run."""
    store = open_store(None)
    track(store, "r", "5")
    yield store
    store.close()


@pytest.fixture(name="poller")
def make_poller(store: Store, scheduler: Scheduler) -> Poller:
    """Poll between 5 and 120 seconds."""
    return Poller(store, scheduler, scheduler.clock)


def track(store: Store, run: str, job: str) -> None:
    """Report a run from a job."""
    batch = {"v": 1, "attempt": "a", "attempt_started": 1.0, "job": {"cluster": "box", "id": job}}
    store.add("alice", run, RecordBatch.model_validate(batch), 1.0)


def test_one_call_asks_for_all_jobs(poller: Poller, store: Store, scheduler: Scheduler) -> None:
    """However many there are."""
    for number in range(100, 200):
        track(store, f"r{number}", str(number))
        scheduler.known[str(number)] = JobFacts(str(number), "box", "RUNNING", user="alice")
    poller.poll()
    assert 1 == len(scheduler.asked)
    assert 101 == len(scheduler.asked[0])
    assert 5 == len(scheduler.details)


def test_details_are_asked_for_bit_by_bit(poller: Poller, store: Store, scheduler: Scheduler) -> None:
    """A service that starts beside many jobs does not ask for each at once; in the end it knows all."""
    for number in range(100, 110):
        track(store, f"r{number}", str(number))
        scheduler.known[str(number)] = JobFacts(str(number), "box", "RUNNING", user="alice")
    for _ in range(4):
        poller.poll()
    assert 11 == len(scheduler.details) == len(set(scheduler.details))


def test_facts_are_stored_with_the_time_of_asking(poller: Poller, store: Store, scheduler: Scheduler) -> None:
    """Free text is asked for once and kept."""
    assert [JobKey("box", "5")] == poller.poll()
    facts, seen_at = store.job(JobKey("box", "5")) or (None, None)
    assert facts is not None
    assert ("RUNNING", "topo", "/home/alice", 1000.0) == (facts.state, facts.name, facts.work_dir, seen_at)
    poller.poll()
    assert ["5"] == scheduler.details


def test_no_answer_keeps_the_last_state(poller: Poller, store: Store, scheduler: Scheduler) -> None:
    """The old facts keep their age; nothing is stored."""
    poller.poll()
    scheduler.error = SchedulerUnavailableError("timed out")
    scheduler.now += 50
    with pytest.raises(SchedulerUnavailableError):
        poller.poll()
    facts, seen_at = store.job(JobKey("box", "5")) or (None, None)
    assert facts is not None
    assert ("RUNNING", 1000.0) == (facts.state, seen_at)


def test_an_ended_job_is_asked_no_more(poller: Poller, scheduler: Scheduler) -> None:
    """Its end was stored."""
    scheduler.known["5"] = JobFacts("5", "box", "COMPLETED", ended=999.0, work_dir="/x")
    poller.poll()
    poller.poll()
    assert 1 == len(scheduler.asked)


def test_ids_that_are_none_spoil_no_call(poller: Poller, store: Store, scheduler: Scheduler) -> None:
    """Job ids come from reporters."""
    for run, job in (("x", "null"), ("y", "1;id"), ("z", "-u root")):
        track(store, run, job)
    poller.poll()
    assert [["5"]] == scheduler.asked


def test_an_unknown_job_is_asked_a_few_times_only(poller: Poller, store: Store, scheduler: Scheduler) -> None:
    """It keeps the state it had."""
    scheduler.known.clear()
    for _ in range(5):
        poller.poll()
    assert 3 == len(scheduler.asked)
    assert store.job(JobKey("box", "5")) is None


def test_the_interval_widens_and_returns(poller: Poller, scheduler: Scheduler) -> None:
    """Wider while nothing changes, up to its bound; short again on a change, or when woken."""
    poller.poll()
    assert 5.0 == poller.figures().interval_seconds
    poller.poll()
    assert 7.5 == poller.figures().interval_seconds
    for _ in range(20):
        poller.poll()
    assert 120.0 == poller.figures().interval_seconds
    poller.wake()
    assert 5.0 == poller.figures().interval_seconds
    poller.poll()
    scheduler.known["5"] = JobFacts("5", "box", "COMPLETING", work_dir="/x")
    poller.poll()
    assert 5.0 == poller.figures().interval_seconds


def test_a_slow_controller_is_asked_rarely(poller: Poller, scheduler: Scheduler) -> None:
    """A call of two seconds is followed by forty of rest."""
    scheduler.seconds = 2.0
    poller.poll()
    assert 40.0 == poller.figures().interval_seconds


def test_calls_are_counted(poller: Poller, scheduler: Scheduler) -> None:
    """In all, and of the last hour."""
    poller.poll()  # the facts, and the detail of a job seen first
    poller.poll()
    assert (3, 3) == (poller.figures().calls, poller.figures().calls_last_hour)
    scheduler.now += 4000
    assert (3, 0) == (poller.figures().calls, poller.figures().calls_last_hour)


def heartbeat(store: Store, run: str, job: str, at: float) -> None:
    """Let a run report at a moment."""
    batch = {"v": 1, "attempt": "a", "attempt_started": 1.0, "job": {"cluster": "box", "id": job}}
    store.add("alice", run, RecordBatch.model_validate(batch), at)


def test_a_job_whose_trainer_reports_is_not_asked_about(
    poller: Poller, store: Store, scheduler: Scheduler
) -> None:
    """That it runs is known from its records; it is asked about at the widest interval all the same."""
    poller.poll()
    for _ in range(11):
        scheduler.now += 10
        heartbeat(store, "r", "5", scheduler.now)
        poller.poll()
    assert 1 == len(scheduler.asked)
    assert (11, 120.0) == (poller.figures().spared, poller.figures().interval_seconds)
    scheduler.now += 10
    heartbeat(store, "r", "5", scheduler.now)
    poller.poll()
    assert 2 == len(scheduler.asked)


def test_silence_is_asked_about(poller: Poller, store: Store, scheduler: Scheduler) -> None:
    """A trainer that misses its heartbeats, or has ended, vouches for its job no more."""
    poller.poll()
    heartbeat(store, "r", "5", scheduler.now)
    scheduler.now += 31
    poller.poll()
    assert 2 == len(scheduler.asked)


def test_one_waiting_job_is_asked_about(poller: Poller, store: Store, scheduler: Scheduler) -> None:
    """Trainers speak for jobs that run, not for those that wait; asked is then about all at once."""
    track(store, "w", "6")
    scheduler.known["6"] = JobFacts("6", "box", "PENDING", user="alice", work_dir="/x")
    poller.poll()
    heartbeat(store, "r", "5", scheduler.now)
    poller.poll()
    assert [["5", "6"], ["5", "6"]] == scheduler.asked


def test_a_person_who_acts_is_not_kept_waiting(poller: Poller, store: Store, scheduler: Scheduler) -> None:
    """Woken, the poller asks though the trainer reports."""
    poller.poll()
    heartbeat(store, "r", "5", scheduler.now)
    poller.wake()
    poller.poll()
    assert 2 == len(scheduler.asked)


def test_the_budget_widens_the_pause(store: Store, scheduler: Scheduler) -> None:
    """Jobs that change all the time cost no more calls an hour than were set."""
    poller = Poller(store, scheduler, scheduler.clock, calls_per_hour=10)
    for number in range(10):
        scheduler.known["5"] = JobFacts("5", "box", "RUNNING", reason=str(number), work_dir="/x")
        poller.poll()
    assert 120.0 == poller.figures().interval_seconds
    assert (10, 10) == (poller.figures().calls_last_hour, poller.figures().calls_per_hour)


def test_without_jobs_nobody_is_asked(scheduler: Scheduler) -> None:
    """An idle service costs the controller nothing."""
    store = open_store(None)
    assert [] == Poller(store, scheduler, scheduler.clock).poll()
    store.close()
    assert [] == scheduler.asked


def test_the_loop_outlives_failures(store: Store, scheduler: Scheduler) -> None:
    """A round that fails is counted and widens the interval; the next one counts again."""
    scheduler.error = RuntimeError("odd")
    told: list[list[JobKey]] = []
    poller = Poller(
        store,
        scheduler,
        time.time,
        publish=lambda keys: told.append(list(keys)),
        shortest_seconds=0.01,
        longest_seconds=0.02,
    )
    poller.start()
    until(lambda: poller.figures().failures >= 2)
    assert "odd" == poller.figures().last_error
    scheduler.error = None
    until(lambda: bool(told))
    poller.stop()
    assert [JobKey("box", "5")] == told[0]
    assert poller.figures().last_error is None
