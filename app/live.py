"""Tell whoever watches that a run has changed, coalesced."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator

COALESCE_SECONDS = 0.2
MOST_WATCHERS = 400
"""Each is an open file, of which a process often has 1,024: reporters and spools need the others."""


class NoPlaceError(Exception):
    """As many watch already as may."""


class Live:
    """Who watches which run; changes are named by run id, never by content.

    ``publish`` may be called from any thread. A watcher that is slow, or that waits while a run changes many
    times, gets each changed run once: what it reads then is current.

    Args:
        coalesce_seconds: how long changes gather before they are handed on.
        most_watchers: how many places there are for them.
    """

    def __init__(
        self, coalesce_seconds: float = COALESCE_SECONDS, most_watchers: int = MOST_WATCHERS
    ) -> None:
        self._coalesce_seconds = coalesce_seconds
        self._most_watchers = most_watchers
        self._lock = threading.Lock()
        self._watchers: set[_Watcher] = set()
        self._places = 0
        self.is_closed = False

    def publish(self, run_id: str) -> None:
        """Say that a run has changed."""
        with self._lock:
            watchers = [watcher for watcher in self._watchers if watcher.run_id in (None, run_id)]
        for watcher in watchers:
            watcher.tell(run_id)

    @property
    def watched(self) -> int:
        """How many watchers there are."""
        with self._lock:
            return len(self._watchers)

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places for watchers.

        Raises:
            NoPlaceError: all are taken.
        """
        with self._lock:
            if self._places >= self._most_watchers:
                raise NoPlaceError(f"{self._places} are watching already")
            self._places += 1
        try:
            yield
        finally:
            with self._lock:
                self._places -= 1

    def close(self) -> None:
        """Let every watcher's stream end."""
        self.is_closed = True
        with self._lock:
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher.wake()

    async def subscribe(self, run_id: str | None = None) -> AsyncIterator[str]:
        """Yield the ids of runs that have changed since last yielded; only ``run_id``'s where it is given.

        Ends only when all are closed: the caller closes it, or its task is cancelled.
        """
        watcher = _Watcher(run_id, asyncio.get_running_loop())
        with self._lock:
            self._watchers.add(watcher)
        try:
            while not self.is_closed:
                for changed in await watcher.changes(self._coalesce_seconds):
                    yield changed
        finally:
            with self._lock:
                self._watchers.discard(watcher)


class _Watcher:
    """The changes one subscriber has not seen yet."""

    def __init__(self, run_id: str | None, loop: asyncio.AbstractEventLoop) -> None:
        self.run_id = run_id
        self._loop = loop
        self._changed: dict[str, None] = {}
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """End the wait for a change, from any thread."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._woken.set)

    def tell(self, run_id: str) -> None:
        """Note a change, from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever watched
            self._loop.call_soon_threadsafe(self._note, run_id)

    async def changes(self, gather_seconds: float) -> list[str]:
        """Wait for a change, gather those that follow at once, and take them all."""
        await self._woken.wait()
        await asyncio.sleep(gather_seconds)
        self._woken.clear()
        taken = list(self._changed)
        self._changed.clear()
        return taken

    def _note(self, run_id: str) -> None:
        self._changed[run_id] = None
        self._woken.set()
