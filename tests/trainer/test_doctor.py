"""The clock's check: a header of whole seconds says no more than it can."""

import pytest
from cutloss.doctor import _clock


@pytest.mark.parametrize(
    ("asked", "answered", "date"),
    [(100.95, 100.99, 100.0), (100.0, 100.02, 100.0), (100.98, 101.02, 100.0), (100.0, 104.0, 103.0)],
    ids=["late in the second", "early in it", "the second turned on the way", "a slow answer"],
)
def test_clocks_that_may_agree_are_said_to_agree(asked: float, answered: float, date: float) -> None:
    """Two clocks that are the same never seem a second apart."""
    found = _clock(asked, answered, date)
    assert (True, True) == (found.passed, "agree" in found.text)


@pytest.mark.parametrize(
    ("date", "passed", "words"),
    [
        (97.0, True, "3 s ahead of"),
        (103.0, True, "3 s behind"),
        (90.0, False, "10 s ahead of"),
        (1000.0, False, "900 s behind"),
    ],
)
def test_clocks_that_are_apart_are_said_by_how_much(date: float, passed: bool, words: str) -> None:
    """A few seconds are tolerated: step times are differences on one clock."""
    found = _clock(100.0, 100.1, date)
    assert (passed, True) == (found.passed, words in found.text), found.text
