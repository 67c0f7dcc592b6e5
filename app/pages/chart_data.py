"""What the loss chart shows of a run: columns by source name and the ends of its axes, as JSON.

Every point has its step and its clock time, so that the page switches the axis without asking again; where a
mark's place follows from the axis, as at its foot, the page puts it there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from app.pages.badges import badge_face
from app.pages.clock_of_step import ClockOfStep
from app.pages.options import goal_text
from app.pages.rows import ENDED
from app.pages.verdict_history import BADGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.hindsight import Advised
    from app.store.facts import FloatArray, StepBlocks
    from app.views import RunView
    from app.words import Words
    from planner.forecast import LossAt

MOST_POINTS = 400
MARGIN = 1.12
BEYOND = 1.02
"""How far the axis goes on, so that the mark of the end is whole."""

WIDEST_BAND = 2.0
GROWING, LEAST_HALF = 0.1, 2.0
"""Half a smoothing window: a share of the records before it, and so many of them at least."""

NEAR_A_SIDE, HALF_A_LABEL = 0.2, 66
"""Share of the axis, and pixels."""

MOST_DUE = 60
MOST_MILESTONES = 8
"""A band with more points than this is a curve, not a few milestones."""
Columns = dict[str, list[Any]]


def chart_data(view: RunView, words: Words, advised: Sequence[Advised] = ()) -> dict[str, Any]:
    """Return everything the chart shows of a run; its size does not grow with the run.

    Args:
        view: the run.
        words: the reader's.
        advised: what was advised while it went on.
    """
    clock = ClockOfStep.of(view)
    last_step = _last_step(view)
    sources = {
        **curves(view.blocks, view.loss_now, words),
        **_ahead(view, words),
        **_marks(view, words),
        **_verdicts(advised, clock, view.at_step or 0, words),
        **_labels(view, words),
    }
    for columns in sources.values():
        columns["wall"] = [round(at, 1) for at in clock.at(columns["step"])]
    target = sources["target"]
    target["step1"] = [last_step] * len(target["step"])
    target["wall1"] = clock.at(target["step1"])
    first_at, last_at = clock.at([0, last_step])
    return {
        "sources": sources,
        "x": {"step": _ends(0.0, last_step), "wall": _ends(first_at, last_at)},
        "y": {"log": _log_ends(view), "linear": _linear_ends(view)},
    }


def detail(view: RunView, blocks: StepBlocks, words: Words) -> dict[str, Any]:
    """Return the losses of a stretch of a run in the resolution its blocks have."""
    clock, sources = ClockOfStep.of(view), curves(blocks, view.loss_now, words)
    for columns in sources.values():
        columns["wall"] = [round(at, 1) for at in clock.at(columns["step"])]
    return {"sources": {name: sources[name] for name in ("raw", "spread", "lost")}}


def _ends(start: float, end: float) -> list[float]:
    return [start, start + BEYOND * (end - start)]


def _firm_losses(view: RunView) -> FloatArray:
    """Return every finite loss the chart must show: those seen, the target, the middle of each forecast."""
    middles = [point.quantiles.at(0.5) for point in (*view.band, *view.relaunch_band)]
    single = [*middles, *(one.loss for one in view.validations), view.target_loss]
    known = np.array([value for value in single if value is not None], dtype=float)
    every = np.concatenate([view.blocks.loss_mean, known])
    return np.asarray(every[np.isfinite(every)])


def _bounds(view: RunView) -> FloatArray:
    return np.concatenate([_firm_losses(view), _quantile(view.band, 0.1), _quantile(view.band, 0.9)])


def _log_ends(view: RunView) -> list[float] | None:
    """Return the ends of a logarithmic loss axis, ``None`` where a loss is not positive."""
    losses = _firm_losses(view)
    if losses.size == 0:
        return [0.1, 10.0]
    if losses.min() <= 0:
        return None
    low, high = float(np.nanmin(_bounds(view))), float(np.nanmax(_bounds(view)))
    # A band that reaches down to nothing must not squeeze what was seen.
    low, high = max(low, float(losses.min()) / WIDEST_BAND), min(high, float(losses.max()) * WIDEST_BAND)
    span = (high / low) ** 0.06 if high > low else MARGIN
    return [low / (span * MARGIN), high * span]


def _linear_ends(view: RunView) -> list[float]:
    losses = _firm_losses(view)
    if losses.size == 0:
        return [0.0, 10.0]
    low, high = float(np.nanmin(_bounds(view))), float(np.nanmax(_bounds(view)))
    room = 0.06 * (high - low) or 1.0
    return [low - room, high + room]


def curves(blocks: StepBlocks, loss_now: float | None, words: Words) -> dict[str, Columns]:
    """Return the losses reported, their smoothed course, and where they left the finite."""
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
        "lost": _columns(blocks.last_step[lost], y=np.full(len(lost), loss_now or 1.0)),
    }


def _ahead(view: RunView, words: Words) -> dict[str, Columns]:
    steps = np.array([point.step for point in view.band])
    middle = _quantile(view.band, 0.5)
    fixed = np.array([point.step for point in view.relaunch_band])
    fixed_middle = _quantile(view.relaunch_band, 0.5)
    return {
        "band": _columns(steps, low=_quantile(view.band, 0.1), high=_quantile(view.band, 0.9)),
        "forecast": {**_columns(steps, y=middle), "tip": _tips(steps, middle, words)},
        "end": _columns(steps[-1:], y=middle[-1:]),
        "fix": _columns(fixed, y=fixed_middle),
        "fix_end": _columns(fixed[-1:], y=fixed_middle[-1:]),
        "milestones": _milestones(view, words),
    }


def _milestones(view: RunView, words: Words) -> Columns:
    """Return between which losses the fixed run is expected at its milestones, where those are known."""
    points = view.relaunch_band if len(view.relaunch_band) <= MOST_MILESTONES else ()
    steps = np.array([point.step for point in points])
    low, high = _quantile(points, 0.1), _quantile(points, 0.9)
    tips = [
        words.say(
            "after the fix, step {step}: {low} to {high}",
            step=words.whole(point.step), low=words.significant(a), high=words.significant(b),
        )
        for point, a, b in zip(points, low.tolist(), high.tolist(), strict=True)
    ]  # fmt: skip
    return {**_columns(steps, y=low, y1=high), "tip": tips}


def _verdicts(
    advised: Sequence[Advised], clock: ClockOfStep, at_step: int, words: Words
) -> dict[str, Columns]:
    """Return where in the run what was advised, a source for each kind of advice; none is from ahead."""
    found: dict[str, Columns] = {
        f"advised_{badge}": {"step": [], "tip": []} for badge in set(BADGES.values())
    }
    for one in advised:
        badge = BADGES.get(one.action, "wait")
        sure = "" if one.probability is None else f", {words.sureness(one.probability)}"
        columns = found[f"advised_{badge}"]
        columns["step"] += [min(round(step, 1), at_step) for step in clock.steps_at([one.at])]
        columns["tip"].append(f"{words.clock(one.at)}: {badge_face(badge, words).word}{sure}")
    return found


def _marks(view: RunView, words: Words) -> dict[str, Columns]:
    validated = [one for one in view.validations if one.loss is not None and math.isfinite(one.loss)]
    steps = np.array([one.step for one in validated], dtype=float)
    losses = np.array([one.loss for one in validated], dtype=float)
    saved = [one.step for one in view.checkpoints][-MOST_DUE:]
    now = np.array([view.at_step] if view.at_step is not None else [], dtype=float)
    target = np.array([view.target_loss] if view.target_loss is not None else [], dtype=float)
    saved_tips = [words.say("checkpoint, step {step}", step=words.whole(step)) for step in saved]
    return {
        "val": {**_columns(steps, y=losses), "tip": _tips(steps, losses, words, words.say("validation"))},
        "due": _columns(_due(view)),
        "saved": {**_columns(np.array(saved, dtype=float)), "tip": saved_tips},
        "now": _columns(now),
        "target": _columns(np.zeros(len(target)), y=target),
    }


def _labels(view: RunView, words: Words) -> dict[str, Columns]:
    labels: dict[str, Columns] = {
        name: _label([], 0.0, "") for name in ("now_label", "end_label", "target_label", "fix_label")
    }
    if view.at_step is not None and view.loss_now is not None:
        loss_now = math.nan if view.state_word == "diverged" else view.loss_now
        values = {"step": words.whole(view.at_step), "loss": words.significant(loss_now)}
        text = words.say("now, step {step}: {loss}", **values)
        if view.state_word in ENDED:
            text = words.say("{loss} at step {step}", **values)
        is_late = view.at_step > 0.6 * _last_step(view)
        labels["now_label"] = _label([] if is_late else [view.at_step], None, text, dx=12, dy=14)
    goal = goal_text(view, words)
    if goal is not None and view.target_loss is not None:
        text = words.say("target {loss}", loss=words.typed(view.target_loss))
        labels["target_label"] = _label([0], view.target_loss, text, dx=6, dy=-5)
    if view.band:
        end = view.band[-1]
        loss = end.quantiles.at(0.5)
        text = words.say("{loss} at step {step}", loss=words.loss(loss), step=words.whole(end.step))
        # Below its mark: the curve comes down to it from above.
        labels["end_label"] = _label([end.step], loss, text, dx=0, dy=19)
    if view.relaunch_band:
        fixed = view.relaunch_band[-1]
        text = words.say("after the fix: step {step}", step=words.whole(fixed.step))
        inwards = _inwards(fixed.step / _last_step(view))
        labels["fix_label"] = _label([fixed.step], fixed.quantiles.at(0.5), text, dx=inwards, dy=22)
    return labels


def _inwards(share: float) -> int:
    """Return by how much a label under its mark is moved, so that no side of the chart cuts it."""
    if share < NEAR_A_SIDE:
        return HALF_A_LABEL
    return -HALF_A_LABEL if share > 1 - NEAR_A_SIDE else 0


def _label(steps: Sequence[float], y: float | None, text: str, dx: int = 0, dy: int = 0) -> Columns:
    """Return a label; without a ``y`` it stands at the top."""
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
    if first is None or total is None or view.state_word in ENDED:
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
    """Return the mean over a window around each block, its length counted in records.

    Blocks hold few records at both ends of a run and many in between: a window of so many blocks would be
    ruled by the largest in it. It grows with the records behind it, as a curve flattens that falls with a
    power of them, up to a twentieth of all.
    """
    if not len(losses):
        return losses
    edges = np.concatenate([[0.0], np.cumsum(counts)])
    sums = np.concatenate([[0.0], np.cumsum(losses * counts)])
    middle = (edges[:-1] + edges[1:]) / 2
    half = np.clip(GROWING * middle, np.minimum(LEAST_HALF, middle), edges[-1] / 40 + LEAST_HALF)
    low, high = np.maximum(middle - half, 0.0), np.minimum(middle + half, edges[-1])
    return np.asarray((np.interp(high, edges, sums) - np.interp(low, edges, sums)) / (high - low))


def _last_step(view: RunView) -> float:
    known = [view.total_steps or 0, view.at_step or 0, *(int(point.step) for point in view.relaunch_band)]
    return float(max(*known, 1))
