"""Numbers in words, for the terminal."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

UNKNOWN = "unknown"
UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
UNLIKELY, SURE = 0.01, 0.99
"""What lies beyond them would read as 0 or 100 %."""


def duration(seconds: float | None) -> str:
    """Return seconds as their two largest units: ``1 h 43 min``."""
    if seconds is None:
        return UNKNOWN
    if seconds < 0:
        return f"-{duration(-seconds)}"
    left = round(seconds)
    parts: list[str] = []
    for unit, size in UNITS:
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def time_of_day(epoch: float | None) -> str:
    """Return a moment in the machine's time zone: ``Tue 24 Nov 04:10``."""
    return UNKNOWN if epoch is None else time.strftime("%a %d %b %H:%M", time.localtime(epoch))


def percent(share: float) -> str:
    """Return a share in percent: all of it is ``100%``, and nothing less."""
    return f"{share:.0%}" if share in {0, 1} else sureness(share)


def sureness(probability: float | None) -> str:
    """Return a probability in percent as the pages do; what is nearly certain is not called certain."""
    if probability is None:
        return UNKNOWN
    if probability > SURE:
        return f"over {SURE:.0%}"
    if probability < UNLIKELY:
        return f"under {UNLIKELY:.0%}"
    return f"{probability:.0%}"


def interval(quantiles: Mapping[str, Any] | None) -> str:
    """Return a median with its widest range: ``6 h 40 min (80 %: 6 h 20 min to 7 h 10 min)``."""
    levels = sorted((float(level), value) for level, value in (quantiles or {}).items())
    if not levels:
        return UNKNOWN
    (low, shortest), (high, longest) = levels[0], levels[-1]
    median = min(levels, key=lambda item: abs(item[0] - 0.5))[1]
    if low == high or shortest == longest:
        return duration(median)
    return f"{duration(median)} ({high - low:.0%}: {duration(shortest)} to {duration(longest)})"


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows as aligned columns; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
