"""What is to be said of a loss beside its forecast: why there is none, that it overfits, its best so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.words import Words
    from planner.best import Best
    from planner.curve import Kind
    from planner.forecast import Forecast
    from planner.quantiles import Quantiles


def told(forecast: Forecast | None, kind: Kind, total_steps: int | None, words: Words) -> Markup | None:
    """Return why there is no forecast or that it overfits, and what can be said all the same.

    Args:
        forecast: of the curve.
        kind: of the curve; only the validation's own best is where it turned.
        total_steps: where the run ends; a loss forecast for another step is not where it ends.
        words: the reader's.
    """
    if forecast is None:
        return None
    if forecast.reason is not None:
        return _refused(forecast, refusal_of_loss(forecast.reason, words), total_steps, words)
    if "overfitting" not in forecast.warnings:
        return None
    turned = overfitting(forecast.best if kind == "val" else None, words)
    return _on_and_on(turned, _at_end(forecast, total_steps), words)


def refusal_of_loss(code: str, words: Words) -> Markup | None:
    """Return why a loss is not forecast, ``None`` where the code is not one of the planner's for losses."""
    sentences = {
        "too_few_points": words.say("Too few losses so far to forecast from."),
        "diverged": words.say("The loss has diverged: there is nothing to forecast."),
        "not_finite": words.say("The losses are not finite numbers."),
        "constant": words.say("The loss does not change."),
        "not_converging": words.say("The loss is not converging."),
    }
    return sentences.get(code)


def overfitting(best: Best | None, words: Words) -> Markup:
    """Return that a validation loss has turned up for good, and from where."""
    if best is None:
        return words.say("It overfits: validation loss has turned up.")
    return words.say(
        "It overfits: validation loss has turned up from its best, {loss} at step {step}.",
        loss=words.loss(best.loss),
        step=words.whole(best.step),
    )


def _refused(forecast: Forecast, why: Markup | None, total_steps: int | None, words: Words) -> Markup | None:
    if forecast.reason == "diverged" and forecast.best is not None:
        loss, step = words.loss(forecast.best.loss), words.whole(forecast.best.step)
        return words.say("{why} Its best was {loss} at step {step}.", why=why, loss=loss, step=step)
    ends = _at_end(forecast, total_steps)
    if forecast.reason != "too_few_points" or ends is None:
        return _on_and_on(why, ends, words)
    low, high = words.span(ends)
    values = {"why": why, "low": words.loss(low), "high": words.loss(high)}
    return words.say("{why} The training loss suggests {low} to {high} at the end.", **values)


def _at_end(forecast: Forecast, total_steps: int | None) -> Quantiles | None:
    """Return the loss forecast for the last step, ``None`` where it or its 80 % interval was not asked."""
    asked = (one.quantiles for one in forecast.at if one.step == total_steps)
    return next((found for found in asked if {0.1, 0.9} <= set(found.levels)), None)


def _on_and_on(why: Markup | None, ends: Quantiles | None, words: Words) -> Markup | None:
    """Return what is said, and where the loss ends if it goes on so."""
    if ends is None:
        return why
    low, high = words.span(ends)
    values = {"why": why, "low": words.loss(low), "high": words.loss(high)}
    return words.say("{why} Going on like this it ends between {low} and {high}.", **values)
