"""A clock axis shared by bars: where a time lies, in percent, and its round ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.words import Words

NICE_SECONDS = (
    *(1, 2, 5, 10, 15, 30),
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(3_600 * hours for hours in (1, 2, 3, 4, 6, 12)),
    *(86_400 * days for days in (1, 2, 7, 14, 28)),
)
MOST_TICKS = 13


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick; ``is_minor`` ticks are left out where there is little room."""

    x: float
    label: str
    is_minor: bool


@dataclass(frozen=True, slots=True)
class ClockAxis:
    """A stretch of clock time, epoch seconds."""

    start: float
    end: float

    def x(self, at: float) -> float:
        """Return where a time lies, in percent of the axis, within its ends."""
        return round(100 * min(1.0, max(0.0, (at - self.start) / (self.end - self.start))), 3)

    def width(self, seconds: float) -> float:
        """Return a duration's width in percent."""
        return round(100 * seconds / (self.end - self.start), 3)

    def ticks(self, words: Words, most: int = MOST_TICKS) -> list[Tick]:
        """Return ticks at round local times; labels keep clear of both ends."""
        step = self._step(most)
        offset = words.zone_offset(self.start)
        first = math.ceil((self.start + offset) / step) * step - offset
        times = [first + i * step for i in range(int((self.end - first) / step) + 1)]
        return [
            Tick(self.x(at), words.tick(at, step), is_minor=i % 3 != 0)
            for i, at in enumerate(times)
            if self.start <= at <= self.end
        ]

    def _step(self, most: int) -> float:
        span = self.end - self.start
        fitting = (step for step in NICE_SECONDS if span / step <= most - 1)
        return next(fitting, math.ceil(span / most / 86_400) * 86_400)


def covering(start: float, ends: list[float], margin: float = 0.08) -> ClockAxis:
    """Return an axis from a start over all ends, with room for labels beyond the last."""
    last = max([start + 1.0, *ends])
    return ClockAxis(start, last + margin * (last - start))
