"""Parts of a duration, rounded so that a reader who adds them up gets the sum that stands beside them."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.words import Words


def adding_up(parts: Sequence[float], words: Words) -> list[float]:
    """Return seconds rounded as their sum is told: as read, they add up to it.

    Each part is what the rounded sum grows by with it, so every first few of them add up, too.
    """
    unit = words.unit(sum(parts))
    ends = [0.0, *(unit * round(end / unit) for end in accumulate(parts))]
    return [end - start for start, end in pairwise(ends)]
