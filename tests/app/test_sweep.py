"""Runs are looked at though nobody watches them."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from app.main import create_app
from app.memory import ETA, HINDSIGHT, Memory
from app.plans import Plans
from app.records import RecordBatch
from app.settings import Settings
from app.store import Store, open_store
from app.sweep import Sweep
from tests.waiting import until_async

PLAN = {"total_steps": 200, "validate_every": 20, "checkpoint_every": "never"}


@pytest.fixture
def report(store: Store, make_batch: Callable[..., Any]) -> Callable[..., None]:
    """Return what stores a batch of a run."""

    def add(run: str, received: float | None = None, **parts: Any) -> None:
        batch = RecordBatch.model_validate(make_batch(**parts))
        store.add("ada", run, batch, time.time() if received is None else received)

    return add


@pytest.fixture
def sweep(store: Store, settings: Settings) -> Sweep:
    """Return a sweep that was not started."""
    return Sweep(store, Plans(store, settings), Memory(store), time.time, 0.01)


def test_only_runs_with_news_are_looked_at(sweep: Sweep, report: Any) -> None:
    """Each run is looked at once, and again when records have come; heartbeats are no news."""
    report("a", steps=20, plan=PLAN)
    report("b", steps=20, plan=PLAN)
    assert {"a", "b"} == set(sweep.sweep())
    report("a", steps=21)
    report("b")
    assert ["a"] == sweep.sweep()
    assert (2, 3, 0) == (sweep.figures().rounds, sweep.figures().looked_at, sweep.figures().failures)


def test_histories_move_without_a_viewer(sweep: Sweep, report: Any, store: Store) -> None:
    """A look leaves the verdict and the ETA in the run's histories."""
    report("a", steps=60, plan={**PLAN, "target_loss": 0.5, "target_of": "train"})
    sweep.sweep()
    assert (1, 1) == (len(store.history("a", ETA)), len(store.history("a", "verdict")))


def test_finished_runs_are_concluded_once(
    sweep: Sweep, report: Any, store: Store, settings: Settings
) -> None:
    """A run's end is looked at once, by whichever service is the first to see it."""
    report("done", steps=200, plan=PLAN, notes=[("finish", {"reason": "finished"})])
    assert ["done"] == sweep.sweep()
    assert None is not store.document("done", HINDSIGHT)
    after_restart = Sweep(store, Plans(store, settings), Memory(store), time.time, 0.01)
    assert [] == after_restart.sweep()


def test_runs_of_long_ago_are_left_alone(sweep: Sweep, report: Any) -> None:
    """A run that was not heard of for weeks is looked at only when somebody asks."""
    report("old", received=time.time() - 30 * 86_400, steps=20, plan=PLAN)
    assert [] == sweep.sweep()


def test_a_run_that_cannot_be_computed_harms_no_other(
    store: Store, report: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one run runs into is counted and not tried again before it has news; the others are looked at."""
    plans = Plans(store, settings)
    view = plans.view

    def failing(run_id: str) -> Any:
        if run_id == "bad":
            raise ValueError("no number can be made of this")
        return view(run_id)

    monkeypatch.setattr(plans, "view", failing)
    sweep = Sweep(store, plans, Memory(store), time.time, 0.01)
    for run in ("good", "bad"):
        report(run, steps=5, plan=PLAN)
    assert (["good"], []) == (sweep.sweep(), sweep.sweep())
    assert 1 == sweep.figures().failures


async def test_the_service_sweeps_from_its_start(settings: Settings, make_batch: Callable[..., Any]) -> None:
    """A service that starts on a store with a live run remembers its ETA, though nobody asks."""
    settings.state.mkdir(mode=0o700)
    before = open_store(settings.database)
    before.add("ada", "one", RecordBatch.model_validate(make_batch(30, PLAN)), time.time())
    before.close()
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        await until_async(lambda: app.state.store.history("one", ETA), "the first sweep")
