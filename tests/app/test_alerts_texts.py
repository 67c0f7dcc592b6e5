"""Alerts in words: every rule in both languages, and messages of one or of many."""

from typing import Any

import pytest

from app.alerts.message import message_of
from app.alerts.rules import NAMES, OF_FACTS, OF_PULSE
from app.alerts.texts import alert_texts, rule_text
from app.schemas.alerts import RuleName, RuleSwitches
from app.store.facts import Alert
from app.words import Words

ENGLISH, FRENCH = Words("en", 50_000.0), Words("fr", 50_000.0)
ENDED = {"word": "failed", "job_state": "TIMEOUT", "job": "77", "step": 5, "total_steps": 9, "seconds": 60.0}
TOLD: list[tuple[RuleName, dict[str, Any], str, str]] = [
    (
        "verdict", {"action": "relaunch", "sure": 0.92, "saving_seconds": 6_600.0},
        "r: fix and relaunch", "A fixed run gets there 1 h 50 sooner. This is 92 % sure.",
    ),
    (
        "verdict", {"action": "relaunch", "sure": None, "saving_seconds": -5.0},
        "r: fix and relaunch", "A fixed run has the better chance.",
    ),
    (
        "verdict", {"action": "stop", "sure": 0.999, "saving_seconds": None},
        "r: stop it", "It is not expected to reach its target. This is over 99 % sure.",
    ),
    (
        "verdict", {"action": "continue", "sure": 0.7, "saving_seconds": 5.0},
        "r: going on is best again", "What spoke against going on no longer holds. This is 70 % sure.",
    ),
    (
        "limit", {"within_limit": 0.08, "ends_at": 58_000.0, "limit_at": 54_000.0},
        "r: will likely miss its time limit",
        "The chance that it ends in time is 8 %: it would end at 16:06, and the limit is at 15:00.",
    ),
    (
        "limit", {"within_limit": 0.4, "ends_at": 53_000.0, "limit_at": 54_000.0},
        "r: will likely miss its time limit", "The chance that it ends in time is 40 %.",
    ),
    (
        "loss_broken", {"of": "train", "step": 1_181},
        "r: the loss is not finite", "Every loss since step 1,181 is NaN or infinite.",
    ),
    (
        "loss_broken", {"of": "val", "step": 40},
        "r: the validation loss is not finite", "The validation at step 40 gave NaN or infinity.",
    ),
    (
        "loss_rising", {"best": 2.011, "best_step": 900, "now": 2.41, "step": 920},
        "r: the training loss rises",
        "It was 2.01 at step 900 and is 2.41 now; it has risen since about step 920.",
    ),
    (
        "overfitting", {"best": 2.011, "best_step": 900, "now": 2.41, "step": 1_920},
        "r: the validation loss rises",
        "It was 2.01 at step 900 and is 2.41 at step 1,920: the model may overfit.",
    ),
    (
        "silence", {"last": 46_000.0, "usual_seconds": 45.9, "beats": True, "step": 4, "phase": None},
        "r: no record comes",
        (
            "The last record came at 12:46; usually one comes every 45.9 s. "
            "Its process still answers: it may hang."
        ),
    ),
    (
        "slow_steps", {"usual_seconds": 10.0, "now_seconds": 15.0, "step": 800},
        "r: steps take 50 % longer", "A step took 10 s and takes 15 s since step 800.",
    ),
    (
        "target", {"of": "val", "loss": 0.3, "target": 0.34, "step": 90},
        "r: target reached", "The validation loss is 0.300, the target 0.34.",
    ),
    ("ended", ENDED, "r: failed", "After 1 min, at step 5 of 9. Job 77 ended as TIMEOUT."),
    (
        "ended", {**ENDED, "word": "finished", "job_state": None, "step": None},
        "r: finished", "After 1 min.",
    ),
]  # fmt: skip


def plain(text: str) -> str:
    """Return a text with ordinary spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(("rule", "data", "title", "text"), TOLD)
def test_every_finding_has_its_words(rule: RuleName, data: dict[str, Any], title: str, text: str) -> None:
    """A finding is told by its numbers, as everywhere else in the pages; in French in other words."""
    assert (title, text) == tuple(plain(part) for part in alert_texts(rule, "r", data, ENGLISH))
    assert all(one != two for one, two in zip(
        alert_texts(rule, "r", data, FRENCH), alert_texts(rule, "r", data, ENGLISH), strict=True
    ))  # fmt: skip


def test_every_rule_is_everywhere() -> None:
    """A rule has a function, a switch, a name in words and words for what it finds."""
    assert set(NAMES) == {*OF_FACTS, *OF_PULSE} == set(RuleSwitches.model_fields)
    assert set(NAMES) == {rule for rule, _, _, _ in TOLD}
    assert len(NAMES) == len({rule_text(rule, ENGLISH) for rule in NAMES})


def test_a_name_is_written_as_it_is() -> None:
    """Messages are plain text: what would be markup in a page is left alone."""
    alert = Alert(1, "ada", "r", "<b>a & b</b>", "ended", ENDED, is_alarm=True, at=1.0, due=1.0)
    assert message_of([alert], ENGLISH, "").title == "<b>a & b</b>: failed"
    assert "<b>a & b</b>: failed" in message_of([alert, alert], ENGLISH, "").text


def test_a_name_cannot_break_a_header() -> None:
    """A title is one line: a run's name cannot add a header to a mail."""
    title, _ = alert_texts("ended", "a\r\nBcc: eve@example.org\x00\u2028b", ENDED, ENGLISH)
    assert "a Bcc: eve@example.org b: failed" == title
