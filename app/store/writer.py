"""The one thread that writes."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from sqlite3 import Connection
from types import TracebackType
from typing import Any, Self, TypeVar

from app.store.connection import Savepoint, Transaction
from app.store.errors import StoreClosedError, StoreError

T = TypeVar("T")

LARGEST_GROUP = 64
"""Calls that may share one commit."""


class Writer:
    """Runs functions one after another on one connection.

    Calls that wait together share a commit, each behind a savepoint: one that fails leaves no trace and harms
    no other. A call is answered only after the commit.

    Args:
        connection: the only connection that writes.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._queue: SimpleQueue[_Call | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[Connection], T]) -> T:
        """Run a function in a transaction and return its answer once that is committed."""
        return self.submit(function).result()

    def submit(self, function: Callable[[Connection], T]) -> Future[T]:
        """Have a function run in a transaction; its answer comes once that is committed."""
        call = _Call(function)
        with self._lock:
            if self._closed:
                raise StoreClosedError("the store is closed")
            self._queue.put(call)
        return call.future

    def close(self) -> None:
        """Finish what is queued and close the connection."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            self._commit(self._gather(first))
        self._connection.close()

    def _gather(self, first: "_Call") -> list["_Call"]:
        calls = [first]
        while len(calls) < LARGEST_GROUP:
            try:
                following = self._queue.get_nowait()
            except Empty:
                break
            if following is None:
                self._queue.put(None)  # nothing is queued after the end, so the order stays
                break
            calls.append(following)
        return calls

    def _commit(self, calls: list["_Call"]) -> None:
        # From here on a call can no longer be cancelled by whoever waits for it.
        started = [call for call in calls if call.future.set_running_or_notify_cancel()]
        with _Failing(started), Transaction(self._connection, "IMMEDIATE"):
            for call in started:
                call.run(self._connection)
        for call in started:
            call.answer()


class _Call:
    """One function to run, and whoever waits for its answer."""

    def __init__(self, function: Callable[[Connection], Any]) -> None:
        self.future: Future[Any] = Future()
        self.error: BaseException | None = None
        self._function = function
        self._result: object = None

    def run(self, connection: Connection) -> None:
        """Run the function behind a savepoint and keep its answer or its error."""
        if not connection.in_transaction:
            raise StoreError("the transaction was rolled back by an earlier call")
        with _Failing([self]), Savepoint(connection):
            self._result = self._function(connection)

    def answer(self) -> None:
        """Hand the answer or the error to whoever waits."""
        if self.error is None:
            self.future.set_result(self._result)
        else:
            self.future.set_exception(self.error)


class _Failing:
    """``with`` block whose error goes to the calls it belongs to instead of ending the thread."""

    def __init__(self, calls: list[_Call]) -> None:
        self._calls = calls

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        for call in self._calls if error is not None else ():
            call.error = call.error or error
        return True
