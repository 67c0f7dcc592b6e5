"""What was said of a run is kept, bounded, and held against what happened."""

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.memory import ETA, HINDSIGHT, Memory, quantiles_of
from app.plans import Plans
from app.records import RecordBatch
from app.settings import Settings
from app.store import Store
from planner.quantiles import DEFAULT_LEVELS, Quantiles

PLAN = {"total_steps": 200, "validate_every": "never", "checkpoint_every": "never"}
STARTED = 1_700_000_000.0


class Trainer:
    """A run that reports a step every 40 s, on a clock of its own."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.now = STARTED
        self.plans = Plans(store, settings, lambda: self.now)
        self._store = store
        self._seq = 0
        self._step = 0
        self._note("plan", PLAN)

    def steps(self, count: int, look_every: int = 1) -> None:
        """Report steps one by one; every so many are looked at as soon as they have come."""
        for _ in range(count):
            self._step, self._seq, self.now = self._step + 1, self._seq + 1, self.now + 40.0
            columns = {
                "seq": [self._seq], "step": [self._step], "ended": [self.now], "seconds": [40.0],
                "loss": [1.0 + 1.0 / self._step], "lr": [None],
            }  # fmt: skip
            self._add(steps=columns)
            if self._step % look_every == 0:
                self.plans.view("one")

    def finish(self, reason: str = "finished") -> None:
        """Report the end."""
        self._note("finish", {"reason": reason})
        self.plans.view("one")

    def declare(self, **fields: Any) -> None:
        """Declare more of the plan."""
        self._note("plan", {**PLAN, **fields})

    def _note(self, kind: str, data: dict[str, Any]) -> None:
        self._seq += 1
        self._add(notes={"seq": [self._seq], "kind": [kind], "data": [data]})

    def _add(self, **parts: Any) -> None:
        body = {"v": 1, "attempt": "a", "attempt_started": STARTED, **parts}
        self._store.add("ada", "one", RecordBatch.model_validate(body), self.now)


@pytest.fixture
def trainer(store: Store, settings: Settings) -> Trainer:
    """Return a run that is about to begin."""
    return Trainer(store, settings)


def test_etas_are_kept_by_the_hundredth_and_the_minute(store: Store, trainer: Trainer) -> None:
    """After each hundredth of the steps, at most once a minute, the ETA is kept as it was said."""
    trainer.steps(60)
    kept = store.history("one", ETA, 1000)
    gaps = {round(later[0] - earlier[0]) for earlier, later in itertools.pairwise(kept)}
    assert {80} == gaps
    at, last = kept[-1]
    assert (200, {format(level, "g") for level in DEFAULT_LEVELS}) == (
        last["total_steps"], set(last["remaining_seconds"]),
    )  # fmt: skip
    left = (200 - last["step"]) * 40.0
    assert last["remaining_seconds"]["0.05"] <= left <= last["remaining_seconds"]["0.95"]
    assert at <= trainer.now


def test_a_run_that_stands_still_is_kept_ever_more_rarely(store: Store, settings: Settings) -> None:
    """Looked at every 15 s for two days on one step, a run that lives leaves a bounded history."""
    trainer = Trainer(store, settings)
    trainer.steps(20)
    memory, view = Memory(store), trainer.plans.view("one")
    assert view is not None
    for look in range(0, 2 * 86_400, 15 * 8):
        memory.remember(replace(view, as_of=view.as_of + look))
    assert 40 < len(store.history("one", ETA, 10_000)) < 200


def test_the_end_is_held_against_what_was_said(store: Store, trainer: Trainer) -> None:
    """When a run has finished, each ETA has the seconds that then passed beside it."""
    trainer.steps(200, look_every=5)
    trainer.finish()
    document, _ = store.document("one", HINDSIGHT) or ({}, 0.0)
    assert STARTED + 8000.0 == document["ended"]
    ((name, said),) = Memory(store).said("ada")
    assert ("one", len(store.history("one", ETA, 1000))) == (name, len(said))
    assert len(said) > 20
    assert all(abs(one.realised_seconds - 8000.0 * (1 - one.progress)) < 1.0 for one in said)
    assert [] == Memory(store).said("eve")
    version = trainer.plans.view("one").run.version
    assert (True, False) == tuple(Memory(store).is_concluded("one", number) for number in (version, -1))


@pytest.mark.parametrize(("steps", "reason"), [(40, "finished"), (200, "failed")])
def test_a_run_without_its_end_proves_nothing(
    store: Store, trainer: Trainer, steps: int, reason: str
) -> None:
    """A run that failed, or stopped before its declared end, says nothing of its ETAs."""
    trainer.steps(steps, look_every=5)
    trainer.finish(reason)
    assert [[]] == [said for _, said in Memory(store).said("ada")]


def test_a_run_that_ended_by_its_own_budget_is_held_against_it(store: Store, trainer: Trainer) -> None:
    """Its ETAs knew that time would end it: stopped at 1,200 s, short of its steps, it proves them right."""
    trainer.declare(max_seconds=1_200.0)
    trainer.steps(30)
    trainer.finish()
    ((_, said),) = Memory(store).said("ada")
    assert 15 == len(said)
    medians = [(one.remaining.at(0.5), one.realised_seconds) for one in said]
    assert all(abs((median or 0.0) - realised) < 60.0 for median, realised in medians)


def test_quantiles_come_back_as_they_went() -> None:
    """Stored quantiles are read as they were, "never" included."""
    said = Quantiles((0.1, 0.5, 0.9), (1.0, 2.5, None))
    assert said == quantiles_of(said.to_map())


def test_a_run_nobody_hears_of_is_not_kept(
    store: Store, settings: Settings, make_batch: Callable[..., Any]
) -> None:
    """While no records come an ETA only ages, and is not kept."""
    store.add("ada", "one", RecordBatch.model_validate(make_batch(20, PLAN)), time.time() - 3600.0)
    Plans(store, settings).view("one")
    assert [] == store.history("one", ETA)
