"""What was measured of one phase: durations, in the order they were reported."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planner.errors import InvalidInputError

FloatArray = NDArray[np.float64]


def _none() -> FloatArray:
    return np.empty(0)


@dataclass(frozen=True, slots=True)
class Timings:
    """Durations of one phase, shape (n,) each, in the order reported.

    Attributes:
        step: the step each entry belongs to; steps may repeat or go back after a resume.
        seconds: seconds of ONE step (or of the event); NaN is unknown.
        counts: steps averaged in each entry, where the entries are block means; ``None``: as logged.
    """

    step: FloatArray = field(default_factory=_none)
    seconds: FloatArray = field(default_factory=_none)
    counts: FloatArray | None = None

    def __post_init__(self) -> None:
        """Refuse columns of different lengths.

        Raises:
            InvalidInputError: a column is not as long as ``step``.
        """
        for name in ("seconds", "counts"):
            column = getattr(self, name)
            if column is not None and np.shape(column) != np.shape(self.step):
                expected = f"as many entries as step has ({np.size(self.step)})"
                raise InvalidInputError(f"/{name}", np.size(column), expected)

    @property
    def seen(self) -> frozenset[int]:
        """The steps at which something was reported, whether or not its duration is known."""
        steps = np.asarray(self.step, dtype=float)
        return frozenset(np.unique(steps[np.isfinite(steps)]).astype(int).tolist())


@dataclass(frozen=True, slots=True)
class Durations:
    """Usable durations of one phase, in time order, all finite; shape (n,).

    Attributes:
        step: the step of each entry.
        seconds: seconds of one step or one event, positive.
        weights: how many steps stand behind each entry.
    """

    step: FloatArray
    seconds: FloatArray
    weights: FloatArray


def usable_steps(timings: Timings) -> Durations:
    """Return the step durations that say something: finite and positive.

    A step of 0 s is a clock that was not read, never a pace. An entry stands for its count, else for the
    steps since the entry before it (a log of every n-th step).
    """
    step, seconds, counts = _columns(timings)
    weights = counts if counts is not None else np.full(len(step), _stride(step))
    keep = np.isfinite(step) & np.isfinite(seconds) & (seconds > 0) & np.isfinite(weights) & (weights > 0)
    return Durations(step[keep], seconds[keep], weights[keep])


def usable_events(timings: Timings) -> Durations:
    """Return the event durations that say something; 0 s counts only where nothing else was seen."""
    step, seconds, _ = _columns(timings)
    known = np.isfinite(step) & np.isfinite(seconds) & (seconds >= 0)
    keep = known & (seconds > 0) if bool(np.any(seconds[known] > 0)) else known
    return Durations(step[keep], seconds[keep], np.ones(int(keep.sum())))


def _columns(timings: Timings) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    step = np.asarray(timings.step, dtype=float)
    counts = None if timings.counts is None else np.asarray(timings.counts, dtype=float)
    return step, np.asarray(timings.seconds, dtype=float), counts


def _stride(step: FloatArray) -> float:
    ahead = np.diff(step[np.isfinite(step)])
    ahead = ahead[ahead > 0]
    return float(max(np.median(ahead), 1.0)) if len(ahead) else 1.0
