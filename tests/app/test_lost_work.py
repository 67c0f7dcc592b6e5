"""What a cancel would lose, told from what is stored of a run."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from app.lost_work import LostWork, lost_work
from app.plans import Plans
from app.records import RecordBatch
from app.settings import Settings
from app.store import Store

NOW = time.time()
Report = Callable[..., LostWork | None]


@pytest.fixture
def lost(store: Store, settings: Settings, make_batch: Callable[..., Any]) -> Report:
    """Return what stores steps that took so long each, and tells what a cancel would lose of them."""

    def report(seconds: list[float | None], checkpoint: int | None = None) -> LostWork | None:
        n = len(seconds)
        columns = {
            "seq": list(range(n)), "step": list(range(1, n + 1)), "ended": [NOW] * n, "seconds": seconds,
            "loss": [1.0] * n, "lr": [None] * n,
        }  # fmt: skip
        saved = [checkpoint] if checkpoint else []
        checkpoints = {
            "seq": [9_000 for _ in saved], "step": saved, "started": [NOW for _ in saved],
            "seconds": [1.0 for _ in saved], "path": [None for _ in saved],
        }  # fmt: skip
        body = make_batch(0, {"total_steps": 1_000}, columns=columns, checkpoints=checkpoints)
        store.add("ada", "r", RecordBatch.model_validate(body), NOW)
        view = Plans(store, settings, lambda: NOW).view("r")
        assert view is not None
        return lost_work(view)

    return report


def test_lost_steps_cost_what_they_took(lost: Report) -> None:
    """Their own recorded seconds count, not those of the steps before or of the pace since."""
    assert LostWork(50, 10 * 10.0 + 40 * 40.0, 50) == lost([10.0] * 60 + [40.0] * 40, checkpoint=50)


def test_without_a_checkpoint_all_is_lost(lost: Report) -> None:
    """From the first step on."""
    assert LostWork(80, 60 * 10.0 + 20 * 40.0, None) == lost([10.0] * 60 + [40.0] * 20)


def test_a_step_without_seconds_is_told_by_the_pace(lost: Report) -> None:
    """The first step of a process has none: it is taken to be like the others."""
    work = lost([None, *[10.0] * 29])
    assert work is not None
    assert (30, pytest.approx(300.0, rel=0.01)) == (work.steps, work.seconds)


def test_nothing_is_lost_right_after_a_save(lost: Report) -> None:
    """Nor is there anything to lose before the first step."""
    assert LostWork(0, 0.0, 30) == lost([10.0] * 30, checkpoint=30)


def test_before_the_first_step_there_is_nothing_to_lose(lost: Report) -> None:
    """A run that only starts up."""
    assert None is lost([])
