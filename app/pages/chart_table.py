"""The loss chart in words and as a table, for who cannot see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.pages.numbers import ENDED, target_chance
from app.pages.options import goal_text
from app.targets import reached_loss

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.views import RunView
    from app.words import Words

MOST_ROWS = 12
LIKELY = 0.5


@dataclass(frozen=True, slots=True)
class ChartTable:
    """The same numbers as the chart's: losses seen, and losses forecast, at a few steps."""

    seen: list[tuple[str, str, str]]
    ahead: list[tuple[str, str, str]]


def chart_title(view: RunView, words: Words) -> Markup:
    """Return the chart's finding."""
    goal = goal_text(view, words)
    if view.state_word == "diverged":
        return words.say("The loss left the finite numbers")
    if view.loss_now is None:
        return words.say("No loss was reported yet")
    now = words.significant(view.loss_now)
    if view.state_word in ENDED:
        return words.say("Train loss {loss} at its end", loss=now)
    return _course(view, goal, now, words)


def _course(view: RunView, goal: Markup | None, now: str, words: Words) -> Markup:
    """Return how a run that goes on stands to its target."""
    chance = target_chance(view)
    loss = words.typed(view.target_loss) if view.target_loss is not None else ""
    left = view.eta.steps_left
    if _has_reached(view):
        return words.say("The target {loss} is reached", loss=loss)
    if goal is None or chance is None:
        return words.say("Train loss {loss} now", loss=now)
    if chance < LIKELY:
        return words.say(
            "Not on course for {loss}: {chance} likely", loss=loss, chance=words.sureness(chance)
        )
    if left:
        steps = words.say_n("{n} step", "{n} steps", left)
        return words.say("On course for {loss}, {steps} away", loss=loss, steps=steps)
    return words.say("On course for {loss}", loss=loss)


def _has_reached(view: RunView) -> bool:
    return reached_loss(view.target_loss, view.target_of, view.loss_now, view.validations) is not None


def chart_table(view: RunView, words: Words) -> ChartTable:
    """Return the chart's numbers at a few steps."""
    return ChartTable(_seen(view, words), _ahead(view, words))


def _seen(view: RunView, words: Words) -> list[tuple[str, str, str]]:
    known = np.flatnonzero(view.blocks.finite_count > 0)
    kept = known[_spread(len(known))]
    validated = {one.step: one.loss for one in view.validations if one.loss is not None}
    rows = [
        (int(view.blocks.last_step[i]), words.significant(float(view.blocks.loss_mean[i])), "") for i in kept
    ]
    rows += [(step, "", words.significant(loss)) for step, loss in list(validated.items())[-MOST_ROWS:]]
    return [(words.whole(step), train, val) for step, train, val in sorted(rows)]


def _ahead(view: RunView, words: Words) -> list[tuple[str, str, str]]:
    points = [view.band[i] for i in _spread(len(view.band))]
    return [
        (
            words.whole(point.step),
            words.loss(point.quantiles.at(0.5)),
            words.say(
                "{low} to {high}",
                low=words.loss(point.quantiles.at(0.1)),
                high=words.loss(point.quantiles.at(0.9)),
            ),
        )
        for point in points
    ]


def _spread(count: int) -> list[int]:
    if not count:
        return []
    return [int(i) for i in np.unique(np.linspace(0, count - 1, min(count, MOST_ROWS)).astype(int))]
