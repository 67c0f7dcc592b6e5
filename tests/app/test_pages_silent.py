"""What is said of a run that fell silent: nobody knows that it is running, nor that it is not."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.pages.answer import answer
from app.pages.time_ledger import time_ledger
from app.views import LedgerRow, StateWord
from app.words import NBSP, Words
from planner.eta import Eta, PhaseMeans
from planner.quantiles import Quantiles

WORDS = Words("en", 10_000.0)
LEVELS = (0.1, 0.5, 0.9)


def silent(state: StateWord, seconds: tuple[float, ...] | None = None) -> Any:
    """Return as much of a view without anything to compare as the answer looks at."""
    left = None if seconds is None else Quantiles(LEVELS, seconds)
    eta = SimpleNamespace(remaining_seconds=left, reason=None if left else "no_total_steps")
    return SimpleNamespace(
        badge="check", state_word=state, comparison=None, eta=eta, at_step=5, as_of=9_000.0
    )


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("offline", "whether it still runs is not known."),
        ("stale", "its job runs, but no record comes."),
    ],
)
def test_a_silent_run_is_not_said_to_run(state: StateWord, sentence: str) -> None:
    """Without a plan there is nothing to compare, and without records no word of running."""
    told = answer(silent(state), WORDS)
    assert ("Silent:", sentence) == (told.lead, told.sentence)
    assert "total_steps" in str(told.advice)


def test_a_silent_run_may_still_have_an_end() -> None:
    """What it would take is told on the condition that it goes on."""
    told = answer(silent("offline", (900.0, 1_000.0, 1_100.0)), WORDS)
    assert str(told.advice).startswith("If it goes on, it ends at ")


def test_a_live_run_is_said_to_run() -> None:
    """A run whose records come is running, plan or no plan."""
    assert "Running:" == answer(silent("live"), WORDS).lead


NO_ETA = Eta("refused", "no_steps")


def ledger_of(**seconds: float) -> Any:
    """Return a run's ledger of seconds spent by phase."""
    rows = tuple(LedgerRow(phase, spent, None) for phase, spent in seconds.items())
    view: Any = SimpleNamespace(
        ledger=rows, eta=NO_ETA, time_limit_seconds=None, as_of=9_000.0,
        elapsed_seconds=sum(seconds.values()),
    )  # fmt: skip
    return time_ledger(view, WORDS)


@pytest.mark.parametrize(
    ("seconds", "title"),
    [
        ({"step": 100.0, "checkpoint": 300.0}, "Saving checkpoints takes more than half of this run"),
        ({"step": 60.0, "idle": 40.0}, "Idle time takes almost half of this run"),
        ({"queue": 800.0, "idle": 1_000.0}, "No step was timed yet"),
    ],
)
def test_the_ledgers_title_is_a_sentence(seconds: dict[str, float], title: str) -> None:
    """What takes the time is told in the singular; before the first step nothing is found of the run."""
    assert title == ledger_of(**seconds).title


def test_the_ledger_has_no_line_for_what_rounding_left() -> None:
    """A nanosecond that no phase explains is not idle time."""
    assert ["Training"] == [line.name for line in ledger_of(step=9_000.0, idle=3.5e-9).lines]


def test_the_ledger_calls_silence_not_known() -> None:
    """The largest part of a time of which nothing is known is no headline about idle GPUs."""
    rows = (
        LedgerRow("step", 1_000.0, None),
        LedgerRow("idle", 0.0, None),
        LedgerRow("silent", 3_000.0, None),
    )
    view: Any = SimpleNamespace(
        ledger=rows, eta=NO_ETA, time_limit_seconds=None, elapsed_seconds=4_000.0, as_of=9_000.0
    )
    told = time_ledger(view, WORDS)
    assert told is not None
    assert "Of 75\u00a0% of the time nothing is known: no record came" == told.title
    assert ["Training", "No records, not known"] == [line.name for line in told.lines]


def test_what_is_left_adds_up_to_the_end_that_the_page_tells() -> None:
    """The end is told by its median; the phases' means are stretched to it, spent time is what it was."""
    rows = (
        LedgerRow("step", 4_000.0, 6_000.0),
        LedgerRow("validation", 1_000.0, 2_000.0),
        LedgerRow("idle", 600.0, None),
    )
    eta = Eta(
        "ok",
        remaining_seconds=Quantiles((0.1, 0.5, 0.9), (6_000.0, 7_200.0, 11_000.0)),
        by_phase=PhaseMeans(6_000.0, 2_000.0, 0.0),
        mean_seconds=8_000.0,
    )
    view: Any = SimpleNamespace(
        ledger=rows, eta=eta, time_limit_seconds=None, elapsed_seconds=5_600.0, as_of=9_000.0
    )
    told = time_ledger(view, WORDS)
    assert told is not None
    assert [("1 h 07", "1 h 30"), ("17 min", "30 min"), ("10 min", "–")] == [
        (line.spent.replace(NBSP, " "), line.left.replace(NBSP, " ")) for line in told.lines
    ]
    ends = (WORDS.duration(7_200.0), WORDS.clock(9_000.0 + 7_200.0))
    assert ends == (told.sum.left, told.end_clock)
