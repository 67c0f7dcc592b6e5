"""Tell whoever watches that a run has changed, coalesced."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator

COALESCE_SECONDS = 0.2
MOST_WATCHERS = 400
"""Each is an open file, of which a process often has 1,024: reporters and spools need the others."""


class Live:
    """Who watches which run; changes are named by run id, never by content.

    ``publish`` may be called from any thread. A watcher that is slow, or that waits while a run changes many
    times, gets each changed run once: what it reads then is current.

    Args:
        coalesce_seconds: how long changes gather before they are handed on.
        most_watchers: how many there may be at a time.
    """

    def __init__(
        self, coalesce_seconds: float = COALESCE_SECONDS, most_watchers: int = MOST_WATCHERS
    ) -> None:
        self._coalesce_seconds = coalesce_seconds
        self._most_watchers = most_watchers
        self._lock = threading.Lock()
        self._watchers: set[_Watcher] = set()

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

    @property
    def is_full(self) -> bool:
        """Whether there is room for no further watcher."""
        return self.watched >= self._most_watchers

    async def subscribe(self, run_id: str | None = None) -> AsyncIterator[str]:
        """Yield the ids of runs that have changed since last yielded; only ``run_id``'s where it is given.

        Never ends by itself: the caller closes it, or its task is cancelled.
        """
        watcher = _Watcher(run_id, asyncio.get_running_loop())
        with self._lock:
            self._watchers.add(watcher)
        try:
            while True:
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
