"""What the loss chart shows of a run: columns by source name, axis ends, ticks; as JSON.

Every point has its step and its clock time, so that the page switches the axis without asking again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from app.pages.axis import ClockAxis
from app.pages.clock_of_step import ClockOfStep
from app.pages.options import goal_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.charts import Scale
    from app.store.facts import FloatArray
    from app.views import RunView
    from app.words import Words
    from planner.forecast import LossAt

MOST_POINTS = 400
MARGIN = 1.12
BEYOND = 1.02
"""How far the axis goes on, so that the mark of the end is whole."""

WIDEST_BAND = 2.0
DUE_SHARE = 0.035
"""Height of a mark of a validation to come, as a share of the axis."""

MOST_DUE = 60
Columns = dict[str, list[Any]]


def chart_scale(view: RunView) -> Scale:
    """Return the scale of the loss axis: logarithmic unless a loss is not positive."""
    losses = _firm_losses(view)
    return "log" if losses.size == 0 or losses.min() > 0 else "linear"


def chart_data(view: RunView, words: Words) -> dict[str, Any]:
    """Return everything the chart shows of a run; its size does not grow with the run."""
    scale = chart_scale(view)
    clock = ClockOfStep.of(view)
    low, high = _loss_ends(view, scale)
    last_step = _last_step(view)
    sources = {
        **_seen(view, words),
        **_ahead(view, words, low),
        **_marks(view, words, low, high, scale),
        **_labels(view, words, low, high),
    }
    for columns in sources.values():
        columns["wall"] = [round(at, 1) for at in clock.at(columns["step"])]
    for name, end in (("target", last_step),):
        columns = sources[name]
        columns["step1"], columns["wall1"] = (
            [end] * len(columns["step"]),
            clock.at([end]) * len(columns["step"]),
        )
    first_at, last_at = clock.at([0, last_step])
    return {
        "scale": scale,
        "sources": sources,
        "x": {
            "step": _ends(0.0, last_step, _step_ticks(last_step, words)),
            "wall": _ends(first_at, last_at, _wall_ticks(first_at, last_at, words)),
        },
        "y": {"start": low, "end": high, "ticks": _loss_ticks(low, high, scale, words)},
    }


def _ends(start: float, end: float, ticks: list[tuple[float, str]]) -> dict[str, Any]:
    return {"start": start, "end": start + BEYOND * (end - start), "ticks": ticks}


def _firm_losses(view: RunView) -> FloatArray:
    """Return every finite loss the chart must show: those seen, the target, the middle of each forecast."""
    middles = [point.quantiles.at(0.5) for point in (*view.band, *view.relaunch_band)]
    single = [*middles, *(one.loss for one in view.validations), view.target_loss]
    known = np.array([value for value in single if value is not None], dtype=float)
    every = np.concatenate([view.blocks.loss_mean, known])
    return np.asarray(every[np.isfinite(every)])


def _loss_ends(view: RunView, scale: Scale) -> tuple[float, float]:
    losses = _firm_losses(view)
    if losses.size == 0:
        return 0.1, 10.0
    bounds = np.concatenate([losses, _quantile(view.band, 0.1), _quantile(view.band, 0.9)])
    low, high = float(np.nanmin(bounds)), float(np.nanmax(bounds))
    if scale == "log":
        # A band that reaches down to nothing must not squeeze what was seen.
        low, high = max(low, float(losses.min()) / WIDEST_BAND), min(high, float(losses.max()) * WIDEST_BAND)
        span = (high / low) ** 0.06 if high > low else 1.0
        return low / (span * MARGIN), high * span
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def _seen(view: RunView, words: Words) -> dict[str, Columns]:
    """Return the losses reported, their smoothed course, and where they left the finite."""
    blocks = view.blocks
    has_loss = np.flatnonzero(blocks.finite_count > 0)
    kept = _thinned(has_loss)
    steps = ((blocks.first_step + blocks.last_step) / 2)[kept]
    smoothed = _smoothed(blocks.loss_mean[has_loss], blocks.finite_count[has_loss].astype(float))
    shown = smoothed[np.searchsorted(has_loss, kept)]
    lost = _thinned(np.flatnonzero(blocks.loss_count > blocks.finite_count))
    return {
        "raw": _columns(steps, y=blocks.loss_mean[kept]),
        "spread": _columns(steps, low=blocks.loss_min[kept], high=blocks.loss_max[kept]),
        "smooth": {**_columns(steps, y=shown), "tip": _tips(steps, shown, words)},
        "lost": _columns(blocks.last_step[lost], y=np.full(len(lost), view.loss_now or 1.0)),
    }


def _ahead(view: RunView, words: Words, low: float) -> dict[str, Columns]:
    steps = np.array([point.step for point in view.band])
    middle = _quantile(view.band, 0.5)
    fixed = np.array([point.step for point in view.relaunch_band])
    fixed_middle = _quantile(view.relaunch_band, 0.5)
    return {
        "band": _columns(
            steps, low=np.maximum(_quantile(view.band, 0.1), low), high=_quantile(view.band, 0.9)
        ),
        "forecast": {**_columns(steps, y=middle), "tip": _tips(steps, middle, words)},
        "end": _columns(steps[-1:], y=middle[-1:]),
        "fix": _columns(fixed, y=fixed_middle),
        "fix_end": _columns(fixed[-1:], y=fixed_middle[-1:]),
    }


def _marks(view: RunView, words: Words, low: float, high: float, scale: Scale) -> dict[str, Columns]:
    validated = [one for one in view.validations if one.loss is not None and math.isfinite(one.loss)]
    steps = np.array([one.step for one in validated], dtype=float)
    losses = np.array([one.loss for one in validated], dtype=float)
    due = _due(view)
    foot = low * (high / low) ** DUE_SHARE if scale == "log" else low + DUE_SHARE * (high - low)
    saved = np.array([one.step for one in view.checkpoints][-MOST_DUE:], dtype=float)
    now = np.array([view.at_step] if view.at_step is not None else [], dtype=float)
    target = np.array([view.target_loss] if view.target_loss is not None else [], dtype=float)
    return {
        "val": {**_columns(steps, y=losses), "tip": _tips(steps, losses, words, words.say("validation"))},
        "due": _columns(due, y=np.full(len(due), low), y1=np.full(len(due), foot)),
        "saved": _columns(saved, y=np.full(len(saved), foot)),
        "now": _columns(now, y=np.full(len(now), low), y1=np.full(len(now), high)),
        "target": _columns(np.zeros(len(target)), y=target),
    }


def _labels(view: RunView, words: Words, low: float, high: float) -> dict[str, Columns]:
    labels: dict[str, Columns] = {
        name: _label([], 0.0, "") for name in ("now_label", "end_label", "target_label", "fix_label")
    }
    if view.at_step is not None and view.loss_now is not None:
        text = words.say(
            "now, step {step}: {loss}",
            step=words.whole(view.at_step),
            loss=words.significant(view.loss_now),
        )
        is_late = view.at_step > 0.6 * _last_step(view)
        labels["now_label"] = _label([] if is_late else [view.at_step], high, text, dx=8, dy=14)
    goal = goal_text(view, words)
    if goal is not None and view.target_loss is not None:
        text = words.say("target {loss}", loss=words.typed(view.target_loss))
        labels["target_label"] = _label([0], view.target_loss, text, dx=6, dy=-5)
    if view.band:
        end = view.band[-1]
        loss = end.quantiles.at(0.5)
        text = words.say("{loss} at step {step}", loss=words.loss(loss), step=words.whole(end.step))
        labels["end_label"] = _label([end.step], loss or low, text, dx=0, dy=-11)
    if view.relaunch_band:
        fixed = view.relaunch_band[-1]
        text = words.say("after the fix: step {step}", step=words.whole(fixed.step))
        labels["fix_label"] = _label([fixed.step], fixed.quantiles.at(0.5) or low, text, dx=0, dy=22)
    return labels


def _label(steps: Sequence[float], y: float, text: str, dx: int = 0, dy: int = 0) -> Columns:
    return {
        "step": list(steps),
        "y": [y] * len(steps),
        "text": [text] * len(steps),
        "dx": [dx] * len(steps),
        "dy": [dy] * len(steps),
    }


def _due(view: RunView) -> FloatArray:
    """Return the steps after which a validation is still due, thinned where they are many."""
    every, first, total = view.run.plan.get("validate_every"), view.next_validation_step, view.total_steps
    if first is None or total is None:
        return np.array([])
    steps = np.arange(first, total + 1, every) if isinstance(every, int) else np.array([first])
    return np.asarray(steps[:: max(1, math.ceil(len(steps) / MOST_DUE))], dtype=float)


def _columns(steps: FloatArray, **values: FloatArray) -> Columns:
    named = {"step": steps, **values}
    return {name: [_brief(value) for value in np.asarray(column).tolist()] for name, column in named.items()}


def _brief(value: float) -> float:
    return float(f"{value:.5g}") if abs(value) < 1e5 else value  # noqa: PLR2004 - steps stay whole


def _tips(steps: FloatArray, losses: FloatArray, words: Words, what: str = "") -> list[str]:
    prefix = f"{what}, " if what else ""
    return [
        prefix
        + words.say("step {step}: {loss}", step=words.whole(float(step)), loss=words.significant(float(loss)))
        for step, loss in zip(steps, losses, strict=True)
    ]


def _quantile(points: Iterable[LossAt], level: float) -> FloatArray:
    values = [point.quantiles.at(level) for point in points]
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _thinned(indexes: np.ndarray) -> np.ndarray:
    if len(indexes) <= MOST_POINTS:
        return indexes
    return np.asarray(indexes[np.unique(np.linspace(0, len(indexes) - 1, MOST_POINTS).astype(int))])


def _smoothed(losses: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the mean over a centred window of a twentieth of the points, weighted by records."""
    half = max(2, len(losses) // 40)
    sums = np.concatenate([[0.0], np.cumsum(losses * counts)])
    weights = np.concatenate([[0.0], np.cumsum(counts)])
    middle = np.arange(len(losses))
    # The window shrinks towards the ends evenly on both sides: a falling curve is not pulled up there.
    reach = np.minimum(half, np.minimum(middle, len(losses) - 1 - middle))
    first, last = middle - reach, middle + reach + 1
    return np.asarray((sums[last] - sums[first]) / (weights[last] - weights[first]))


def _last_step(view: RunView) -> float:
    known = [view.total_steps or 0, view.at_step or 0, *(int(point.step) for point in view.relaunch_band)]
    return float(max(*known, 1))


def _step_ticks(last: float, words: Words) -> list[tuple[float, str]]:
    raw = last / 7
    size = 10.0 ** math.floor(math.log10(raw)) if raw >= 1 else 1.0
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= raw or times == 10)  # noqa: PLR2004 - a whole decade
    return [(at, words.whole(at)) for at in np.arange(0, last + step / 10, step).tolist()]


