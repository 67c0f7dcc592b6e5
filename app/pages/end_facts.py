"""What may end a run before its steps do: early stopping, and a budget of time of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.views import RunView
    from app.words import Words
    from planner.early_stopping import EarlyStop

LIKELY = 0.5
SLIGHT = 0.01
"""What is less likely is not expected at all."""
REMARKABLE = 0.1
"""What is less likely is no remark beside the headline."""


def end_facts(view: RunView, words: Words) -> list[tuple[Markup, Markup]]:
    """Return what may end a run otherwise, nothing where it declares neither."""
    told = [
        (words.say("Early stopping"), _early(view, words)),
        (words.say("Own budget"), _budget(view, words)),
    ]
    return [(name, text) for name, text in told if text is not None]


def sooner(view: RunView, words: Words) -> Markup | None:
    """Return a remark beside the end by steps, where early stopping may well come first."""
    chance = view.early_stop.probability if view.early_stop else None
    if chance is None or chance < REMARKABLE:
        return None
    return words.say("early stopping ends it sooner with {chance}", chance=words.sureness(chance))


def _early(view: RunView, words: Words) -> Markup | None:
    stop = view.early_stop
    if stop is None:
        return None
    waited = words.say(
        "{waited} of {patience} validations without a gain",
        waited=words.whole(stop.waited),
        patience=words.whole(stop.patience),
    )
    return words.say("{waited}; {outlook}", waited=waited, outlook=_outlook(view, stop, words))


def _outlook(view: RunView, stop: EarlyStop, words: Words) -> Markup:
    if stop.reason == "stop_was_due":
        return words.say("its rule was met, yet the run goes on")
    if stop.earliest_step is None:
        return words.say("too few are left for it to end the run")
    earliest = words.whole(stop.earliest_step)
    if stop.probability is None:
        return words.say("it can end the run from step {step} on", step=earliest)
    if stop.probability < SLIGHT:
        return words.say("not expected to end it before its steps")
    chance = words.sureness(stop.probability)
    middle = stop.step.at(0.5) if stop.step and stop.probability > LIKELY else None
    if middle is None or stop.remaining_seconds is None:
        return words.say(
            "ends it early with <b>{chance}</b>, from step {step} on", chance=chance, step=earliest
        )
    return words.say(
        "ends it early with <b>{chance}</b>, about step {step} at {clock}",
        chance=chance,
        step=words.whole(middle),
        clock=words.clock(view.as_of + (stop.remaining_seconds.at(0.5) or 0.0)),
    )


def _budget(view: RunView, words: Words) -> Markup | None:
    chance = view.eta.ends_by_budget
    step = view.eta.step_at_end.at(0.5) if view.eta.step_at_end else None
    if chance is None or step is None:
        return None
    if chance < SLIGHT:
        return words.say("its steps are done before it is used up")
    return words.say(
        "ends it by time with <b>{chance}</b>, about step {step}",
        chance=words.sureness(chance),
        step=words.whole(step),
    )
