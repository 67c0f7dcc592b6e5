"""The answer at the top of a run's page: what the badge says, and how sure that is."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.pages.answer import answer
from app.views import Badge
from app.words import Words
from planner.outcome import Outcome
from planner.quantiles import exact
from planner.report import Comparison
from planner.verdict import Verdict

WORDS = Words("en", 10_000.0)
ENDS = (("continue", 4.0), ("fix and relaunch", 6.0))


def view_of(badge: Badge, state: str = "live") -> Any:
    """Return as much of a view as the answer looks at: its verdict is to go on."""
    eta = SimpleNamespace(remaining_seconds=None, reason=None, finishes_within_limit=None)
    comparison = Comparison((), Verdict("continue", "continue", probability=0.95))
    return SimpleNamespace(badge=badge, state_word=state, comparison=comparison, eta=eta, at_step=5)


@pytest.mark.parametrize(("saving", "told"), [(-2.0, "2 h later"), (-1.5, "1 h 30 (case by case) later")])
def test_how_much_later_a_fix_ends_says_when_it_is_no_difference(saving: float, told: str) -> None:
    """Beside two ends four and six hours away, anything but two hours is told as compared case by case."""
    ends = [
        Outcome(name, "ok", finish_seconds=exact(3600.0 * hours, (0.1, 0.5, 0.9))) for name, hours in ENDS
    ]
    view = view_of("continue")
    verdict = Verdict("continue", "continue", saving_seconds=exact(3600 * saving, (0.5,)), probability=0.9)
    view.comparison, view.target_loss = Comparison(tuple(ends), verdict), None
    view.eta = SimpleNamespace(
        remaining_seconds=exact(14_400.0, (0.1, 0.5, 0.9)), finishes_within_limit=None, by_phase=None
    )
    view.as_of, view.elapsed_seconds = 10_000.0, None
    advice = str(answer(view, WORDS).advice).replace("\u00a0", " ")
    assert f"Fixing and relaunching would end {told}." == advice


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
