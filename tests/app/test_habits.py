"""What the next comparison starts from: the person's own past times, else the settings."""

from typing import Any

import pytest

from app.habits import FIX, HabitBook, Usual
from app.records import RecordBatch
from app.settings import Settings
from app.slurm.scheduler import JobFacts
from app.store import Store
from app.store.facts import Run


@pytest.fixture
def book(store: Store, settings: Settings) -> HabitBook:
    """Return the habits in the store."""
    return HabitBook(store, settings)


def _run(store: Store, name: str, job: str | None = None, user: str = "ada") -> Run:
    key = None if job is None else {"cluster": "c", "id": job}
    body: dict[str, Any] = {"v": 1, "attempt": name, "attempt_started": 1.0, "job": key}
    store.add(user, name, RecordBatch.model_validate(body), 2.0)
    run = store.run(name)
    assert run is not None
    return run


def _waited(store: Store, number: int, seconds: float, partition: str = "gpu") -> JobFacts:
    facts = JobFacts(
        str(number), "c", "RUNNING", submitted=1000.0 * number, started=1000.0 * number + seconds,
        partition=partition,
    )  # fmt: skip
    _run(store, f"run-{number}", str(number))
    store.put_jobs([facts], 1e6)
    return facts


def test_nothing_is_known(store: Store, book: HabitBook, settings: Settings) -> None:
    """A person without a past is as the service is set."""
    habits = book.habits(_run(store, "one"), None)
    assert [settings.edit_low_seconds, settings.edit_high_seconds] == habits.edit.pair
    assert Usual(settings.queue_low_seconds, settings.queue_high_seconds, "settings", 0) == habits.queue
    assert [settings.test_low_seconds, settings.test_high_seconds] == habits.test.pair


def test_one_wait_is_wide(store: Store, book: HabitBook) -> None:
    """Of one wait the next is within a factor of three."""
    job = _waited(store, 1, 300.0)
    run = store.run("run-1")
    assert run is not None
    assert Usual(100.0, 900.0, "job", 1) == book.habits(run, job).queue


def test_waits_of_the_partition_come_first(store: Store, book: HabitBook) -> None:
    """Three waits of the same partition are enough; where it has fewer, those of all count."""
    for number, (seconds, partition) in enumerate(
        ((10.0, "cpu"), (20.0, "cpu"), (30.0, "cpu"), (4000.0, "gpu"), (5000.0, "gpu")), 1
    ):
        _waited(store, number, seconds, partition)
    run = _run(store, "new")
    on_cpu = book.habits(run, JobFacts("9", "c", "RUNNING", partition="cpu")).queue
    on_gpu = book.habits(run, JobFacts("9", "c", "RUNNING", partition="gpu")).queue
    assert ("partition", 3, "user", 5) == (on_cpu.source, on_cpu.count, on_gpu.source, on_gpu.count)
    assert 10.0 <= on_cpu.low_seconds < on_cpu.high_seconds <= 30.0
    assert (True, True) == (on_gpu.low_seconds < 100.0, on_gpu.high_seconds > 4000.0)


def test_past_fixes_are_the_default(store: Store, book: HabitBook) -> None:
    """Edits and tests take what this person's have taken; what they never said stays as it is set."""
    for number, edit in enumerate((600.0, 900.0, 1200.0)):
        _run(store, f"old-{number}")
        store.put_document(f"old-{number}", FIX, {"edit_seconds": edit, "test_seconds": None}, 5.0 + number)
    _run(store, "theirs", user="eve")
    store.put_document("theirs", FIX, {"edit_seconds": 9.0, "test_seconds": 9.0}, 9.0)
    habits = book.habits(_run(store, "new"), None)
    assert (3, "user", "settings") == (habits.edit.count, habits.edit.source, habits.test.source)
    assert 600.0 <= habits.edit.low_seconds < 900.0 < habits.edit.high_seconds <= 1200.0


@pytest.mark.parametrize(("low", "high", "middle"), [(100.0, 900.0, 300.0), (0.0, 60.0, 30.0)])
def test_middle_of_a_range(low: float, high: float, middle: float) -> None:
    """The middle is the lognormal's median, of a range from 0 half its other end."""
    assert middle == Usual(low, high, "user", 1).middle_seconds
