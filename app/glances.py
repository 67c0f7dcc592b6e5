"""How every run of a list stands, at a cost that lets a list hold thousands of them."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.states import badge_of, is_queued, word_without_losses
from app.store import Store
from app.store.facts import Run
from app.views import Badge, RunRow, StateWord

KEPT_ROWS = 4_000
"""A line of the list takes a few kilobytes; a view, of which far fewer are kept, a thousand times as much."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a list is filtered and ordered by.

    Attributes:
        run: the stored run, as it is now.
        state_word: as it is now.
        badge: by what was computed last.
        ends_at: epoch seconds of the likely end; ``None`` where it is not known, of no use, or lies behind.
    """

    run: Run
    state_word: StateWord
    badge: Badge
    ends_at: float | None


class Glances:
    """The line of every run computed so far, kept longer than its view. Thread-safe.

    Args:
        store: the store.
        stale_after_seconds: a run that is silent for longer is not live.
    """

    def __init__(self, store: Store, stale_after_seconds: float) -> None:
        self._store = store
        self._stale_after_seconds = stale_after_seconds
        self._rows: OrderedDict[str, RunRow] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, row: RunRow) -> None:
        """Keep a line that was computed."""
        with self._lock:
            self._rows[row.run.id] = row
            self._rows.move_to_end(row.run.id)
            while len(self._rows) > KEPT_ROWS:
                self._rows.popitem(last=False)

    def row(self, run: Run) -> RunRow | None:
        """Return a run's line as computed last, brought up to the step it has reached."""
        kept = self._rows.get(run.id)
        if kept is None or kept.run.version == run.version:
            return None if kept is None else replace(kept, run=run)
        steps = [one.last_step for one in self._store.attempts(run.id) if one.last_step is not None]
        version = f"{run.version}~{kept.version}"
        return replace(kept, run=run, at_step=steps[-1] if steps else kept.at_step, version=version)

    def of(self, runs: Sequence[Run], now: float) -> list[Glance]:
        """Return how runs stand at a moment, epoch seconds."""
        return [self._glance(run, now) for run in runs]

    def _glance(self, run: Run, now: float) -> Glance:
        kept, state = self._rows.get(run.id), self._state(run, now)
        if kept is None:
            return Glance(run, state, badge_of(state, None, None, list(run.warnings)), None)
        if kept.state_word == "diverged" and state == "live":
            state = "diverged"
        action = kept.verdict.action if kept.verdict else None
        badge = badge_of(state, action, kept.told_within_limit, list(run.warnings), kept.target_chance)
        left = kept.remaining_seconds.at(0.5) if kept.remaining_seconds else None
        ends_at = None if left is None or badge in {"stop", "done"} else kept.as_of + left
        return Glance(run, state, badge, ends_at)

    def _state(self, run: Run, now: float) -> StateWord:
        found = self._store.job(run.job) if run.job and run.finished is None else None
        job, seen_at = found if found is not None else (None, None)
        if is_queued(run, job, seen_at):
            return "queued"
        return word_without_losses(run, job, seen_at, now, self._stale_after_seconds)
