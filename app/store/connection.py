"""Connections to the database, transactions, and the pool readers share."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import Protocol, Self, TypeVar

from app.store.errors import StoreClosedError

T = TypeVar("T")

BUSY_SECONDS = 30.0
"""How long one process waits for another's write, such as ``cutlossd token create`` beside the service."""

WRITER_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # In WAL, NORMAL loses nothing when the process is killed: a commit is in the operating system's hands
    # before it is acknowledged. Only a power cut may undo the last commits, never corrupt, and the reporters'
    # spools still hold those records. FULL would wait for the disk, tens of milliseconds on a network home.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32000",
)


class Caller(Protocol):
    """Runs functions on a connection, each in a transaction of its own."""

    def call(self, function: Callable[[Connection], T]) -> T:
        """Return what the function returns."""

    def close(self) -> None:
        """Let go of the connection."""


def connect_writer(path: Path | None) -> Connection:
    """Return the one connection that writes; ``None`` is a database in memory."""
    target = ":memory:" if path is None else path
    connection = sqlite3.connect(
        target, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    for pragma in WRITER_PRAGMAS:
        connection.execute(pragma)
    return connection


def connect_reader(path: Path) -> Connection:
    """Return a connection that cannot write."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None,
        check_same_thread=False, cached_statements=256,
    )  # fmt: skip
    connection.execute("PRAGMA query_only = 1")
    return connection


class Transaction:
    """``with`` block that commits, or rolls back on any error."""

    def __init__(self, connection: Connection, mode: str) -> None:
        self._connection = connection
        self._mode = mode

    def __enter__(self) -> Self:
        self._connection.execute(f"BEGIN {self._mode}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            # After an error, of the commit as well; on a full disk SQLite may have done so itself.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


class Savepoint:
    """``with`` block inside a transaction that takes back its own changes on any error."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Self:
        self._connection.execute("SAVEPOINT one_call")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK TO one_call")
        if self._connection.in_transaction:
            self._connection.execute("RELEASE one_call")


class Submitter(Caller, Protocol):
    """A caller that need not be waited for."""

    def submit(self, function: Callable[[Connection], T]) -> Future[T]:
        """Have a function run; its answer comes later."""


class Readers:
    """A pool of read-only connections: as many as there are threads reading at once.

    Args:
        path: the database file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[Connection] = []
        self._closed = False

    def call(self, function: Callable[[Connection], T]) -> T:
        """Run a function on one snapshot of the database and return its answer."""
        if self._closed:
            raise StoreClosedError("the store is closed")
        connection = self._take()
        try:
            with Transaction(connection, "DEFERRED"):
                return function(connection)
        finally:
            self._put_back(connection)

    def close(self) -> None:
        """Close every idle connection; those in use close as they come back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Connection:
        try:
            return self._idle.pop()  # atomic, as is append: no lock
        except IndexError:
            return connect_reader(self._path)

    def _put_back(self, connection: Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)
