"""What the option advised gains, so that a reader who subtracts two ends is not misled."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.words import Words
    from planner.quantiles import Quantiles
    from planner.report import Comparison

CONTINUE, STOP = "continue", "stop"


def gain(comparison: Comparison, words: Words) -> Markup | None:
    """Return by how much one side is ahead: "1 h 43", or "1 h 47 (case by case)".

    It is the middle of the differences, case by case. Where that is not what the two ends beside it differ
    by, which are the middles of either, it says so.

    Returns:
        ``None`` where only one of them gets there.
    """
    saving = _middle(comparison.verdict.saving_seconds)
    if saving is None:
        return None
    told = words.duration(abs(saving))
    if is_difference(comparison, saving, words):
        return words.plain(told)
    return words.say("{duration} (case by case)", duration=told)


def is_difference(comparison: Comparison, saving: float, words: Words) -> bool:
    """Return whether a saving, as it is told, is what the median ends of both sides differ by."""
    ends = {one.name: _middle(one.finish_seconds) for one in comparison.outcomes if one.name != STOP}
    here = ends.pop(CONTINUE, None)
    others = [end for end in ends.values() if end is not None]
    if here is None or not others:
        return False
    return abs(here - min(others) - saving) <= words.unit(abs(saving))


def _middle(quantiles: Quantiles | None) -> float | None:
    return quantiles.at(0.5) if quantiles else None
