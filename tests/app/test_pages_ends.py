"""What may end a run early, and since when its pace is another, in the reader's words."""

import html
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.pages.end_facts import end_facts, sooner
from app.pages.pace_cells import pace_cells, pace_title
from app.words import Words
from planner.early_stopping import EarlyStop
from planner.eta import Eta
from planner.pace import measure
from planner.quantiles import DEFAULT_LEVELS, Quantiles, exact
from planner.regime import Regime
from planner.timings import Timings

NOW = 1_700_000_000.0
WORDS = Words("en", NOW)


def plain(text: object) -> str:
    """Return what a reader sees."""
    shown = html.unescape(re.sub(r"<[^>]+>", "", str(text)))
    return " ".join(shown.replace("\u00a0", " ").replace("\u202f", " ").split())


def facts(early_stop: EarlyStop | None = None, **eta: Any) -> dict[str, str]:
    """Return the facts of a view."""
    view: Any = SimpleNamespace(early_stop=early_stop, eta=Eta("ok", **eta), as_of=NOW)
    return {plain(name): plain(text) for name, text in end_facts(view, WORDS)}


def stop(probability: float, step: Quantiles | None = None) -> EarlyStop:
    """Return what early stopping does, from step 250 on."""
    return EarlyStop(5, 2, 0.4, 250, probability, step, exact(3_600.0, DEFAULT_LEVELS))


def test_a_run_that_declares_nothing_is_told_nothing() -> None:
    """Neither rule nor budget, no fact."""
    assert {} == facts()


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (stop(0.0), "not expected to end it before its steps"),
        (stop(0.3), "ends it early with 30 %, from step 250 on"),
        (stop(0.8, exact(300.0, DEFAULT_LEVELS)), "ends it early with 80 %, about step 300 at 23:13"),
        (EarlyStop(5, 2, 0.4, 250, reason="not_the_loss"), "it can end the run from step 250 on"),
        (EarlyStop(5, 2, 0.4, None, reason="stop_was_due"), "its rule was met, yet the run goes on"),
        (EarlyStop(5, 2, 0.4, None, reason="no_losses"), "too few are left for it to end the run"),
    ],
)
def test_early_stopping_is_told_as_far_as_it_is_known(found: EarlyStop, expected: str) -> None:
    """The count always; chance, step and clock where the loss is forecast."""
    told = facts(found)["Early stopping"].replace("Tue ", "").replace("Wed ", "")
    assert f"2 of 5 validations without a gain; {expected}" == told


def test_an_early_end_is_remarked_beside_the_end_by_steps() -> None:
    """Where it may come first, the headline says so; where it will not, it keeps quiet."""
    likely: Any = SimpleNamespace(early_stop=stop(0.3))
    unlikely: Any = SimpleNamespace(early_stop=stop(0.05))
    without: Any = SimpleNamespace(early_stop=None)
    assert "early stopping ends it sooner with 30 %" == plain(sooner(likely, WORDS))
    assert (None, None) == (sooner(unlikely, WORDS), sooner(without, WORDS))


def test_a_budget_is_told_with_the_step_it_reaches() -> None:
    """One that lasts is told as well: the reader has declared it."""
    reached = exact(1_234.0, DEFAULT_LEVELS)
    cut = facts(ends_by_budget=0.9, step_at_end=reached)
    assert "ends it by time with 90 %, about step 1,234" == cut["Own budget"]
    lasting = facts(ends_by_budget=0.0, step_at_end=reached)
    assert "its steps are done before it is used up" == lasting["Own budget"]


def paced(ratio: float) -> Any:
    """Return a view whose steps took another time since step 60, ten seconds each before."""
    steps = np.arange(1.0, 101.0)
    seconds = np.where(steps < 60, 10.0, 10.0 * ratio)
    pace = measure(Timings(steps, seconds), Timings(), Timings())
    assert pace.regime == Regime(60, pytest.approx(ratio)) or ratio == 1
    blocks = SimpleNamespace(
        ended=NOW - 1_000.0 + np.cumsum(seconds),
        last_step=steps,
        seconds_count=np.ones(100),
        seconds_mean=seconds,
    )
    return SimpleNamespace(
        pace=pace, blocks=blocks, as_of=NOW, elapsed_seconds=1_000.0, at_step=100, total_steps=200,
        eta=Eta("ok", validations_left=3, checkpoints_left=None), validations=[1], checkpoints=[],
        run=SimpleNamespace(plan={"validate_every": 50}), startup_seconds=None, attempts=[1],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (1.5, "50 % slower since 22:06 (step 60): a step takes 15 s"),
        (0.5, "50 % faster since 22:06 (step 60): a step takes 5.1 s"),
        (1.0, "Steady: a step takes 10 s"),
    ],
)
def test_a_change_of_pace_says_since_when(ratio: float, expected: str) -> None:
    """By how much, at which step, and by the clock."""
    assert expected == plain(pace_title(paced(ratio), WORDS)).replace("Tue ", "")


@pytest.mark.parametrize(("ratio", "word"), [(1.4, "slower"), (0.7, "faster")])
def test_a_pace_that_drifts_says_so(ratio: float, word: str) -> None:
    """Sequences that grow are one change since the start, not a row of small ones."""
    view = paced(1.0)
    view.pace = measure(
        Timings(np.arange(1.0, 401.0), np.linspace(10.0, 10.0 * ratio, 400)), Timings(), Timings()
    )
    assert plain(pace_title(view, WORDS)).startswith(f"Ever {word} since")
    assert "(step 2), by " in plain(pace_title(view, WORDS))


def test_each_phase_has_a_cell() -> None:
    """Steps, validations, checkpoints and the start-up, each with what is done and left of it."""
    step, validation, checkpoint, startup = pace_cells(paced(1.0), WORDS)
    assert ("10 s", "single steps 10 s to 10 s") == (plain(step.value), plain(step.caption))
    assert "1 done, 3 left, every 50 steps" == plain(validation.caption)
    assert (1, 4) == (validation.done, validation.of)
    assert ("0 done", 0) == (plain(checkpoint.caption), checkpoint.of)
    assert "not yet" == plain(startup.value)


def test_one_step_is_no_pace() -> None:
    """What the first step took is told as that: nothing is steady yet."""
    view = paced(1.0)
    view.pace = measure(Timings(np.ones(1), np.full(1, 74.0)), Timings(), Timings())
    assert "The first step took 1 min 14" == plain(pace_title(view, WORDS))
    assert "one step so far" == plain(pace_cells(view, WORDS)[0].caption)


@pytest.mark.parametrize(
    ("at", "seconds", "expected"),
    [
        (50, 300.0, "single steps 10 s to 10 s; a stall of 4 min 50 every 99 steps"),
        (0, 95.0, "single steps 10 s to 10 s; at first 1 min 35"),
    ],
)
def test_stalls_and_first_steps_are_told_apart_from_the_usual_ones(
    at: int, seconds: float, expected: str
) -> None:
    """What a step usually takes stands first; a rare stall, or slow first steps, beside it."""
    took = np.full(100, 10.0)
    took[at] = seconds
    view = paced(1.0)
    view.pace = measure(Timings(np.arange(1.0, 101.0), took), Timings(), Timings())
    assert expected == plain(pace_cells(view, WORDS)[0].caption)
