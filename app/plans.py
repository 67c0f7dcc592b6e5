"""The only bridge from the store to the planner: what is stored of a run becomes what is shown of it."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from zlib import crc32

from app.earlier import EarlierRuns
from app.forecasts import RunFits, fit_run
from app.glances import Glance, Glances
from app.habits import HabitBook, Habits
from app.judging import Judge
from app.memory import Memory
from app.paces import eta_query
from app.questions import RunCurve
from app.queue_book import QueueBook
from app.scenarios import Standing
from app.schemas.compare import RelaunchFields
from app.settings import Settings
from app.snapshot import Snapshot, read_snapshot
from app.store import Store
from app.store.facts import Run
from app.viewing import Materials, light_row, make_view, row_of
from app.views import RunRow, RunView
from planner.scenario import CompareQuery, PlanOverrides

KEPT_VIEWS = 256
REFRESH_SECONDS = 15.0
"""A run that is alive is looked at anew after this, though nothing came: time passes in it."""
KEPT_ANSWERS = 64
MOST_OTHERS = 12
LISTING_SECONDS = 0.5
"""How long a list may compute; the rows that are left show what was computed last."""

Key = tuple[Any, ...]
Answered = TypeVar("Answered")


@dataclass(frozen=True, slots=True)
class _Kept:
    key: Key
    view: RunView
    fits: RunFits
    standing: Standing


def _still_serves(kept: _Kept, key: Key, since: float) -> bool:
    """Return whether a view is as it would be now, or only time has passed since a moment."""
    return kept.key == key or (kept.key[:-1] == key[:-1] and kept.view.as_of >= since)


class Plans:
    """Views of runs, computed when something has changed and kept until then.

    Thread-safe; each run is computed by one thread at a time, and few runs at once.

    Args:
        store: the store.
        settings: the service's settings.
        clock: returns epoch seconds.
        heed: is given each view that was computed; must return at once.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        heed: Callable[[RunView], None] | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._heed = heed
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._answers: OrderedDict[Key, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Lock] = {}
        self._earlier = EarlierRuns(store)
        self._memory = Memory(store)
        self._glances = Glances(store, settings.stale_after_seconds)
        self._habits = HabitBook(store, settings)
        self._judge = Judge(store, settings, self._earlier)
        self._slots = threading.BoundedSemaphore(settings.planner_threads)

    def use_queues(self, queues: QueueBook) -> None:
        """Take a relaunch's wait from a scheduler's queue, too."""
        self._habits.use_queues(queues)

    def view(self, run_id: str, within_seconds: float = 0.0) -> RunView | None:
        """Return everything shown of a run, ``None`` where there is no such run.

        Args:
            run_id: the run.
            within_seconds: how old it may be where nothing came but time passed.
        """
        run = self._store.run(run_id)
        return None if run is None else self._current(run, within_seconds).view

    def row(self, run_id: str) -> RunRow | None:
        """Return a run's line of the list, ``None`` where there is no such run."""
        view = self.view(run_id)
        return None if view is None else row_of(view)

    def rows(
        self, runs: Sequence[Run], within_seconds: float = LISTING_SECONDS, young_seconds: float = 0.0
    ) -> list[RunRow]:
        """Return the lines of a list within a bounded time.

        Those looked at longest ago come first; what cannot be computed in time shows the last view, or the
        bare facts where there is none yet.

        Args:
            runs: the runs.
            within_seconds: the time.
            young_seconds: a line computed so recently is not computed anew.
        """
        deadline, young = time.monotonic() + within_seconds, self._clock() - young_seconds
        for run in sorted(runs, key=self._looked_at):
            if time.monotonic() >= deadline or self._looked_at(run) > young:
                break
            self._current(run)
        return self.last_rows(runs)

    def glances(self, runs: Sequence[Run]) -> list[Glance]:
        """Return how runs stand, by what was computed last; nothing is computed for it."""
        return self._glances.of(runs, self._clock())

    def last_rows(self, runs: Sequence[Run]) -> list[RunRow]:
        """Return the lines of runs as they were computed last; nothing is computed for it."""
        return [self._last_row(run) for run in runs]

    def once(self, view: RunView, asked: Hashable, make: Callable[[], Answered]) -> Answered:
        """Return what was made of a view before, else make it: open pages ask the same again and again.

        Args:
            view: of a run.
            asked: what else the answer depends on.
            make: answers.
        """
        key = (view.run.id, view.version, asked)
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                found: Answered = self._answers[key]
                return found
        made = make()
        with self._lock:
            self._answers[key] = made
            while len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return made

    def others(self, run: Run) -> list[Run]:
        """Return runs of the same user whose curves a fix may follow, those that have finished first."""
        known = [other for other in self._store.runs(run.user, MOST_OTHERS) if other.id != run.id]
        return sorted(known, key=lambda other: other.finished != "finished")

    def question(
        self,
        run_id: str,
        scenario: RelaunchFields,
        plan: PlanOverrides,
        target_loss: float | None,
        now: float | None = None,
    ) -> CompareQuery | None:
        """Return the question of a what-if on a run, ``None`` where there is no such run.

        Args:
            run_id: the run.
            scenario: the relaunch asked about.
            plan: what both options declare otherwise.
            target_loss: the loss both are to reach; ``None``: each runs to its end.
            now: epoch seconds from which durations count; ``None`` is this moment.
        """
        run = self._store.run(run_id)
        if run is None:
            return None
        kept = self._kept.get(run.id)
        if kept is not None and kept.view.as_of == now:
            return self._judge.question(kept.standing, scenario, plan, target_loss)
        fits, snapshot = self._current(run).fits, read_snapshot(self._store, run)
        standing = self._standing(snapshot, self._clock() if now is None else now, fits)
        return self._judge.question(standing, scenario, plan, target_loss)

    def habits_of(self, user: str) -> Habits:
        """Return what a fix usually takes a person: what a comparison starts from."""
        return self._habits.of_user(user)

    def curves_of(self, user: str) -> RunCurve:
        """Return what knows the curves of a user's stored runs, for scenarios that name one."""
        return partial(self._earlier.curve, user)

    def _looked_at(self, run: Run) -> float:
        kept = self._kept.get(run.id)
        return -math.inf if kept is None else kept.view.as_of

    def _last_row(self, run: Run) -> RunRow:
        kept = self._glances.row(run)
        if kept is not None:
            return kept
        return light_row(self._store, run, self._clock(), self._settings.stale_after_seconds)

    def _current(self, run: Run, within_seconds: float = 0.0) -> _Kept:
        with self._lock:
            busy = self._busy.setdefault(run.id, threading.Lock())
        with busy:
            now = self._clock()
            key, kept = self._key(run, now), self._kept.get(run.id)
            if kept is None or not _still_serves(kept, key, now - within_seconds):
                with self._slots:
                    kept = self._computed(run, key, kept, now)
                self._keep(run.id, kept)
                self._glances.keep(row_of(kept.view))
        return kept

    def _computed(self, run: Run, key: Key, last: _Kept | None, now: float) -> _Kept:
        snapshot = read_snapshot(self._store, run)
        like = self._earlier.resembling(run)
        fits = fit_run(snapshot, self._earlier.known(like)[0] if like else None, last.fits if last else None)
        standing = self._standing(snapshot, now, fits)
        materials = Materials(
            standing=standing,
            judgement=self._judge.judge(standing, now),
            replacement=self._replacement(run),
            replaced_by=self._replaced_by(run),
            now=now,
            stale_after_seconds=self._settings.stale_after_seconds,
            version=f"{run.version}-{crc32(repr(key).encode()):08x}",
        )
        view = make_view(materials)
        self._memory.remember(view)
        if self._heed is not None:
            self._heed(view)
        return _Kept(key, view, fits, standing)

    def _standing(self, snapshot: Snapshot, now: float, fits: RunFits) -> Standing:
        query = eta_query(snapshot, now, self._earlier.priors(snapshot.run))
        return Standing(snapshot, query, fits, self._habits.habits(snapshot.run, snapshot.job))

    def _key(self, run: Run, now: float) -> Key:
        """Return what a view depends on; of the clock only as much as a run that is alive needs."""
        job = self._store.job(run.job) if run.job else None
        scenario = self._store.document(run.id, "scenario")
        replacement = self._replacement(run)
        commands = [(one.id, one.state) for one in self._store.commands(run.id)]
        is_over = run.finished is not None and (job is None or not job[0].is_active)
        return (
            run.version,
            job[0] if job else None,
            scenario[1] if scenario else None,
            (replacement["state"], replacement["updated"]) if replacement else None,
            tuple(commands),
            None if is_over else now // REFRESH_SECONDS,
        )

    def _replacement(self, run: Run) -> Mapping[str, Any] | None:
        return next(iter(self._store.replacements(run.id)), None)

    def _replaced_by(self, run: Run) -> str | None:
        other = self._store.run_replacing(run.id, run.user)
        return None if other is None else other.id

    def _keep(self, run_id: str, kept: _Kept) -> None:
        with self._lock:
            self._kept[run_id] = kept
            self._kept.move_to_end(run_id)
            while len(self._kept) > KEPT_VIEWS:
                gone, _ = self._kept.popitem(last=False)
                self._busy.pop(gone, None)
