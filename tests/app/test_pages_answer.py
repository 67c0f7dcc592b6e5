"""The answer at the top of a run's page: what the badge says, and how sure that is."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.pages.answer import answer
from app.views import Badge
from app.words import Words
from planner.report import Comparison
from planner.verdict import Verdict

WORDS = Words("en", 10_000.0)


def view_of(badge: Badge, state: str = "live") -> Any:
    """Return as much of a view as the answer looks at: its verdict is to go on."""
    eta = SimpleNamespace(remaining_seconds=None, reason=None, finishes_within_limit=None)
    comparison = Comparison((), Verdict("continue", "continue", probability=0.95))
    return SimpleNamespace(badge=badge, state_word=state, comparison=comparison, eta=eta, at_step=5)


@pytest.mark.parametrize(
    ("badge", "state", "is_told"),
    [
        ("continue", "live", True),
        ("check", "live", False),
        ("check", "stale", False),
        ("misses_limit", "live", False),
    ],
)
def test_only_the_verdicts_own_badge_says_how_sure_it_is(badge: Badge, state: str, is_told: bool) -> None:
    """A badge of something else than the verdict has no share in how sure the verdict is."""
    assert is_told is (answer(view_of(badge, state), WORDS).sure is not None)
