"""Parts of a duration, rounded so that a reader who adds them up gets the sum that stands beside them."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from app.words import MINUTE, SECONDS_MATTER_BELOW


def adding_up(parts: Sequence[float]) -> list[float]:
    """Return seconds rounded as their sum is told, to minutes where it is long: as read, they add up to it.

    Each part is what the rounded sum grows by with it, so every first few of them add up, too.
    """
    unit = MINUTE if sum(parts) >= SECONDS_MATTER_BELOW else 1.0
    ends = [0.0, *(unit * round(end / unit) for end in accumulate(parts))]
    return [end - start for start, end in pairwise(ends)]
