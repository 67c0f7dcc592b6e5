"""The thread that looks out for what people want to be told of."""

import sqlite3
import threading
import time
from collections.abc import Callable

import structlog

from app.alerts.courier import Courier
from app.alerts.facts import Pulse, Tempo, facts_of
from app.alerts.silence import LEAST_SECONDS
from app.alerts.tempo import tempo_of
from app.alerts.watch import Watch
from app.rounds import Rounds
from app.store import Store, StoreError
from app.store.facts import Run
from app.views import RunView

logger = structlog.get_logger()

RECENT_SECONDS = 7 * 86_400.0
MOST_RUNS = 1_000
SLEPT_SECONDS = 30.0
KEPT_SECONDS = 90 * 86_400.0
MOST_KEPT = 10_000
"""Alerts of one person: beyond them, and after that time, the oldest are forgotten."""
TIDY_SECONDS = 3_600.0
LISTEN_EVERY = 5
"""Rounds between two looks at every run, for what is told by nothing coming."""


class Lookout:
    """Takes views as they are computed, asks the rules, and has the courier send; nothing waits for it.

    Args:
        store: the store.
        watch: asks the rules.
        courier: sends.
        clock: epoch seconds.
        pause_seconds: between two rounds.
        stale_after_seconds: of silence.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it works with, wired once
        self,
        store: Store,
        watch: Watch,
        courier: Courier,
        clock: Callable[[], float],
        pause_seconds: float,
        stale_after_seconds: float,
    ) -> None:
        self._store = store
        self._watch = watch
        self._courier = courier
        self._clock = clock
        self._stale_after_seconds = stale_after_seconds
        self._lock = threading.Lock()
        self._views: dict[str, RunView] = {}
        self._tempos: dict[str, Tempo] = {}
        self._changed: dict[str, tuple[int, float | None]] = {}
        self._concluded: dict[str, int] = {}
        self._looks = 0
        self._tidied_at: float | None = None
        self._listening_since = clock()
        self._awake = time.monotonic() - clock()
        self._rounds = Rounds(
            "lookout", self._turn, lambda: pause_seconds,
            survives=(StoreError, sqlite3.Error), event="alerts_not_looked_for",
        )  # fmt: skip

    def heed(self, view: RunView) -> None:
        """Take a view that was computed; a newer one of the same run takes its place."""
        with self._lock:
            self._views[view.run.id] = view

    def start(self) -> None:
        """Begin to look out."""
        self._rounds.start()

    def close(self) -> None:
        """End after the round and the messages that are under way."""
        self._rounds.close()
        self._courier.close()

    def look(self) -> list[int]:
        """Ask the rules of what was computed since, and now and then of every run; return new alerts."""
        with self._lock:
            views, self._views = self._views, {}
        told = [id_ for view in views.values() for id_ in self._look_at(view)]
        if self._looks % LISTEN_EVERY == 0:
            told += self._listen()
            self._tidy(self._clock())
        self._looks += 1
        return told

    def _turn(self) -> None:
        # While a laptop sleeps its wall clock goes on alone: nobody could report meanwhile.
        awake = time.monotonic() - self._clock()
        if self._awake - awake > SLEPT_SECONDS:
            self._listening_since = self._clock()
        self._awake = awake
        self.look()
        self._courier.round()

    def _look_at(self, view: RunView) -> list[int]:
        """Ask the rules of one view; one that cannot be judged harms no other."""
        try:
            self._tempos[view.run.id] = tempo_of(view)
            return self._watch.look(view.run, facts_of(view))
        except (ValueError, ArithmeticError, IndexError) as error:
            logger.warning("alerts_not_judged", run=view.run.id, error=repr(error))
            return []

    def _listen(self) -> list[int]:
        now = self._clock()
        runs = self._store.runs_heard_of(now - RECENT_SECONDS, MOST_RUNS)
        ids = {run.id for run in runs}
        self._watch.forget(ids)
        self._tempos = {run: tempo for run, tempo in self._tempos.items() if run in ids}
        self._changed = {run: seen for run, seen in self._changed.items() if run in ids}
        self._concluded = {run: version for run, version in self._concluded.items() if run in ids}
        return [id_ for run in runs for id_ in self._listen_to(run, now)]

    def _tidy(self, now: float) -> None:
        """Forget, now and then, alerts of long ago; an episode that goes on stays known."""
        if self._tidied_at is None or now - self._tidied_at > TIDY_SECONDS:
            self._tidied_at = now
            self._store.alerts.prune(now - KEPT_SECONDS, MOST_KEPT)

    def _listen_to(self, run: Run, now: float) -> list[int]:
        if self._concluded.get(run.id) == run.version:
            return []
        version, changed = self._changed.get(run.id, (run.version, None))
        if version != run.version:
            changed = now
        self._changed[run.id] = (run.version, changed)
        told = self._watch.listen(run, self._pulse(run, changed, now))
        if run.finished is not None:
            self._concluded[run.id] = run.version
        return told

    def _pulse(self, run: Run, changed: float | None, now: float) -> Pulse:
        job = self._store.job(run.job) if run.job and run.finished is None else None
        tempo = self._tempos.get(run.id)
        last = tempo.last_active if tempo else None
        is_quiet = run.finished is None and last is not None and now - last > LEAST_SECONDS
        return Pulse(
            now=now,
            run=run,
            job=job[0] if job else None,
            tempo=tempo,
            changed=changed,
            phase=self._phase(run.id) if is_quiet else None,
            stale_after_seconds=self._stale_after_seconds,
            listening_since=self._listening_since,
        )

    def _phase(self, run_id: str) -> str | None:
        """Return the phase a run's newest process said it is in."""
        notes = self._store.notes(run_id, "progress", 1)
        phase = notes[-1].data.get("phase") if notes else None
        return phase if isinstance(phase, str) else None
