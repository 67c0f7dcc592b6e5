"""What can be said of the loss a page does not show, where it is refused a forecast: a hint, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.forecast_words import told

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.views import RunView
    from app.words import Words


def hint_of_other(view: RunView, words: Words) -> list[tuple[Markup, Markup]]:
    """Return what can be said of the curve whose forecast the page does not show, where that was refused."""
    of_val = view.band_of == "train"
    other = view.forecast_val if of_val else view.forecast_train
    is_partial = other is not None and other.reason is not None and bool(other.at)
    hint = told(other, "val" if of_val else "train", view.total_steps, words) if is_partial else None
    if hint is None:
        return []
    return [(words.say("Val loss at the end") if of_val else words.say("Train loss at the end"), hint)]
