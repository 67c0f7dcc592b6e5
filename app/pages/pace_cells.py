"""Pace by phase: the number first, then what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.pages.clock_of_step import ClockOfStep

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.views import RunView
    from app.words import Words
    from planner.pace import Pace, PhasePace, Regime

SPARK_POINTS = 80
STEADY_WITHIN = 0.05
SLOW_FIRST = 1.25
"""First steps so many times slower than usual ones are worth a word."""


@dataclass(frozen=True, slots=True)
class PaceCell:
    """One phase's pace.

    Attributes:
        spark: points of a polyline in a box of 100 by 28, empty where there is none.
        done: how many of the run's events are done.
        of: how many there are in all; 0 where that is not known.
    """

    name: Markup
    value: Markup
    caption: Markup | None
    style: str
    spark: str = ""
    done: int = 0
    of: int = 0


def pace_title(view: RunView, words: Words) -> Markup:
    """Return the finding: steady, slower or faster."""
    step, regime = view.pace.step, view.pace.regime
    if step is None:
        return words.say("No step was timed yet")
    takes = words.duration(step.mean_seconds)
    if step.count == 1:
        return words.say("The first step took {duration}", duration=takes)
    if regime is None or abs(regime.ratio - 1) < STEADY_WITHIN:
        return words.say("Steady: a step takes {duration}", duration=takes)
    return _change(view, regime, takes, words)


def _change(view: RunView, regime: Regime, takes: str, words: Words) -> Markup:
    values = {
        "duration": takes,
        "percent": words.percent(abs(regime.ratio - 1)),
        "step": words.whole(regime.since_step),
        "clock": words.clock(ClockOfStep.of(view).at([float(regime.since_step)])[0]),
    }
    if regime.is_gradual and regime.ratio > 1:
        return words.say("Ever slower since {clock} (step {step}), by {percent} so far", **values)
    if regime.is_gradual:
        return words.say("Ever faster since {clock} (step {step}), by {percent} so far", **values)
    if regime.ratio > 1:
        return words.say("{percent} slower since {clock} (step {step}): a step takes {duration}", **values)
    return words.say("{percent} faster since {clock} (step {step}): a step takes {duration}", **values)


def pace_cells(view: RunView, words: Words) -> list[PaceCell]:
    """Return the pace of steps, validations, checkpoints and the start-up."""
    pace, eta, plan = view.pace, view.eta, view.run.plan
    validated, saved = len(view.validations), len(view.checkpoints)
    every, save_every = plan.get("validate_every"), plan.get("checkpoint_every")
    validation, checkpoint = words.say("Validation"), words.say("Checkpoint")
    return [
        _step(view, words),
        _events(validation, "p-val", pace.validation, validated, eta.validations_left, every, words),
        _events(checkpoint, "p-ckpt", pace.checkpoint, saved, eta.checkpoints_left, save_every, words),
        _startup(view, words),
    ]


def _step(view: RunView, words: Words) -> PaceCell:
    pace = view.pace.step
    caption = _spread(view.pace, pace, words) if pace else None
    return PaceCell(words.say("Step"), _value(pace, words), caption, "p-train", spark=_spark(view))


def _spread(pace: Pace, step: PhasePace, words: Words) -> Markup:
    if step.count == 1:
        return words.say("one step so far")
    low, high = words.duration(step.quick_seconds), words.duration(step.slow_seconds)
    single = words.say("single steps {low} to {high}", low=low, high=high)
    first, stalls = pace.first_steps, pace.stalls
    if stalls is not None:
        return words.say(
            "{single}; a stall of {duration} every {n} steps",
            single=single,
            duration=words.duration(stalls.seconds),
            n=words.whole(stalls.steps_between),
        )
    if first is not None and first.mean_seconds > SLOW_FIRST * step.median_seconds:
        return words.say(
            "{single}; at first {duration}", single=single, duration=words.duration(first.mean_seconds)
        )
    return single


def _events(  # noqa: PLR0913, PLR0917 - one phase, as it was and as it is planned
    name: Markup, style: str, pace: PhasePace | None, done: int, left: int | None, every: object, words: Words
) -> PaceCell:
    caption = _done_and_left(done, left, every, words)
    return PaceCell(
        name, _value(pace, words), caption, style, done=done, of=0 if left is None else done + left
    )


def _startup(view: RunView, words: Words) -> PaceCell:
    name, seconds = words.say("Start-up"), view.startup_seconds
    if seconds is None:
        return PaceCell(name, words.say("not yet"), words.say("not reported"), "p-start")
    caption = words.say_n("{n} start of this run", "{n} starts of this run", len(view.attempts))
    return PaceCell(name, words.plain(words.duration(seconds)), caption, "p-start", done=1, of=1)


def _value(pace: PhasePace | None, words: Words) -> Markup:
    if pace is None:
        return words.say("not yet")
    return words.plain(words.duration(pace.mean_seconds))


def _done_and_left(done: int, left: int | None, every: object, words: Words) -> Markup:
    values = {"done": words.whole(done), "left": words.whole(left) if left is not None else ""}
    if left is None:
        return words.say("{done} done", **values)
    if isinstance(every, int):
        return words.say("{done} done, {left} left, every {every} steps", every=words.whole(every), **values)
    return words.say("{done} done, {left} left", **values)


def _spark(view: RunView) -> str:
    """Return the seconds of a step over the run, thinned to what can be seen."""
    known = np.flatnonzero(view.blocks.seconds_count > 0)
    if len(known) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    kept = known[np.unique(np.linspace(0, len(known) - 1, min(SPARK_POINTS, len(known))).astype(int))]
    seconds, step = view.blocks.seconds_mean[kept], view.blocks.last_step[kept].astype(float)
    top = float(np.quantile(seconds, 0.98)) * 1.15 or 1.0
    x = 100 * (step - step[0]) / max(step[-1] - step[0], 1.0)
    y = 28 - 26 * np.clip(seconds / top, 0, 1)
    return " ".join(f"{a:.2f},{b:.1f}" for a, b in zip(x, y, strict=True))
