"""The time ledger: where the time went and where the rest will go, as a bar and as a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.pages.gantt import LEAST_WIDTH, Segment
from app.pages.phases import phase_name, phase_style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from app.views import LedgerRow, RunView
    from app.words import Words

ALMOST_HALF = 0.4
NOISE = 1e-6
"""Shares of the whole below which a phase is what rounding left, not time that was spent."""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One phase's line of the table."""

    name: Markup
    style: str
    spent: str
    left: str
    total: str
    share: str


@dataclass(frozen=True, slots=True)
class TimeLedger:
    """The ledger, ready to show; x in percent of the bar."""

    title: Markup
    bars: list[Segment]
    now_x: float
    end_x: float
    free: Segment | None
    spent: str
    left: str | None
    free_text: Markup | None
    limit: str | None
    limit_clock: str | None
    end_clock: str | None
    lines: list[LedgerLine]
    sum: LedgerLine


def time_ledger(view: RunView, words: Words) -> TimeLedger | None:
    """Return a run's ledger, ``None`` before any time was measured."""
    ledger = _to_the_median(view.ledger, view)
    least = NOISE * sum(map(_total, ledger))
    rows = [row for row in ledger if _total(row) > least]
    spent = sum(row.spent_seconds or 0.0 for row in rows)
    left = sum(row.left_seconds or 0.0 for row in rows)
    if all(row.phase == "queue" for row in rows):
        return None
    end = spent + left
    limit = view.time_limit_seconds
    # The limit is the newest allocation's: what lies before it, in the queue or in earlier ones, is outside.
    limit_at = _before(rows, view) + limit if limit else None
    whole = max(end, limit_at or 0.0)
    has_end = view.eta.mean_seconds is not None
    free = (limit_at or 0.0) - end
    return TimeLedger(
        title=_title(rows, words),
        bars=_bars(rows, whole),
        now_x=_percent(spent, whole),
        end_x=_percent(end, whole),
        free=Segment(_percent(end, whole), _percent(free, whole), "p-free") if free > 0 else None,
        spent=words.duration(spent),
        left=words.duration(left) if has_end else None,
        free_text=words.say("{duration} free", duration=words.duration(free))
        if free > 0.12 * whole
        else None,
        limit=words.duration(limit) if limit else None,
        limit_clock=words.clock(view.as_of - spent + limit_at) if limit_at else None,
        end_clock=words.clock(view.as_of + left) if has_end else None,
        lines=[_line(row, end, words) for row in rows],
        sum=_sum(spent, left if has_end else None, words),
    )


def _to_the_median(rows: Sequence[LedgerRow], view: RunView) -> Sequence[LedgerRow]:
    """Return the rows with what is left stretched from its means to the median: the end the page tells."""
    middle = view.eta.remaining_seconds.at(0.5) if view.eta.remaining_seconds else None
    mean = sum(row.left_seconds or 0.0 for row in rows)
    if middle is None or mean <= 0:
        return rows
    return [
        row if row.left_seconds is None else replace(row, left_seconds=row.left_seconds * middle / mean)
        for row in rows
    ]


def _before(rows: Sequence[LedgerRow], view: RunView) -> float:
    """Return the seconds spent before the newest allocation began."""
    if view.elapsed_seconds is None:
        return sum(row.spent_seconds or 0.0 for row in rows if row.phase == "queue")
    return max(sum(row.spent_seconds or 0.0 for row in rows) - view.elapsed_seconds, 0.0)


def _title(rows: Sequence[LedgerRow], words: Words) -> Markup:
    end = sum(map(_total, rows))
    biggest = max((row for row in rows if row.phase != "step"), key=_total, default=None)
    share = _total(biggest) / end if biggest else 0.0
    if biggest is None or share < 0.1:  # noqa: PLR2004 - a tenth is not worth a headline
        return words.say("Almost all of the time is training")
    if biggest.phase == "silent":
        return words.say(
            "Of {percent} of the time nothing is known: no record came", percent=words.percent(share)
        )
    if all(row.phase != "step" for row in rows):
        return words.say("No step was timed yet")
    values = {"phase": _subject(biggest.phase, words), "percent": words.percent(share)}
    if share > 0.5:  # noqa: PLR2004 - half
        return words.say("{phase} takes more than half of this run", **values)
    if share >= ALMOST_HALF:
        return words.say("{phase} takes almost half of this run", **values)
    return words.say("{phase} takes {percent} of this run", **values)


def _subject(phase: str, words: Words) -> Markup:
    """Return a phase as what takes the time, in the singular."""
    named = {
        "checkpoint": words.say("Saving checkpoints"),
        "idle": words.say("Idle time"),
        "lost": words.say("Work lost to restarts"),
    }
    return named.get(phase) or _capital(phase_name(phase, words))


def _bars(rows: Sequence[LedgerRow], whole: float) -> list[Segment]:
    bars, at = [], 0.0
    for seconds, style in [
        *((row.spent_seconds or 0.0, phase_style(row.phase) + " past") for row in rows),
        *((row.left_seconds or 0.0, phase_style(row.phase)) for row in rows),
    ]:
        bars.append(Segment(_percent(at, whole), _percent(seconds, whole), style))
        at += seconds
    return [bar for bar in bars if bar.width >= LEAST_WIDTH]


def _line(row: LedgerRow, end: float, words: Words) -> LedgerLine:
    return LedgerLine(
        _capital(phase_name(row.phase, words)),
        phase_style(row.phase),
        _known(row.spent_seconds, words),
        _known(row.left_seconds, words),
        words.duration(_total(row)),
        words.sureness(_total(row) / end),
    )


def _sum(spent: float, left: float | None, words: Words) -> LedgerLine:
    total = words.duration(spent + (left or 0.0))
    return LedgerLine(
        words.say("Total"), "", words.duration(spent), _known(left, words), total, words.percent(1.0)
    )


def _known(seconds: float | None, words: Words) -> str:
    return "–" if seconds is None else words.duration(seconds)


def _total(row: LedgerRow) -> float:
    return (row.spent_seconds or 0.0) + (row.left_seconds or 0.0)


def _percent(seconds: float, whole: float) -> float:
    return round(100 * seconds / whole, 3)


def _capital(text: Markup) -> Markup:
    return text[:1].upper() + text[1:]
