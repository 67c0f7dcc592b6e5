"""One thread writes; what is answered is committed, and survives a kill."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.records import RecordBatch
from app.store import Store, StoreClosedError, StoreError, open_store
from app.store.connection import Readers, connect_reader, connect_writer
from app.store.migrate import migrate
from app.store.writer import Writer
from tests.waiting import PATIENCE_SECONDS

REPORTER = """
import sys
from pathlib import Path
from app.records import RecordBatch
from app.store import open_store
store = open_store(Path(sys.argv[1]))
seq = 0
while True:
    seqs = list(range(seq, seq + 50))
    columns = {"seq": seqs, "step": seqs, "loss": [1.0] * 50}
    batch = {"v": 1, "attempt": "a", "attempt_started": 1.0, "steps": columns}
    added = store.add("ann", "r", RecordBatch.model_validate(batch), 5.0)
    print(added.acknowledged_seq, flush=True)
    seq += 50
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a database with one table of numbers."""
    file = tmp_path / "s.sqlite3"
    connection = connect_writer(file)
    connection.execute("CREATE TABLE numbers (n INTEGER)")
    connection.close()
    return file


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    """Start a writer."""
    started = Writer(connect_writer(path))
    yield started
    started.close()


def insert(connection: sqlite3.Connection, number: int) -> int:
    """Insert a number; negative ones fail after they were inserted."""
    connection.execute("INSERT INTO numbers VALUES (?)", (number,))
    if number < 0:
        raise ValueError(number)
    return number


def stored(path: Path) -> list[int]:
    """Return the numbers another connection sees."""
    connection = connect_reader(path)
    numbers = [number for (number,) in connection.execute("SELECT n FROM numbers ORDER BY n")]
    connection.close()
    return numbers


def held(writer: Writer, release: threading.Event) -> threading.Thread:
    """Keep the writer busy until released, so that calls gather behind it."""
    begun = threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        begun.set()
        release.wait()

    thread = threading.Thread(target=writer.call, args=(hold,))
    thread.start()
    begun.wait()
    return thread


def test_an_answer_is_committed(writer: Writer, path: Path) -> None:
    """When a call returns, another connection sees what it wrote."""
    assert 3 == writer.call(lambda connection: insert(connection, 3))
    assert [3] == stored(path)


def test_a_failed_call_leaves_no_trace_and_harms_no_other(writer: Writer, path: Path) -> None:
    """Calls that share a commit fail alone, whole."""
    release = threading.Event()
    threads = [held(writer, release)]
    errors: list[int] = []

    def call(number: int) -> None:
        try:
            writer.call(lambda connection: insert(connection, number))
        except ValueError:
            errors.append(number)

    for number in (1, -2, 3, -4, 5):
        threads.append(threading.Thread(target=call, args=(number,)))
        threads[-1].start()
    while writer._queue.qsize() < 5:
        threading.Event().wait(0.001)
    release.set()
    for thread in threads:
        thread.join()
    assert ([1, 3, 5], [-4, -2]) == (stored(path), sorted(errors))


def test_a_lost_transaction_fails_every_call_in_it(writer: Writer, path: Path) -> None:
    """Where SQLite gives up the whole transaction, nobody is told that it was committed."""
    release = threading.Event()
    threads = [held(writer, release)]
    answers: list[object] = []

    def give_up(connection: sqlite3.Connection) -> None:
        insert(connection, 1)
        connection.execute("ROLLBACK")

    def call() -> None:
        try:
            answers.append(writer.call(give_up))
            writer.call(give_up)
        except (StoreError, sqlite3.Error) as error:
            answers.append(error)

    threads += [threading.Thread(target=call) for _ in range(2)]
    for thread in threads[1:]:
        thread.start()
    while writer._queue.qsize() < 2:
        threading.Event().wait(0.001)
    release.set()
    for thread in threads:
        thread.join()
    assert [] == stored(path)
    assert all(isinstance(answer, Exception) for answer in answers)
    assert 9 == writer.call(lambda connection: insert(connection, 9))


def test_queued_calls_are_finished_on_close(writer: Writer, path: Path) -> None:
    """Close waits for what was asked before it; later calls are refused."""
    release = threading.Event()
    threads = [held(writer, release)]
    threads.append(threading.Thread(target=writer.call, args=(lambda c: insert(c, 1),)))
    threads[-1].start()
    while writer._queue.qsize() < 1:
        threading.Event().wait(0.001)
    threads.append(threading.Thread(target=writer.close))
    threads[-1].start()
    release.set()
    for thread in threads:
        thread.join()
    assert [1] == stored(path)
    with pytest.raises(StoreClosedError):
        writer.call(lambda connection: insert(connection, 2))


def test_a_reader_cannot_write(path: Path) -> None:
    """A read-only connection refuses to insert."""
    readers = Readers(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        readers.call(lambda connection: insert(connection, 1))
    readers.close()


def test_a_reader_sees_one_snapshot(writer: Writer, path: Path) -> None:
    """What is committed between two queries of one read is not seen."""
    readers = Readers(path)

    def count_twice(connection: sqlite3.Connection) -> list[int]:
        first = connection.execute("SELECT count(*) FROM numbers").fetchone()[0]
        writer.call(lambda own: insert(own, 1))
        return [first, connection.execute("SELECT count(*) FROM numbers").fetchone()[0]]

    assert [0, 0] == readers.call(count_twice)
    readers.close()


def test_a_killed_service_loses_no_acknowledged_record(tmp_path: Path) -> None:
    """After kill -9 in mid-ingest every record whose batch was acknowledged is there, and no half batch."""
    path = tmp_path / "s.sqlite3"
    command = [sys.executable, "-c", REPORTER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        acknowledged = -1
        while acknowledged < 2000:
            acknowledged = int(service.stdout.readline())
        os.kill(service.pid, signal.SIGKILL)
        printed = service.stdout.read().split()
    acknowledged = int(printed[-1]) if printed else acknowledged
    store = open_store(path)
    recent, blocks = store.recent_steps("r", 10**6), store.step_blocks("r", 1)
    (attempt,) = store.attempts("r")
    store.close()
    assert list(range(len(recent.step))) == recent.step.tolist()
    assert 0 == len(recent.step) % 50
    assert acknowledged <= recent.step[-1] == attempt.last_seq
    assert len(recent.step) == blocks.count.sum()


def test_a_call_cancelled_in_the_queue_is_not_made(writer: Writer, path: Path) -> None:
    """Whoever stops waiting before it began changes nothing; the others go on."""
    release = threading.Event()
    thread = held(writer, release)
    cancelled = writer.submit(lambda connection: insert(connection, 1))
    kept = writer.submit(lambda connection: insert(connection, 2))
    assert cancelled.cancel()
    release.set()
    assert 2 == kept.result(PATIENCE_SECONDS)
    thread.join()
    assert [2] == stored(path)


def test_a_call_that_began_cannot_be_cancelled(writer: Writer, path: Path) -> None:
    """What is being written is written, though nobody waits for it any more."""
    begun, release = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> int:
        begun.set()
        release.wait()
        return insert(connection, 1)

    future = writer.submit(slow)
    begun.wait()
    assert not future.cancel()
    release.set()
    assert 1 == future.result(PATIENCE_SECONDS)
    assert [1] == stored(path)


def test_a_commit_that_fails_is_told_and_undone(writer: Writer, path: Path) -> None:
    """Where the commit itself is refused, everybody in it hears so, and the next call starts afresh."""

    def break_promise(connection: sqlite3.Connection) -> None:
        insert(connection, 1)
        connection.execute("CREATE TABLE parents (n INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE children (n REFERENCES parents DEFERRABLE INITIALLY DEFERRED)")
        connection.execute("INSERT INTO children VALUES (7)")

    with pytest.raises(sqlite3.IntegrityError):
        writer.call(break_promise)
    assert 2 == writer.call(lambda connection: insert(connection, 2))
    assert [2] == stored(path)


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """A batch that finds no room is refused whole; with room again, it is stored."""
    connection = connect_writer(tmp_path / "s.sqlite3")
    migrate(connection)
    writer = Writer(connection)
    store = Store(writer, Readers(tmp_path / "s.sqlite3"))
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    columns = {"seq": list(range(20_000)), "step": list(range(20_000)), "loss": [1.0] * 20_000}
    batch = RecordBatch.model_validate({"v": 1, "attempt": "a", "attempt_started": 1.0, "steps": columns})
    connection.execute(f"PRAGMA max_page_count = {pages + 10}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.add("ann", "r", batch, 1.0)
    found = store.run("r")
    connection.execute("PRAGMA max_page_count = 1000000")
    added = store.add("ann", "r", batch, 1.0)
    store.close()
    assert (None, 20_000) == (found, added.stored)
