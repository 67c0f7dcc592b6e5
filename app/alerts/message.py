"""What is sent: one alert, or several in one message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from app.alerts.texts import alert_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.schemas.alerts import RuleName
    from app.store.facts import Alert
    from app.words import Words

LONGEST_LIST = 30
"""Alerts told one by one in a message; of the others only how many they are."""


@dataclass(frozen=True, slots=True)
class Message:
    """A title and a plain text."""

    title: str
    text: str


def message_of(alerts: Sequence[Alert], words: Words, public_url: str) -> Message:
    """Return what to send of some alerts, oldest first.

    Args:
        alerts: one or more.
        words: the person's way of writing.
        public_url: address of the pages as people reach them; empty: no links.
    """
    if len(alerts) == 1:
        (alert,) = alerts
        title, text = texts_of(alert, words)
        link = f"{public_url}/runs/{alert.run}" if public_url else ""
        return Message(title, "\n".join(part for part in (text, link) if part))
    title = words.say_n("{n} alert", "{n} alerts", len(alerts)).unescape()
    lines = [f"• {words.clock(alert.at)}  {' – '.join(texts_of(alert, words))}" for alert in alerts]
    left = len(lines) - LONGEST_LIST
    if left > 0:
        lines[LONGEST_LIST:] = [words.say_n("and {n} more", "and {n} more", left).unescape()]
    return Message(
        f"cutloss: {title}", "\n".join([*lines, *([f"{public_url}/alerts"] if public_url else [])])
    )


def trial_message(words: Words, public_url: str) -> Message:
    """Return what a test sends."""
    text = words.say("This is a test: alerts of your runs will come here.").unescape()
    return Message("cutloss", "\n".join(part for part in (text, public_url) if part))


def texts_of(alert: Alert, words: Words) -> tuple[str, str]:
    """Return an alert's title and text."""
    return alert_texts(cast("RuleName", alert.rule), alert.name, alert.data, words)
