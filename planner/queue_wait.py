"""How long a job will wait in the queue, from how long earlier ones did."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr

from planner.errors import InvalidInputError
from planner.quantiles import DEFAULT_LEVELS, Quantiles


@dataclass(frozen=True, slots=True)
class QueueWait:
    """What earlier waits say of the next one.

    Attributes:
        quantiles: plain estimates; they are the waits at the ranks nearest to each level.
        bound_seconds: not below the wait's ``level`` quantile, with ``confidence``; ``None``: too few waits.
        level: of the bound.
        confidence: of the bound.
        count: waits behind it.
    """

    quantiles: Quantiles
    bound_seconds: float | None
    level: float
    confidence: float
    count: int


def queue_wait(
    waits: ArrayLike,
    levels: Sequence[float] = DEFAULT_LEVELS,
    level: float = 0.9,
    confidence: float = 0.95,
    recent: int = 200,
) -> QueueWait | None:
    """Bound the next wait by the user's history, ``None`` where there is none.

    Args:
        waits: seconds earlier jobs waited, oldest first, shape (n,); unusable entries are left out.
        levels: quantiles asked for.
        level: the quantile to bound.
        confidence: with which to bound it.
        recent: only so many of the newest waits count, as a queue's habits change.

    Raises:
        InvalidInputError: a level or the confidence is not between 0 and 1.
    """
    for name, value in (("level", level), ("confidence", confidence)):
        if not 0 < value < 1:
            raise InvalidInputError(f"/{name}", value, "a number between 0 and 1")
    known = np.asarray(waits, dtype=float)
    known = np.sort(known[np.isfinite(known) & (known >= 0)][-recent:])
    if not len(known):
        return None
    plain = tuple(float(q) for q in np.quantile(known, levels))
    return QueueWait(
        Quantiles(tuple(levels), plain), upper_bound(known, level, confidence), level, confidence, len(known)
    )


def upper_bound(ordered: ArrayLike, level: float, confidence: float) -> float | None:
    """Return the upper confidence bound of a quantile, ``None`` where the sample is too small for one.

    The k-th smallest of n draws lies above the ``level`` quantile with the probability that fewer than k of
    them lie below it: a binomial count. J. Brevik, D. Nurmi and R. Wolski (2006), "Predicting bounds on
    queuing delay for batch-scheduled parallel machines" (the method of QBETS).

    Args:
        ordered: the sample in increasing order, shape (n,).
        level: of the quantile.
        confidence: with which it is bounded.
    """
    sample = np.asarray(ordered, dtype=float)
    below = np.arange(len(sample))
    sure = np.flatnonzero(bdtr(below, len(sample), level) >= confidence)
    return float(sample[sure[0]]) if len(sure) else None