def _wall_ticks(start: float, end: float, words: Words) -> list[tuple[float, str]]:
    axis = ClockAxis(start, max(end, start + 1))
    ticks = axis.ticks(words, most=8)
    return [(start + tick.x / 100 * (axis.end - axis.start), tick.label) for tick in ticks]


def _loss_ticks(low: float, high: float, scale: Scale, words: Words) -> list[tuple[float, str]]:
    if scale == "log":
        ticks = _log_ticks(low, high)
    else:
        size = 10.0 ** math.floor(math.log10((high - low) / 4))
        step = next(size * times for times in (1, 2, 5, 10) if (high - low) / (size * times) <= 8)  # noqa: PLR2004 - ticks that fit
        ticks = [float(i * step) for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return [(tick, words.significant(tick, 2).rstrip("0").rstrip(".,") or "0") for tick in ticks]


def _log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2, 5 of each decade, finer where less than a decade is shown, coarser where many are."""
    decades = math.log10(high / low)
    steps: tuple[float, ...] = (1, 2, 5) if decades > 1 else (1, 1.5, 2, 3, 4, 5, 6, 8)
    if decades > 3:  # noqa: PLR2004 - three decades
        steps = (1,)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = [times * 10.0**decade for decade in range(first, last + 1) for times in steps]
    return [tick for tick in every if low <= tick <= high]
