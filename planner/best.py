"""The best of a loss so far."""

from dataclasses import dataclass

import numpy as np

from planner.curve import Curve, is_finite, newest_rows


@dataclass(frozen=True, slots=True)
class Best:
    """The lowest loss reported, of a block its mean, and the step at which it came first."""

    step: float
    loss: float


def best_of(curve: Curve) -> Best | None:
    """Return the best of a curve, what a resume has taken back left out; ``None`` with no finite loss."""
    rows = newest_rows(curve)
    losses = np.asarray(curve.losses, dtype=float)[rows]
    finite = np.flatnonzero(is_finite(losses))
    if len(finite) == 0:
        return None
    lowest = finite[np.argmin(losses[finite])]
    return Best(float(curve.steps[rows[lowest]]), float(losses[lowest]))
