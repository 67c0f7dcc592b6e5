"""The end of a run as it was said while it went on, beside what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.pages.axis import ClockAxis, Tick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from app.hindsight import History, SaidEnd
    from app.words import Words

FINISHED = "finished"
"""Only the end of a run that did what it was to do is what its ETAs were of."""

FEWEST = 2
LINES = 6
MARGIN = 0.15
WILD = 0.35
"""Share of the ETAs, the widest, that the plot need not hold."""
MOST_TIMES, MOST_ENDS = 9, 6
CLEAR = 4.0
"""Percent of a side, next to either end, in which no label stands."""


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
    """The card, ready to show; points in percent of the plot's sides, y from above.

    Attributes:
        title: what it comes to.
        band: the 80 % interval's outline.
        middle: the median's line.
        happened_y: where the real end lies, ``None`` before it.
        happened: the real end as a clock time.
        times: ticks of when it was said, along the plot.
        ends: ticks of the end that was said, up the plot; x counts from below.
        lines: some of it in words.
    """

    title: Markup
    band: str
    middle: str
    happened_y: float | None
    happened: str | None
    times: list[Tick]
    ends: list[Tick]
    lines: list[SaidLine]


def history_card(history: History, words: Words) -> HistoryCard | None:
    """Return the card of a run, ``None`` before its end was said twice."""
    said = _said(history)
    if len(said) < FEWEST:
        return None
    along = ClockAxis(said[0].at, max(said[-1].at, said[0].at + 1.0))
    up = _ends_axis(said, history.ended)

    def line(level: float) -> list[str]:
        return [f"{_share(along, one.at):.2f},{100 - _share(up, _end(one, level)):.2f}" for one in said]

    ended = history.ended
    return HistoryCard(
        title=_title(history, said, words),
        band=" ".join((*line(0.9), *reversed(line(0.1)))),
        middle=" ".join(line(0.5)),
        happened_y=None if ended is None else round(100 - _share(up, ended), 2),
        happened=None if ended is None else words.clock(ended),
        times=_inside(along.ticks(words, MOST_TIMES)),
        ends=_inside(up.ticks(words, MOST_ENDS)),
        lines=[_line(one, history, words) for one in _some(said)],
    )


def _said(history: History) -> list[SaidEnd]:
    """Return the ETAs that have an end, the one of this moment last."""
    kept, now = list(history.eta), history.now
    if now is not None and (not kept or now.at > kept[-1].at):
        kept.append(now)
    return [one for one in kept if all(one.finishes_at.at(level) is not None for level in (0.1, 0.5, 0.9))]


def _ends_axis(said: Sequence[SaidEnd], ended: float | None) -> ClockAxis:
    """Return the stretch of ends worth seeing: the first ETAs, very wide, would flatten the rest."""
    lows, highs = ([_end(one, level) for one in said] for level in (0.1, 0.9))
    known = [] if ended is None else [ended]
    bottom = min(float(np.quantile(lows, WILD)), lows[-1], *known)
    top = max(float(np.quantile(highs, 1 - WILD)), highs[-1], *known)
    room = MARGIN * max(top - bottom, 60.0)
    return ClockAxis(bottom - room, top + room)


def _share(axis: ClockAxis, at: float) -> float:
    """Return where a time lies, in percent of an axis, beyond its ends too: the plot cuts it off."""
    return 100 * (at - axis.start) / (axis.end - axis.start)


def _inside(ticks: list[Tick]) -> list[Tick]:
    """Return the ticks whose labels stay clear of both ends."""
    return [tick for tick in ticks if CLEAR <= tick.x <= 100 - CLEAR]


def _title(history: History, said: Sequence[SaidEnd], words: Words) -> Markup:
    if history.ended is None:
        half = said[len(said) // 2 - (len(said) < 3)]  # noqa: PLR2004 - of two, the first
        return words.say(
            "At {at} it said {then}, now it says {end}",
            at=words.clock(half.at),
            then=words.clock(_end(half, 0.5)),
            end=words.clock(_end(said[-1], 0.5)),
        )
    if history.finished != FINISHED:
        return words.say(
            "It ended at {clock}, before its steps were done; it was said to end at {said}",
            clock=words.clock(history.ended),
            said=words.clock(_end(said[-1], 0.5)),
        )
    held = sum(_end(one, 0.1) <= history.ended <= _end(one, 0.9) for one in said)
    return words.say(
        "It ended at {clock}; {held} of {n} intervals held that",
        clock=words.clock(history.ended),
        held=words.whole(held),
        n=words.whole(len(said)),
    )


def _line(one: SaidEnd, history: History, words: Words) -> SaidLine:
    realised = one.realised_seconds if history.finished == FINISHED else None
    off = None if realised is None else _end(one, 0.5) - one.at - realised
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
