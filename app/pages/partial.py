"""What can be said of a loss that is refused a forecast: a hint, and said to be no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.pages.refusals import refusal

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.views import RunView
    from app.words import Words
    from planner.forecast import Forecast


def refused(forecast: Forecast | None, words: Words) -> Markup | None:
    """Return why there is no forecast, and what can be said all the same."""
    if forecast is None or forecast.reason is None:
        return None
    why = refusal(forecast.reason, words)
    if not forecast.at:
        return why
    low, high = words.span(forecast.at[0].quantiles)
    values = {"why": why, "low": words.loss(low), "high": words.loss(high)}
    if forecast.reason == "too_few_points":
        return words.say("{why} The training loss suggests {low} to {high} at the end.", **values)
    return words.say("{why} Going on like this it ends between {low} and {high}.", **values)


def hint_of_other(view: RunView, words: Words) -> list[tuple[Markup, Markup]]:
    """Return what can be said of the curve whose forecast the page does not show, where that was refused."""
    of_val = view.band_of == "train"
    other = view.forecast_val if of_val else view.forecast_train
    told = refused(other, words) if other is not None and other.at else None
    if told is None:
        return []
    return [(words.say("Val loss at the end") if of_val else words.say("Train loss at the end"), told)]
