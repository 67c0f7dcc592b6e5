"""The bounded queue between the training and the reporter's thread."""

import threading
from collections import deque
from typing import Any

QUEUE_LIMIT = 8_192
"""Entries held before old steps are thinned: some 1.5 MB, reached where the disk hangs, or by empty steps."""

StepEntry = tuple[Any, float, float, Any, Any]
"""Step, clock readings at its end and at its beginning, loss, learning rate; as given.

The beginning is the end before it, the same object: seconds would be one more for each step that waits.
"""

Entry = StepEntry | dict[str, Any]


class RecordQueue:
    """What the training has reported and the thread has not yet written.

    The training appends to ``entries`` directly: a deque's append is atomic and takes no lock.

    Attributes:
        entries: oldest first; a tuple is a step, a dictionary any other record.
    """

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self._thinned = 0
        self._lock = threading.Lock()

    def take(self, most: int) -> list[Entry]:
        """Remove and return the oldest entries."""
        with self._lock:
            return [self.entries.popleft() for _ in range(min(most, len(self.entries)))]

    def take_thinned(self) -> int:
        """Return how many steps were given up since the last call."""
        with self._lock:
            thinned, self._thinned = self._thinned, 0
            return thinned

    def thin(self) -> None:
        """Give up every second step of the older half, and add up its spans; never anything else.

        The training's thread calls this, so it does not wait: while the other side drains there is no need.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            oldest = [self.entries.popleft() for _ in range(len(self.entries) // 2)]
            kept = without_every_second(oldest)
            self.entries.extendleft(reversed(kept))
            self._thinned += _steps(oldest) - _steps(kept)
        finally:
            self._lock.release()


def without_every_second(entries: list[Entry]) -> list[Entry]:
    """Return the entries without every second step, whose seconds go to the step that follows it.

    The spans of one phase become one, as they do when they are written down: a loader that is timed at each
    step must not fill the queue with what no step gives up.
    """
    kept: list[Entry] = []
    spans: dict[object, dict[str, Any]] = {}
    passed: StepEntry | None = None
    for entry in entries:
        if not isinstance(entry, tuple):
            if entry["k"] != "span":
                kept.append(entry)
            elif entry["phase"] in spans:
                spans[entry["phase"]]["seconds"] += entry["seconds"]
            else:
                kept.append(spans.setdefault(entry["phase"], dict(entry)))
        elif passed is None:
            passed = entry
        else:
            kept.append((*entry[:2], entry[2] - (passed[1] - passed[2]), *entry[3:]))
            passed = None
    if passed is not None:
        kept.append(passed)
    return kept


def _steps(entries: list[Entry]) -> int:
    return sum(isinstance(entry, tuple) for entry in entries)
