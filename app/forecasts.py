"""A run's curves, fitted, and refitted only when they have grown."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.curves import training_curve, validation_curve
from app.snapshot import Snapshot
from planner.curve import Curve
from planner.forecast import Fitted, Forecast, ForecastQuery, LossAt, fit_curve
from planner.quantiles import DEFAULT_LEVELS

GROWTH_TO_REFIT = 0.01
"""A curve that has grown by less than this says nothing new worth a fit."""
BAND_POINTS = 40
Kind = Literal["train", "val"]


@dataclass(frozen=True, slots=True)
class Source:
    """What a fit was made of, as far as it decides whether to fit anew.

    Attributes:
        at_step: completed steps.
        records: training losses behind it.
        validations: the validation losses.
        declared: total steps, learning rate schedule and earlier run.
    """

    at_step: int
    records: float
    validations: bytes
    declared: tuple[object, ...]

    def covers(self, newer: "Source") -> bool:
        """Say whether a fit of this still serves for what came since."""
        same = (self.validations, self.declared) == (newer.validations, newer.declared)
        grown = newer.records - self.records
        return same and newer.at_step >= self.at_step and 0 <= grown <= GROWTH_TO_REFIT * self.records


@dataclass(frozen=True, slots=True)
class RunFits:
    """The fits of a run's curves; ``None`` where there is no such curve yet.

    Attributes:
        source: what they were made of.
        train: of the training curve.
        val: of the validation curve.
    """

    source: Source
    train: Fitted | None
    val: Fitted | None

    def of(self, kind: Kind) -> Fitted | None:
        """Return the fit of one curve."""
        return self.train if kind == "train" else self.val


def fit_run(snapshot: Snapshot, like: Snapshot | None, previous: RunFits | None) -> RunFits:
    """Return the fits of a run, the previous ones where they still serve.

    Args:
        snapshot: the run.
        like: the earlier run it is expected to resemble.
        previous: the fits made last.
    """
    at_step = snapshot.at_step or 0
    train, val = training_curve(snapshot.blocks, at_step), validation_curve(snapshot.validations, at_step)
    plan = snapshot.run.plan
    declared = (plan.get("total_steps"), repr(plan.get("lr_schedule")), like.run.id if like else None)
    records = float(np.sum(train.counts)) if train.counts is not None else 0.0
    source = Source(at_step, records, val.steps.tobytes() + val.losses.tobytes(), declared)
    if previous is not None and previous.source.covers(source):
        return previous
    return RunFits(source, _fit(snapshot, train, val, like), _fit(snapshot, val, train, like))


def answer(
    fitted: Fitted | None,
    total_steps: int | None,
    target: float | None,
    levels: tuple[float, ...] = DEFAULT_LEVELS,
) -> Forecast | None:
    """Return the forecast of a fit: its law, the loss at the end and the reaching of the target.

    A refused one keeps what can be said all the same: what a rising curve comes to if it goes on so, or what
    the training curve lets one expect of a validation curve that has only begun.
    """
    if fitted is None:
        return None
    at = () if total_steps is None else (float(total_steps),)
    return fitted.answer(at, () if target is None else (target,), levels)


def band(fitted: Fitted | None, first: float, last: float) -> tuple[LossAt, ...]:
    """Return what a fit expects between two steps, for a chart."""
    if fitted is None or fitted.reason is not None or last <= first:
        return ()
    steps = np.unique(np.geomspace(max(first, 1.0), last, BAND_POINTS))
    return fitted.at(steps.tolist(), DEFAULT_LEVELS)


def _fit(snapshot: Snapshot, curve: Curve, companion: Curve, like: Snapshot | None) -> Fitted | None:
    if len(curve.steps) == 0:
        return None
    query = ForecastQuery(
        curve=curve,
        companion=companion if len(companion.steps) else None,
        like=_same_curve(like, curve) if like else None,
        lr_schedule=snapshot.lr_schedule,
        total_steps=snapshot.plan.total_steps,
    )
    return fit_curve(query)


def _same_curve(like: Snapshot, curve: Curve) -> Curve | None:
    last = like.at_step or 0
    other = (
        training_curve(like.blocks, last)
        if curve.kind == "train"
        else validation_curve(like.validations, last)
    )
    return other if len(other.steps) else None
