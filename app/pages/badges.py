"""The badges: a word, an icon and a colour for what a run asks of its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from app.views import Badge
    from app.words import Words

NEEDS_YOU: frozenset[Badge] = frozenset({"stop", "misses_limit", "relaunch", "check"})
ORDER: tuple[Badge, ...] = ("stop", "misses_limit", "relaunch", "check", "wait", "continue", "queued", "done")
STYLES: Mapping[Badge, str] = {
    "stop": "stop",
    "misses_limit": "limit",
    "relaunch": "relaunch",
    "check": "check",
    "wait": "wait",
    "continue": "go",
    "queued": "wait",
    "done": "done",
}


@dataclass(frozen=True, slots=True)
class BadgeFace:
    """How a badge looks: its word, the class of its colour, the id of its icon."""

    word: Markup
    style: str
    icon: str


def badge_face(badge: Badge, words: Words) -> BadgeFace:
    """Return a badge's word, colour and icon."""
    return BadgeFace(_word(badge, words), STYLES[badge], f"i-{badge.replace('_', '-')}")


def _word(badge: Badge, words: Words) -> Markup:
    named = {
        "stop": words.say("STOP"),
        "misses_limit": words.say("MISSES LIMIT"),
        "relaunch": words.say("RELAUNCH"),
        "check": words.say("CHECK"),
        "wait": words.say("WAIT"),
        "continue": words.say("CONTINUE"),
        "queued": words.say("QUEUED"),
        "done": words.say("DONE"),
    }
    return named[badge]
