"""What was measured of one phase: durations, in the order they were reported."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planner.errors import InvalidInputError

FloatArray = NDArray[np.float64]

_MOST_ENTRIES = 8192
"""Longer logs are averaged down to this many entries, so that an answer's cost does not grow with the run."""

LARGEST = 1e15
"""No step is larger."""

SHORTEST_SECONDS, _LONGEST_SECONDS = 1e-9, 1e12
"""What lies outside was never measured."""

_LEAST_WEIGHT = 0.5
"""An entry that stands for less than a step stands for none."""

_LONGEST_GAP = 32.0
"""One logged entry stands for at most so many usual logging intervals."""


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
        with np.errstate(invalid="ignore"):
            known = np.abs(steps) < LARGEST
        return frozenset(np.unique(steps[known]).astype(int).tolist())


@dataclass(frozen=True, slots=True)
class Durations:
    """Usable durations of one phase, in time order, all finite; shape (n,).

    Attributes:
        step: the step of each entry.
        seconds: seconds of one step or one event.
        weights: how many steps stand behind each entry.
        unknown: entries whose duration was not usable.
    """

    step: FloatArray
    seconds: FloatArray
    weights: FloatArray
    unknown: int = 0

    def __len__(self) -> int:
        """Return the number of usable entries."""
        return len(self.seconds)

    @property
    def total(self) -> float:
        """All the seconds behind these entries."""
        return float(self.seconds @ self.weights)

    def since(self, index: int) -> "Durations":
        """Return the entries from an index on."""
        return Durations(self.step[index:], self.seconds[index:], self.weights[index:], self.unknown)

    def where(self, chosen: NDArray[np.bool_]) -> "Durations":
        """Return the chosen entries."""
        return Durations(self.step[chosen], self.seconds[chosen], self.weights[chosen], self.unknown)


def usable_steps(timings: Timings) -> Durations:
    """Return the step durations that say something: finite and positive.

    A step of 0 s is a clock that was not read, never a pace. An entry stands for its count, else for the
    steps since the entry before it (a log of every n-th step).
    """
    step, seconds, counts = _columns(timings)
    if counts is None and len(step) > _MOST_ENTRIES:
        step, seconds = _averaged(step, seconds)
    weights = counts if counts is not None else _gaps(step)
    with np.errstate(invalid="ignore"):
        known = (np.abs(step) < LARGEST) & (weights < LARGEST) & (weights > _LEAST_WEIGHT)
        keep = known & (seconds > SHORTEST_SECONDS) & (seconds < _LONGEST_SECONDS)
    return Durations(step[keep], seconds[keep], weights[keep], int(len(step) - keep.sum()))


def usable_events(timings: Timings) -> Durations:
    """Return the event durations that say something; 0 s counts only where nothing else was seen."""
    step, seconds, _ = _columns(timings)
    with np.errstate(invalid="ignore"):
        known = (np.abs(step) < LARGEST) & (seconds < _LONGEST_SECONDS) & (seconds >= 0)
        lasting = known & (seconds > SHORTEST_SECONDS)
    keep = lasting if lasting.any() else known & (seconds == 0)
    usable = int(keep.sum())
    tail = slice(-_MOST_ENTRIES, None)
    return Durations(step[keep][tail], seconds[keep][tail], np.ones(usable)[tail], int(len(step) - usable))


def _columns(timings: Timings) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    step = np.asarray(timings.step, dtype=float)
    counts = None if timings.counts is None else np.asarray(timings.counts, dtype=float)
    return step, np.asarray(timings.seconds, dtype=float), counts


def _gaps(step: FloatArray) -> FloatArray:
    """Return the steps since the entry before: 0 where it stood, a usual interval where it went back."""
    with np.errstate(invalid="ignore", over="ignore"):
        ahead = np.diff(np.where(np.abs(step) < LARGEST, step, np.nan), prepend=np.nan)
        usual = ahead[ahead > 0]
        stride = float(np.median(usual)) if len(usual) else 1.0
        return np.where(ahead >= 0, np.minimum(ahead, _LONGEST_GAP * stride), stride)


def _averaged(step: FloatArray, seconds: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return means of equal numbers of consecutive entries, NaN where nothing in a block is usable."""
    size = -(-len(step) // _MOST_ENTRIES)
    first = len(step) % size
    blocks = seconds[first:].reshape(-1, size)
    with np.errstate(invalid="ignore", over="ignore"):
        means = blocks.mean(axis=1)
        spoilt = ~((blocks.min(axis=1) > 0) & (means < _LONGEST_SECONDS))
        means[spoilt] = _usable_means(blocks[spoilt])
    return step[first:].reshape(-1, size)[:, -1], means


def _usable_means(blocks: FloatArray) -> FloatArray:
    usable = (blocks > 0) & (blocks < _LONGEST_SECONDS)
    count = usable.sum(axis=1)
    total = np.where(usable, blocks, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
