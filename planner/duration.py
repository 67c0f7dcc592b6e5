"""A number of seconds, known exactly or as a range."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from planner.curve import FloatArray
from planner.errors import InvalidInputError

LONGEST_SECONDS = 1e10
"""Three centuries: longer than any job, and far from overflowing whatever it is multiplied by."""

NORMAL_90 = float(ndtri(0.9))
"""The 90 % quantile of the standard normal, 1.2816."""


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds between the 10 % and the 90 % quantile of a lognormal; equal ends are exact.

    Where ``low`` is 0 it is a normal cut at 0: draws below 0 count as 0, so that both ends stay quantiles.
    """

    low: float
    high: float

    @property
    def is_exact(self) -> bool:
        """Whether both ends are equal."""
        return self.low == self.high

    @property
    def median(self) -> float:
        """The 50 % quantile in seconds."""
        if self.is_exact:
            return self.low
        return self.high / 2 if self.low == 0 else math.sqrt(self.low) * math.sqrt(self.high)

    def at_score(self, scores: FloatArray) -> FloatArray:
        """Return the seconds at each standard normal score, shape of ``scores``."""
        if self.is_exact:
            return np.full(np.shape(scores), float(self.low))
        if self.low == 0:
            spread = self.high / (2 * NORMAL_90)
            return np.clip(self.high / 2 + spread * scores, 0.0, None)
        log_low, log_high = math.log(self.low), math.log(self.high)
        logs = (log_low + log_high) / 2 + (log_high - log_low) / (2 * NORMAL_90) * scores
        return np.exp(np.minimum(logs, math.log(LONGEST_SECONDS) * 1.5))


def exactly(seconds: float) -> Duration:
    """Return a duration that is known."""
    return Duration(seconds, seconds)


def check_duration(pointer: str, duration: Duration | None) -> None:
    """Refuse a duration whose ends contradict each other.

    Raises:
        InvalidInputError: an end is negative, not finite or absurdly long, or ``low`` is above ``high``.
    """
    if duration is None:
        return
    ends = (duration.low, duration.high)
    if not all(0 <= end <= LONGEST_SECONDS for end in ends):
        raise InvalidInputError(pointer, _as_sent(duration), f"seconds from 0 to {LONGEST_SECONDS:g}")
    if duration.low > duration.high:
        raise InvalidInputError(pointer, _as_sent(duration), "a pair [low, high] with low at most high")


def _as_sent(duration: Duration) -> float | list[float]:
    return duration.low if duration.is_exact else [duration.low, duration.high]
