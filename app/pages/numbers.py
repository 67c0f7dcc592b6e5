"""The key numbers: each with its unit or context and one caption; unknown is "not yet"."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.forecast_words import told
from app.pages.end_facts import sooner
from app.pages.options import CONTINUE
from app.pages.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from app.forecasts import Kind
    from app.views import RunView
    from app.words import Words
    from planner.forecast import Forecast

ENDED = frozenset({"finished", "failed", "stopped"})


@dataclass(frozen=True, slots=True)
class Number:
    """One key number."""

    name: Markup
    value: Markup
    context: Markup | None
    caption: Markup | None


def numbers(view: RunView, words: Words) -> list[Number]:
    """Return the key numbers of a run, in the order they are read."""
    makers: list[Callable[[RunView, Words], Number]] = [
        _end,
        _train_loss,
        _final_loss,
        _next_validation,
        _limit,
    ]
    return [make(view, words) for make in makers]


def target_chance(view: RunView) -> float | None:
    """Return the probability that the run reaches its target by its end, where it was forecast.

    The comparison's goes first: it is the one the verdict rests on, and a page says one number for one thing.
    """
    outcomes = view.comparison.outcomes if view.comparison else ()
    told = next((one.probability_of_target for one in outcomes if one.name == CONTINUE), None)
    if told is not None:
        return told
    forecast = view.forecast_val if view.target_of == "val" else view.forecast_train
    targets = forecast.targets if forecast and forecast.status == "ok" else ()
    return targets[0].probability if targets else None


def _end(view: RunView, words: Words) -> Number:
    if view.state_word in ENDED:
        ended = (view.job.ended if view.job else None) or view.run.last_record_at
        took = view.elapsed_seconds
        context = words.say("after {duration}", duration=words.duration(took)) if took is not None else None
        return Number(words.say("Ended"), words.plain(words.clock(ended)), context, None)
    name = words.say("Ends if it continues")
    left = view.eta.remaining_seconds
    middle = left.at(0.5) if left else None
    if left is None or middle is None:
        why = refusal(view.eta.reason, words) if view.eta.reason else None
        return Number(name, words.say("not yet known"), None, why)
    low, high = words.span(left)
    bounds = [words.clock(view.as_of + (middle if end is None else end)) for end in (low, high)]
    total = middle + (view.elapsed_seconds or 0.0)
    caption = words.say(
        "{low} to {high}, total {total}", low=bounds[0], high=bounds[1], total=words.duration(total)
    )
    remark = sooner(view, words)
    if remark is not None:
        caption = words.say("{caption}; {remark}", caption=caption, remark=remark)
    context = words.say("in {duration}", duration=words.duration(middle))
    return Number(name, words.plain(words.clock(view.as_of + middle)), context, caption)


def _train_loss(view: RunView, words: Words) -> Number:
    name = words.say("Train loss")
    if view.state_word == "diverged":
        last = view.loss_now
        was = None if last is None else words.say("was {loss}", loss=words.significant(last))
        return Number(name, words.plain(words.not_finite(math.nan)), was, step_text(view, words))
    if view.loss_now is None:
        return Number(name, words.say("not yet"), None, words.say("no loss was reported"))
    first = view.first_loss
    context = words.say("from {loss}", loss=words.significant(first)) if first is not None else None
    if view.state_word in ENDED:
        context = _target(view, "train", words) or context
    return Number(name, words.plain(words.significant(view.loss_now)), context, step_text(view, words))


def _final_loss(view: RunView, words: Words) -> Number:
    of_val = view.band_of == "val"
    name = words.say("Val loss at the end") if of_val else words.say("Train loss at the end")
    forecast = view.forecast_val if of_val else view.forecast_train
    target = _target(view, view.band_of, words)
    if view.state_word in ENDED:
        return _reached(view, words)
    if view.state_word == "diverged":
        return Number(name, words.say("none to come"), target, _diverged(view, words))
    if forecast is None or forecast.status == "refused" or not forecast.at:
        return Number(
            name, words.say("not yet"), target, told(forecast, view.band_of, view.total_steps, words)
        )
    value = forecast.at[0].quantiles.at(0.5)
    return Number(name, words.plain(words.loss(value)), target, _band_caption(view, forecast, words))


def _target(view: RunView, of: Kind, words: Words) -> Markup | None:
    """Return the target of a curve, ``None`` where it is another curve's, or there is none."""
    if view.target_loss is None or view.target_of != of:
        return None
    return words.say("target {loss}", loss=words.typed(view.target_loss))


