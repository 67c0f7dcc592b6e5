"""A learning rate against the steps: as planned, as seen, and carried on where its shape is plain."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.curve import FloatArray

_FALLEN = 0.98
_WELL_BELOW = 0.7
_LIKENESS = 0.01
_FEWEST_SEEN = 4
_KNOTS_AHEAD = 64
_FLOORS = (0.0, 0.1)


@dataclass(frozen=True, slots=True)
class KnownRate:
    """A learning rate, piecewise linear in the clock, constant outside.

    Attributes:
        x: knots, increasing, shape (n,).
        lr: learning rate there relative to its largest value, shape (n,).
        area: area under it up to each knot, shape (n,).
    """

    x: FloatArray
    lr: FloatArray
    area: FloatArray

    def at(self, x: FloatArray) -> FloatArray:
        """Return the relative learning rate, shape of ``x``."""
        # between a large rate and one near 0, rounding may go below 0
        return np.maximum(np.interp(x, self.x, self.lr), 0.0)

    def has_kept_up_to(self, x: float) -> bool:
        """Say whether at x the rate is still near its largest value so far."""
        now = float(self.at(np.array([x]))[0])
        return bool(now >= _FALLEN * self.lr[self.x <= x].max(initial=now))

    def falls_by(self, x: float) -> bool:
        """Say whether the rate ends well below its largest value by x."""
        return bool(self.at(np.array([x]))[0] < _WELL_BELOW * self.lr.max())

    def area_to(self, x: FloatArray) -> FloatArray:
        """Return the area under the rate from 0 to x: S1 of the LR-annealing law (arXiv 2408.11029)."""
        inside = np.clip(x, self.x[0], self.x[-1])
        left = np.clip(np.searchsorted(self.x, inside, side="right") - 1, 0, len(self.x) - 1)
        part = (inside - self.x[left]) * (self.lr[left] + self.at(inside)) / 2
        before = np.minimum(x, self.x[0]) * self.lr[0]
        after = np.maximum(x - self.x[-1], 0.0) * self.lr[-1]
        return np.asarray(before + self.area[left] + part + after)


def known_rate(x: FloatArray, lr: FloatArray) -> KnownRate | None:
    """Return the rate through the given knots in any order, ``None`` where they say nothing."""
    usable = np.isfinite(x) & np.isfinite(lr) & (lr >= 0) & (x >= 0)
    x, last = np.unique(x[usable][::-1], return_index=True)
    lr = lr[usable][::-1][last]
    if len(x) < 2 or lr.max() <= 0:  # noqa: PLR2004 - a line takes two points
        return None
    lr = lr / lr.max()
    pieces = np.diff(x) * (lr[1:] + lr[:-1]) / 2
    return KnownRate(x, lr, np.concatenate([[0.0], np.cumsum(pieces)]))


def known_rate_of_plan(
    planned: Sequence[tuple[float, float]],
    offset: float,
    seen: tuple[FloatArray, FloatArray] | None,
    end: float,
) -> KnownRate | None:
    """Return the planned rate, replaced up to ``end`` by what was seen of it."""
    x, lr = np.array(planned, dtype=float).T
    x = x + offset
    if seen is not None:
        x, lr = np.append(seen[0], x[x > end]), np.append(seen[1], lr[x > end])
    return known_rate(x, lr)


def carried_on(x: FloatArray, lr: FloatArray, total: float) -> KnownRate | None:
    """Return the rate seen, carried on to the last step; ``None`` where its fall has no plain shape.

    The shapes are a cosine or a line from the peak to 0 or a tenth of it: what trainers offer.
    """
    usable = np.isfinite(lr)
    x, lr = x[usable], lr[usable]
    if len(x) < _FEWEST_SEEN or lr.max() <= 0 or lr[-1] >= _FALLEN * lr.max():
        return None
    peak = len(lr) - 1 - int(np.argmax(lr[::-1]))
    falling, relative = x[peak:], lr[peak:] / lr[peak]
    if len(falling) < _FEWEST_SEEN or total <= falling[-1]:
        return None
    ahead = np.linspace(falling[-1], total, _KNOTS_AHEAD)[1:]
    for floor in _FLOORS:
        for is_cosine in (True, False):
            expected = _fall((falling - falling[0]) / (total - falling[0]), floor, is_cosine=is_cosine)
            if np.abs(expected - relative).max() < _LIKENESS:
                to_come = _fall((ahead - falling[0]) / (total - falling[0]), floor, is_cosine=is_cosine)
                return known_rate(np.append(x, ahead), np.append(lr, to_come * lr[peak]))
    return None


def _fall(progress: FloatArray, floor: float, *, is_cosine: bool) -> FloatArray:
    shape = 0.5 * (1 + np.cos(np.pi * progress)) if is_cosine else 1 - progress
    return np.asarray(floor + (1 - floor) * shape)
