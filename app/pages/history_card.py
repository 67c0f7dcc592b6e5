"""The end of a run as it was said while it went on, beside what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from app.hindsight import History, SaidEnd
    from app.words import Words

FEWEST = 2
LINES = 6
MARGIN = 0.06


@dataclass(frozen=True, slots=True)
class SaidLine:
    """One ETA in words."""

    at: str
    step: str
    said: str
    between: str
    off: str | None


@dataclass(frozen=True, slots=True)
class HistoryCard:
    """The card, ready to show; points in percent of its sides, y from above.

    Attributes:
        title: what it comes to.
        band: the 80 % interval's outline.
        middle: the median's line.
        happened_y: where the real end lies, ``None`` before it.
        first: clock time at the left.
        last: clock time at the right.
        latest: clock time at the top.
        earliest: clock time at the bottom.
        lines: some of it in words.
    """

    title: Markup
    band: str
    middle: str
    happened_y: float | None
    first: str
    last: str
    latest: str
    earliest: str
    lines: list[SaidLine]


def history_card(history: History, words: Words) -> HistoryCard | None:
    """Return the card of a run, ``None`` before its end was said twice."""
    said = [
        one for one in history.eta if all(one.finishes_at.at(level) is not None for level in (0.1, 0.5, 0.9))
    ]
    if len(said) < FEWEST:
        return None
    first, last = said[0].at, max(said[-1].at, said[0].at + 1.0)
    lows, middles, highs = ([_end(one, level) for one in said] for level in (0.1, 0.5, 0.9))
    known = [*lows, *highs, *([history.ended] if history.ended is not None else [])]
    room = MARGIN * max(max(known) - min(known), 1.0)
    bottom, top = min(known) - room, max(known) + room
    xs = [100 * (one.at - first) / (last - first) for one in said]

    def line(ends: Sequence[float]) -> list[str]:
        return [f"{x:.2f},{100 * (top - end) / (top - bottom):.2f}" for x, end in zip(xs, ends, strict=True)]

    ended = history.ended
    return HistoryCard(
        title=_title(history, said, words),
        band=" ".join((*line(highs), *reversed(line(lows)))),
        middle=" ".join(line(middles)),
        happened_y=None if ended is None else round(100 * (top - ended) / (top - bottom), 2),
        first=words.clock(first),
        last=words.clock(last),
        latest=words.clock(top),
        earliest=words.clock(bottom),
        lines=[_line(one, words) for one in _some(said)],
    )


def _title(history: History, said: Sequence[SaidEnd], words: Words) -> Markup:
    if history.ended is None:
        return words.say("The end, as it was said")
    held = sum(_end(one, 0.1) <= history.ended <= _end(one, 0.9) for one in said)
    return words.say(
        "It ended at {clock}; {held} of {n} intervals held that",
        clock=words.clock(history.ended),
        held=words.whole(held),
        n=words.whole(len(said)),
    )


def _line(one: SaidEnd, words: Words) -> SaidLine:
    off = None if one.realised_seconds is None else _end(one, 0.5) - one.at - one.realised_seconds
    return SaidLine(
        words.clock(one.at),
        "–" if one.step is None else words.whole(one.step),
        words.clock(_end(one, 0.5)),
        words.say("{low} to {high}", low=words.clock(_end(one, 0.1)), high=words.clock(_end(one, 0.9))),
        None if off is None else _signed(off, words),
    )


def _signed(seconds: float, words: Words) -> str:
    if seconds < 0:
        return words.say("{duration} too early", duration=words.duration(-seconds))
    return words.say("{duration} too late", duration=words.duration(seconds))


def _end(one: SaidEnd, level: float) -> float:
    return one.finishes_at.at(level) or 0.0


def _some(said: Sequence[SaidEnd]) -> list[SaidEnd]:
    """Return a few evenly spread ones, the first and the last among them."""
    count = min(LINES, len(said))
    return [said[round(index * (len(said) - 1) / (count - 1))] for index in range(count)]
