"""Looking at every run that goes on, though nobody watches: so that histories move and rows are ready."""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from app.memory import Memory
from app.plans import Plans
from app.rounds import Rounds
from app.store import Store, StoreError
from app.store.facts import Run

logger = structlog.get_logger()

RECENT_SECONDS = 7 * 86_400.0
"""A run that was not heard of for longer is looked at when somebody asks for it."""
MOST_RUNS = 1_000
BUSIEST = 0.5
"""Share of one core that may go into looking, at most."""


@dataclass(frozen=True, slots=True)
class SweepFigures:
    """How sweeping goes: rounds, runs looked at, those that could not be, and the last round's seconds."""

    rounds: int = 0
    looked_at: int = 0
    failures: int = 0
    last_round_seconds: float | None = None


class Sweep:
    """Renews the views of runs of which something new has come, in a thread of its own.

    A round takes the runs one by one and rests after each, so that the machine stays free for those who ask.

    Args:
        store: holds the runs.
        plans: computes views; what it computes it also remembers.
        memory: knows which finished runs need no look any more.
        clock: epoch seconds.
        pause_seconds: between two rounds, and between two looks at the same run.
    """

    def __init__(
        self, store: Store, plans: Plans, memory: Memory, clock: Callable[[], float], pause_seconds: float
    ) -> None:
        self._store = store
        self._plans = plans
        self._memory = memory
        self._clock = clock
        self._seen: dict[str, int] = {}
        self._figures = SweepFigures()
        self._rounds = Rounds(
            "sweep", self.sweep, lambda: pause_seconds,
            survives=(StoreError, sqlite3.Error), event="runs_not_listed",
        )  # fmt: skip

    def start(self) -> None:
        """Begin to look, again and again."""
        self._rounds.start()

    def close(self) -> None:
        """End after the look that is under way."""
        self._rounds.close()

    def figures(self) -> SweepFigures:
        """Return how sweeping goes."""
        return replace(self._figures, failures=self._figures.failures + self._rounds.failures)

    def sweep(self) -> list[str]:
        """Look once at every run with news, and return the ids of those looked at."""
        started = time.monotonic()
        runs = self._store.runs_heard_of(self._clock() - RECENT_SECONDS, MOST_RUNS)
        self._seen = {run.id: self._seen[run.id] for run in runs if run.id in self._seen}
        looked_at = [run.id for run in runs if self._has_news(run) and self._look_at(run)]
        took = time.monotonic() - started
        self._figures = replace(self._figures, rounds=self._figures.rounds + 1, last_round_seconds=took)
        return looked_at

    def _has_news(self, run: Run) -> bool:
        if self._rounds.is_ending or self._seen.get(run.id) == run.version:
            return False
        is_done = run.finished is not None and self._memory.is_concluded(run.id, run.version)
        if is_done:
            self._seen[run.id] = run.version
        return not is_done

    def _look_at(self, run: Run) -> bool:
        """Renew a run's view, then rest; a run that cannot be computed harms no other."""
        self._seen[run.id] = run.version
        started = time.thread_time()
        try:
            self._plans.view(run.id)
        except (StoreError, sqlite3.Error, ValueError, ArithmeticError) as error:
            self._figures = replace(self._figures, failures=self._figures.failures + 1)
            logger.warning("run_not_looked_at", error=repr(error), run=run.id)
            return False
        finally:
            self._rest(time.thread_time() - started)
        self._figures = replace(self._figures, looked_at=self._figures.looked_at + 1)
        return True

    def _rest(self, busy_seconds: float) -> None:
        self._rounds.rest(busy_seconds * (1 - BUSIEST) / BUSIEST)
