"""What the what-if says of an option's end that is not known, and of one that never comes."""

from types import SimpleNamespace
from typing import Any

from app.pages.alternatives import alternatives
from app.pages.what_if import option_results, sentence
from app.pages.what_if_answer import Asked
from app.words import Words
from planner.outcome import Outcome
from planner.quantiles import Quantiles
from planner.reasons import refused as why
from planner.report import Comparison
from planner.scenario import Scenario
from planner.verdict import Verdict

WORDS = Words("en", 10_000.0)
NEVER = Quantiles((0.1, 0.5, 0.9), (None, None, None))


def test_an_option_that_was_refused_is_not_known() -> None:
    """Only an end that was worked out and never comes is not in sight."""
    refused = Outcome("continue", "refused", "no_curve")
    never = Outcome("relaunch", "ok", finish_seconds=NEVER)
    view: Any = SimpleNamespace(comparison=None)
    told = option_results(view, Comparison((refused, never), Verdict("wait")), WORDS)
    assert ["not known", "not in sight"] == [str(one.total) for one in told]


def test_an_option_that_was_refused_is_not_out_of_sight() -> None:
    """That none of them gets there is said of ends worked out; what is not known is said to be so."""
    refused = Outcome("continue", "refused", "no_curve")
    never = Outcome("relaunch", "ok", finish_seconds=NEVER)
    ahead = Verdict("relaunch", "relaunch")
    view: Any = SimpleNamespace(comparison=None)
    told = [
        str(sentence(view, Comparison(outcomes, verdict), WORDS, is_changed=True))
        for outcomes, verdict in (
            ((refused,), ahead),
            ((refused, never), ahead),
            ((refused, never), Verdict("wait", reasons=(why("continue", "no_curve"),))),
        )
    ]
    assert "None of them" not in told[0]
    assert "None of them is expected to get there." == told[1]
    assert told[2] == (
        "Too little is known to choose. Continue has a target to reach but no curve that says when it would."
    )


def test_a_suggestion_that_was_refused_is_not_known() -> None:
    """As among what was asked about."""
    suggested = (Scenario("one", "relaunch"), Scenario("two", "relaunch"), Scenario("three", "relaunch"))
    asked = Asked(None, Comparison((), Verdict("wait"), suggested), {"two": None, "three": 60.0})
    told = alternatives(asked, {}, WORDS)
    assert ["not known", "not in sight"] == [str(one.total) for one in told[:2]]
    assert [False, False, True] == [one.is_first for one in told]
