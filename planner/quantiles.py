"""One record for every uncertain number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

DEFAULT_LEVELS: tuple[float, ...] = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Quantiles of one uncertain number.

    Attributes:
        levels: increasing, each in (0, 1).
        values: one per level, non-decreasing; ``None`` where the draw never arrives.
    """

    levels: tuple[float, ...]
    values: tuple[float | None, ...]

    def at(self, level: float) -> float | None:
        """Return the quantile at a level that was asked for, ``None`` where it is never reached.

        Raises:
            KeyError: the level was not asked for.
        """
        if level not in self.levels:
            raise KeyError(level)
        return self.values[self.levels.index(level)]

    def to_map(self) -> Mapping[str, float | None]:
        """Return the wire form: quantile levels as string keys."""
        return {str(level): value for level, value in zip(self.levels, self.values, strict=True)}


def exact(value: float, levels: Sequence[float]) -> Quantiles:
    """Return the quantiles of a number that is known exactly."""
    return Quantiles(tuple(levels), (float(value),) * len(levels))


def of_draws(draws: ArrayLike, levels: Sequence[float]) -> Quantiles:
    """Return the quantiles of draws, shape (n,); inf stands for "never" and ranks last.

    A quantile that falls on a draw that never arrives is ``None``.
    """
    ordered = np.sort(np.asarray(draws, dtype=float))
    position = np.asarray(levels, dtype=float) * (len(ordered) - 1)
    low, high = np.floor(position).astype(int), np.ceil(position).astype(int)
    weight = position - low
    values = [_between(ordered[i], ordered[j], w) for i, j, w in zip(low, high, weight, strict=True)]
    return Quantiles(tuple(levels), tuple(values))


def _between(low: float, high: float, weight: float) -> float | None:
    if low == high:
        return float(low) if np.isfinite(low) else None
    if not np.isfinite(high):
        return None
    return float(low + weight * (high - low))
