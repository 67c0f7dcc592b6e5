"""What the option advised gains, beside two ends that a reader may subtract."""

import pytest

from app.pages.gain import gain
from app.words import Words
from planner.outcome import Outcome
from planner.quantiles import Quantiles, exact
from planner.report import Comparison
from planner.verdict import Verdict

HOUR = 3_600.0


def compared(here: float | None, there: float | None, saving: float | None) -> Comparison:
    """Return a comparison of going on with a fix, and the middle of their differences."""
    ends = (("continue", here), ("fix and relaunch", there))
    outcomes = tuple(
        Outcome(name, "ok", finish_seconds=Quantiles((0.5,), (seconds,))) for name, seconds in ends
    )
    told = None if saving is None else exact(saving, (0.5,))
    return Comparison(outcomes, Verdict("relaunch", "fix and relaunch", saving_seconds=told))


@pytest.mark.parametrize(
    ("saving", "told"),
    [(2.1 * HOUR, "2 h 06"), (2.1 * HOUR - 50, "2 h 05"), (1.8 * HOUR, "1 h 48 (case by case)")],
)
def test_a_gain_that_is_not_the_difference_of_both_ends_says_so(saving: float, told: str) -> None:
    """The middle of the differences stands alone where it is what both ends differ by, to the minute."""
    found = gain(compared(6.0 * HOUR, 3.9 * HOUR, saving), Words())
    assert told == str(found).replace("\u00a0", " ")


def test_a_gain_is_told_in_the_readers_language() -> None:
    """In French, too, the phrase stands beside the number."""
    found = gain(compared(6.0 * HOUR, 3.9 * HOUR, 1.8 * HOUR), Words("fr"))
    assert "1 h 48 (cas par cas)" == str(found).replace("\u00a0", " ")


def test_there_is_no_gain_over_what_never_ends() -> None:
    """Where one side never gets there in the middle there is no number; one by itself is no difference."""
    assert gain(compared(None, HOUR, None), Words()) is None
    assert "case by case" in str(gain(compared(None, HOUR, HOUR), Words()))
