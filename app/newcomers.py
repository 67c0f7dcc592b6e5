"""Processes that are heard of for the first time: their jobs are asked about at once."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from app.store import Store

KEPT = 10_000
"""Attempts that are remembered; one that was forgotten only costs a look at the scheduler."""


class Newcomers:
    """Wakes the poller when a process of a job reports for the first time.

    Without it a job that starts while the poller rests would be without a state for as long as it rests.

    Args:
        store: knows the attempts of a run.
        wake: asks the scheduler soon.
    """

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake
        self._lock = threading.Lock()
        self._known: OrderedDict[str, None] = OrderedDict()

    def heard(self, attempt: str, *, in_job: bool) -> None:
        """Note that a process has reported, from any thread."""
        with self._lock:
            is_new = attempt not in self._known
            self._known[attempt] = None
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        if is_new and in_job:
            self._wake()

    def heard_of_run(self, run_id: str) -> None:
        """Note that the newest process of a run has reported."""
        for attempt in self._store.attempts(run_id)[-1:]:
            self.heard(attempt.id, in_job=attempt.job is not None)
