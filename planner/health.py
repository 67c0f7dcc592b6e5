"""Whether a curve may be forecast at all, and what is to be warned of."""

from typing import Literal

import numpy as np
from scipy.ndimage import median_filter

from planner.curve import Curve, FloatArray, Series, is_finite, newest_rows

Reason = Literal["too_few_points", "diverged", "not_finite", "constant", "not_converging"]

FEWEST_TRAIN = 8
FEWEST_VAL = 4

_ALARM_RECORDS = 3
_FEWEST_FIT = 3
_UNUSUAL = 10.0  # times the usual change between records
_CONSTANT = 1e-12  # of the loss: less is rounding
_FEWEST_TREND = 20
_SIGNIFICANT = 3.0  # standard errors
_FEWEST_RISE = 3
_RISE_TO_WOBBLE = 2.0
_RISE_TO_FALL = 0.02
"""Of the whole fall so far: a smaller rise, however sure, costs nothing worth a warning."""


def refusal(curve: Curve, series: Series) -> Reason | None:
    """Return why a curve cannot be forecast, ``None`` where it can.

    A curve diverged when its last three records are not finite, or lie far above all that came before
    its best one.
    """
    losses = np.asarray(curve.losses, dtype=float)[newest_rows(curve)]
    finite = is_finite(losses)
    if len(losses) and not finite.any():
        return "not_finite"
    if len(losses) > _ALARM_RECORDS and not finite[-_ALARM_RECORDS:].any():
        return "diverged"
    fewest = FEWEST_VAL if curve.kind == "val" else FEWEST_TRAIN
    if finite.sum() < fewest or len(series.y) < _FEWEST_FIT:
        return "not_finite" if finite.sum() < len(losses) / 2 else "too_few_points"
    return _misbehaviour(losses[finite], series, curve)


def _misbehaviour(losses: FloatArray, series: Series, curve: Curve) -> Reason | None:
    if has_exploded(losses):
        return "diverged"
    if np.ptp(series.y) <= _CONSTANT * np.abs(series.y).max():
        return "constant"
    return "not_converging" if curve.kind != "val" and _is_rising(series) else None


def has_exploded(losses: FloatArray) -> bool:
    """Say whether the last three losses lie above everything up to the best one, and the highest far above.

    Far is the whole fall from the highest to the best, and ten times the usual change between records.
    Running medians stand for what was before, so that one odd record is no measure of it.
    """
    if len(losses) <= 2 * _ALARM_RECORDS:
        return False
    before = median_filter(losses[:-_ALARM_RECORDS], size=_ALARM_RECORDS, mode="mirror")
    best = int(np.argmin(before))
    highest = float(before[: best + 1].max())
    fall = highest - float(before[best])
    usual = float(np.median(np.abs(np.diff(losses[:-_ALARM_RECORDS]))))
    reach = max(fall if fall > 0 else float(np.abs(before[best])), _UNUSUAL * usual)
    last = losses[-_ALARM_RECORDS:]
    return bool(last.min() > highest + usual and last.max() > highest + reach)


def is_overfitting(series: Series) -> bool:
    """Say whether a validation curve has turned up for good.

    The recent third of the points after its best, at least three, lies above the best on average by twice the
    usual change between points, and by more than a trifle of what it had fallen.
    """
    if len(series.y) <= _FEWEST_RISE:
        return False
    best = int(np.argmin(series.y))
    after = series.y[best + 1 :]
    if len(after) < _FEWEST_RISE or best == 0:
        return False
    wobble = float(np.median(np.abs(np.diff(series.y)))) / np.sqrt(2)
    recent = after[-max(_FEWEST_RISE, len(after) // 3) :]
    rise = float(recent.mean()) - float(series.y[best])
    fall = float(series.y[: best + 1].max() - series.y[best])
    return bool(rise > _RISE_TO_WOBBLE * wobble and rise > _RISE_TO_FALL * fall)


def _is_rising(series: Series) -> bool:
    """Say whether the losses stand clearly above where they began, with nothing lower in between."""
    n = len(series.y)
    if n < _FEWEST_TREND:
        return False
    fifths = [part.mean() for part in np.array_split(series.y, 5)]
    noise = float(np.median(np.abs(np.diff(series.y)))) / np.sqrt(n / 5)
    return bool(
        np.argmin(fifths) == 0 and fifths[-1] - fifths[0] > _SIGNIFICANT * max(noise, 1e-9 * abs(fifths[0]))
    )
