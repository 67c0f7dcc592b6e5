"""What the events of a phase that were seen say of those ahead."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

from planner import points
from planner.eta_table import TABLE
from planner.timings import Durations, FloatArray

_SURELY = 1 - 1e-9
_SPAN_80 = float(ndtri(0.9) - ndtri(0.1))
"""Standard deviations between the 10 % and the 90 % quantile of a normal."""


@dataclass(frozen=True, slots=True)
class EventLevel:
    """What is known of one event of a phase: a typical duration and how sure that is.

    Attributes:
        seconds: median of the mean duration ahead.
        error: relative standard deviation of one event, as of one.
        count: events behind it; 0 is a prior.
        prior: relative spread of a prior, where nothing was seen.
        most_seconds: what the clock leaves room for, where it is known.
    """

    seconds: float
    error: float
    count: int
    prior: float = 0.0
    most_seconds: float = np.inf

    def within(self, most_seconds: float) -> "EventLevel":
        """Return the same with an upper bound."""
        return replace(self, most_seconds=most_seconds)

    def lasting(self, seconds: float, done: int | None = None, of: int | None = None) -> "EventLevel":
        """Return what a first one that is still in progress tells of it and of those ahead.

        Batches done tell its rate, trusted the more the more were done; else it takes longer than so far.

        Args:
            seconds: for how long it is known to have been going on.
            done: batches done by then.
            of: how many it has.
        """
        if seconds <= 0 or self.seconds <= 0 or self.prior <= 0:
            return self
        if done and of:
            trust = done / (done + TABLE.batches_to_trust)
            typical = (seconds * of / done) ** trust * self.seconds ** (1 - trust)
            return replace(self, seconds=typical, prior=max((1 - trust) * self.prior, TABLE.event_drift))
        shorter = min(float(ndtr(np.log(seconds / self.seconds) / self.prior)), _SURELY)
        low, middle, high = self.prior * ndtri(shorter + (1 - shorter) * np.array([0.1, 0.5, 0.9]))
        typical = max(self.seconds * float(np.exp(middle)), seconds)
        return replace(self, seconds=typical, prior=float(high - low) / _SPAN_80)

    def mean_seconds(self, events: float, dimension: int) -> FloatArray:
        """Draw the mean seconds of one of the events ahead, shape (DRAWS,)."""
        seen = max(self.count, 1)
        drift = TABLE.event_drift**2 * np.log1p(events / seen) if self.count else 0.0
        own = self.error**2 * ((1 / seen if self.count else 0.0) + 1 / max(events, 1.0))
        spread = np.sqrt(TABLE.event_floor**2 + own + drift + self.prior**2)
        draws = np.exp(np.clip(spread * points.normal(dimension), -5, 5))
        return np.asarray(np.minimum(self.seconds * draws, self.most_seconds))


def event_level(seen: Durations) -> EventLevel | None:
    """Return what the events seen say of those ahead, ``None`` where none was timed.

    A slow first one (caches, compilation) is left out, later ones count more.
    """
    if not len(seen):
        return None
    usual = float(np.median(seen.seconds[1:] if len(seen) > 1 else seen.seconds))
    slow_first = len(seen) > 1 and seen.seconds[0] > TABLE.slow_first * usual
    seconds = seen.seconds[1:] if slow_first else seen.seconds
    count = len(seconds)
    if usual <= 0:
        return EventLevel(0.0, 0.0, count)
    weights = np.arange(1.0, count + 1) ** TABLE.event_recency
    typical = float(weights @ np.minimum(seconds, 5 * usual) / weights.sum())
    logs = np.clip(np.log(np.maximum(seconds, 1e-3 * usual) / typical), -2, 2)
    spread = float(np.sqrt((TABLE.event_prior**2 * 2 + np.sum(logs**2)) / (2 + count)))
    return EventLevel(typical, spread, count)