def _diverged(view: RunView, words: Words) -> Markup | None:
    """Return that the loss has diverged, and its best where the training loss tells."""
    train = view.forecast_train
    is_told = train is not None and train.reason == "diverged"
    return told(train, "train", view.total_steps, words) if is_told else refusal("diverged", words)


def _reached(view: RunView, words: Words) -> Number:
    loss = view.last_val.loss if view.last_val else None
    target = _target(view, "val", words)
    caption = words.say("at step {step}", step=words.whole(view.last_val.step)) if view.last_val else None
    return Number(words.say("Val loss reached"), words.plain(words.loss(loss)), target, caption)


def _band_caption(view: RunView, forecast: Forecast, words: Words) -> Markup:
    low, high = words.span(forecast.at[0].quantiles)
    chance = target_chance(view) if view.target_of == view.band_of else None
    values = {"low": words.loss(low), "high": words.loss(high)}
    if chance is None:
        caption = words.say("{low} to {high}, 8 times in 10", **values)
    else:
        percent = words.sureness(chance)
        caption = words.say("{low} to {high}, target {chance} likely", chance=percent, **values)
    if view.band_of != "val" or "overfitting" not in forecast.warnings or forecast.best is None:
        return caption
    best = {"loss": words.loss(forecast.best.loss), "step": words.whole(forecast.best.step)}
    return words.say("{caption}; best so far {loss} at step {step}", caption=caption, **best)


def _next_validation(view: RunView, words: Words) -> Number:
    name = words.say("Next validation")
    pace, step = view.pace.step, view.next_validation_step
    each = words.duration(view.pace.validation.mean_seconds) if view.pace.validation else None
    left = view.eta.validations_left
    caption = (
        words.say("{duration} each, {n} left", duration=each, n=words.whole(left))
        if each is not None and left is not None
        else None
    )
    if view.state_word in ENDED:
        took = None if each is None else words.say("{duration} each", duration=each)
        return Number(words.say("Validations"), words.plain(words.whole(len(view.validations))), None, took)
    if step is None or view.at_step is None:
        return Number(name, words.say("none left") if left == 0 else words.say("not known"), None, None)
    if pace is None:
        return Number(name, words.say("after step {step}", step=words.whole(step)), None, caption)
    seconds = max(0, step - view.at_step) * pace.mean_seconds
    context = words.say("in {duration}", duration=words.duration(seconds))
    return Number(name, words.plain(words.clock(view.as_of + seconds)), context, caption)


def _limit(view: RunView, words: Words) -> Number:
    limit, elapsed = view.time_limit_seconds, view.elapsed_seconds
    if limit is None or elapsed is None:
        name = words.say("Ends before its limit")
        return Number(
            name, words.say("no limit"), None, words.say("the job has no time limit, or none is known")
        )
    name = words.say("Ends before its {limit} limit", limit=words.duration(limit))
    chance = view.eta.finishes_within_limit
    until = words.say("limit {clock}", clock=words.clock(view.as_of + limit - elapsed))
    if view.state_word in ENDED:
        spare = words.plain(words.duration(max(limit - elapsed, 0.0)))
        return Number(words.say("Left of its {limit} limit", limit=words.duration(limit)), spare, None, until)
    if chance is None:
        return Number(name, words.say("not yet known"), None, until)
    middle = view.eta.remaining_seconds.at(0.5) if view.eta.remaining_seconds else None
    caption = until if middle is None else _spare(limit - elapsed - middle, words)
    return Number(name, words.plain(words.sureness(chance)), None, caption)


def _spare(seconds: float, words: Words) -> Markup:
    if seconds >= 0:
        return words.say("{duration} to spare", duration=words.duration(seconds))
    return words.say("{duration} too late", duration=words.duration(-seconds))


def step_text(view: RunView, words: Words) -> Markup:
    """Return how far a run has come: "step 43 of 311"."""
    if view.at_step is None:
        return words.say("no step yet")
    if view.total_steps is None:
        return words.say("step {step}", step=words.whole(view.at_step))
    return words.say(
        "step {step} of {total}", step=words.whole(view.at_step), total=words.whole(view.total_steps)
    )
