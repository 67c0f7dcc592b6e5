"""From stored records to the planner's curves, and from a fit to the curve of a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from app.store.facts import StepBlocks, Validation
from planner.curve import Curve, is_finite
from planner.forecast import Fitted
from planner.loss_path import LatentCurve, RefusedCurve
from planner.timings import Timings

LATENT_LEVELS = (0.01, 0.025, *(round(0.05 * n, 2) for n in range(1, 20)), 0.975, 0.99)
KNOTS = 48
REACH = 10.0
"""How many times a run's length its curve is followed to find where it is as low as a given loss."""

LEAST_LOSS = 1e-12
MOST_KEPT = 16
"""Curves of scenarios that are kept: a what-if asks for the same ones again and again."""


def training_curve(blocks: StepBlocks, until: int) -> Curve:
    """Return the training losses up to a step; a block stands at its middle, with the records behind it."""
    kept = (blocks.loss_count > 0) & (blocks.first_step <= until)
    steps = (blocks.first_step[kept] + blocks.last_step[kept]) / 2
    return Curve(
        steps, blocks.loss_mean[kept], "train", blocks.lr[kept], blocks.finite_count[kept].astype(float)
    )


def validation_curve(validations: Sequence[Validation], until: int) -> Curve:
    """Return the validation losses up to a step; a validation without a loss is no point."""
    kept = [(item.step, item.loss) for item in validations if item.loss is not None and item.step <= until]
    columns = np.array(kept, dtype=float).reshape(-1, 2)
    return Curve(columns[:, 0], columns[:, 1], "val")


def step_timings(blocks: StepBlocks, until: int) -> Timings:
    """Return how long steps took, as block means."""
    kept = (blocks.seconds_count > 0) & (blocks.first_step <= until)
    counts = blocks.seconds_count[kept].astype(float)
    return Timings(blocks.last_step[kept].astype(float), blocks.seconds_mean[kept], counts)


def event_timings(events: Sequence[tuple[int, float | None]]) -> Timings:
    """Return how long events took, from their (step, seconds)."""
    columns = np.array([(step, np.nan if took is None else took) for step, took in events], dtype=float)
    columns = columns.reshape(-1, 2)
    return Timings(columns[:, 0], columns[:, 1])


def lowest(curve: Curve) -> float | None:
    """Return the lowest finite loss of a curve."""
    finite = curve.losses[is_finite(curve.losses)]
    return float(finite.min()) if len(finite) else None


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where a scenario's first step lies on another run's curve; both ``None``: at the same step.

    Attributes:
        step: of that run.
        loss: of its curve.
    """

    step: float | None = None
    loss: float | None = None


def steps_ahead(fitted: Fitted, first: float, last: float, at: Alignment) -> float | None:
    """Return by how many steps a curve's count is ahead of a scenario's that begins there.

    ``None`` where the middle of the curve never comes down to the loss the scenario begins at.
    """
    if at.loss is None:
        return 0.0 if at.step is None else at.step - first
    steps = np.geomspace(1.0, REACH * max(last, 2.0), KNOTS * 4)
    middle = np.array([point.quantiles.values[0] for point in fitted.at(steps.tolist(), (0.5,))], dtype=float)
    reached = np.flatnonzero(middle <= at.loss)
    if not len(reached):
        return None
    right = int(reached[0])
    if right == 0:
        return 1.0 - first
    above, below = middle[right - 1], middle[right]
    share = (above - at.loss) / (above - below)
    return float(steps[right - 1] * (steps[right] / steps[right - 1]) ** share) - first


def latent_curve(
    fitted: Fitted, first: float, last: float, lowest_seen: float | None = None, ahead: float = 0.0
) -> LatentCurve | RefusedCurve:
    """Return what a fit expects, as the curve of a scenario between two steps of its own.

    Args:
        fitted: the fit.
        first: the scenario's first step.
        last: its last step.
        lowest_seen: the lowest loss it is known to have reached.
        ahead: by how many steps the fit's count is ahead of the scenario's.
    """
    if fitted.reason is not None:
        return RefusedCurve(fitted.reason)
    return _latent_curve(_Same(fitted), first, last, lowest_seen, ahead)


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A fit, known by being the very same: what it holds is dear to compare."""

    fitted: Fitted

    def __hash__(self) -> int:
        return id(self.fitted)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.fitted is other.fitted


@lru_cache(maxsize=MOST_KEPT)
def _latent_curve(
    same: _Same, first: float, last: float, lowest_seen: float | None, ahead: float
) -> LatentCurve:
    fitted = same.fitted
    steps = np.unique(np.geomspace(max(first, 1.0), max(last, first + 1.0, 2.0), KNOTS))
    points = fitted.at(np.maximum(steps + ahead, 1.0).tolist(), LATENT_LEVELS)
    # The planner's paths are of logarithms; a fit may leave a small chance of a loss below 0.
    losses = np.array([point.quantiles.values for point in points], dtype=float)
    rows = tuple(tuple(row) for row in np.maximum(losses, LEAST_LOSS).T.tolist())
    return LatentCurve(tuple(steps.tolist()), LATENT_LEVELS, rows, lowest_seen)
