"""What was advised while the run went on, as a strip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.pages.badges import badge_face

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.hindsight import History
    from app.pages.badges import BadgeFace
    from app.views import Badge
    from app.words import Words

MOST_VERDICTS = 40
LEAST_VERDICTS = 2
BADGES: Mapping[str, Badge] = {
    "continue": "continue",
    "relaunch": "relaunch",
    "stop": "stop",
    "wait": "wait",
}


@dataclass(frozen=True, slots=True)
class PastVerdict:
    """One verdict of the past: where it stands on the strip in percent, and what it said when."""

    x: float
    width: float
    badge: BadgeFace
    since: str
    sure: str | None


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure the verdicts were over time: stretches of one advice, a line in percent of the box, y down."""

    stretches: list[PastVerdict]
    line: str
    first: str
    last: str


def sureness(history: History, words: Words) -> Sureness | None:
    """Return how sure the verdicts of a run were, ``None`` before they have moved."""
    told = [one for one in history.sureness if one.probability is not None]
    if len(told) < LEAST_VERDICTS:
        return None
    start, end = told[0].at, max(history.as_of, told[-1].at + 1.0)
    ends = [*(one.at for one in told[1:]), end]
    stretches, line = [], []
    for one, until in zip(told, ends, strict=True):
        x, width = 100 * (one.at - start) / (end - start), 100 * (until - one.at) / (end - start)
        y = round(100 * (1 - (one.probability or 0.0)), 2)
        face, sure = (
            badge_face(BADGES.get(one.action, "check"), words),
            words.sureness(one.probability or 0.0),
        )
        stretches.append(PastVerdict(round(x, 2), round(width, 2), face, words.clock(one.at), sure))
        line += [f"{x:.2f},{y}", f"{x + width:.2f},{y}"]
    return Sureness(stretches, " ".join(line), words.clock(start), words.clock(end))


def verdict_history(history: History, words: Words) -> list[PastVerdict]:
    """Return the verdicts of a run, the oldest first; none where it never changed."""
    told = history.verdict[-MOST_VERDICTS:]
    if len(told) < LEAST_VERDICTS:
        return []
    start, end = told[0].at, max(history.as_of, told[-1].at + 1.0)
    ends = [*(one.at for one in told[1:]), end]
    return [
        PastVerdict(
            round(100 * (one.at - start) / (end - start), 2),
            round(100 * (until - one.at) / (end - start), 2),
            badge_face(BADGES.get(one.action, "check"), words),
            words.clock(one.at),
            None if one.probability is None else words.sureness(one.probability),
        )
        for one, until in zip(told, ends, strict=True)
    ]
