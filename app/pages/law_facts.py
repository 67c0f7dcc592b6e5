"""The parameters of the power law of a run's loss, as far as they mean something."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.views import RunView
    from app.words import Words
    from planner.quantiles import Quantiles


def law(view: RunView, words: Words) -> list[tuple[Markup, Markup]]:
    """Return the parameters of the power law of the curve that is forecast, 8 times in 10."""
    forecast = view.forecast_val if view.band_of == "val" else view.forecast_train
    if forecast is None or forecast.status == "refused" or forecast.law is None:
        return []
    found = forecast.law
    floor = _interval(found.floor, words) if _goes_below_zero(view) else _floor(found.floor, words)
    return [
        (words.say("Floor"), floor),
        (words.say("Exponent"), _interval(found.exponent, words)),
        (words.say("Amplitude"), _interval(found.amplitude, words)),
    ]


def _goes_below_zero(view: RunView) -> bool:
    """Say whether the loss has been below 0, so that its floor may be: a cross-entropy never is."""
    if view.band_of == "val":
        return any(one.loss is not None and one.loss < 0 for one in view.validations)
    return bool((view.blocks.loss_min < 0).any())


def _floor(floor: Quantiles, words: Words) -> Markup:
    """Return the floor of a loss that is never below 0: a law that goes there has not shown its floor yet."""
    low, high = words.span(floor)
    middle = floor.at(0.5)
    if low is None or high is None or middle is None or low >= 0:
        return _interval(floor, words)
    if high <= 0:
        return words.say("not in sight")
    if middle <= 0:
        return words.say("not in sight, at most {high}", high=words.loss(high))
    return words.say("<b>{middle}</b>, at most {high}", middle=words.loss(middle), high=words.loss(high))


def _interval(quantiles: Quantiles, words: Words) -> Markup:
    low, high = words.span(quantiles)
    return words.say(
        "<b>{middle}</b>, {low} to {high}",
        middle=words.loss(quantiles.at(0.5)),
        low=words.loss(low),
        high=words.loss(high),
    )
