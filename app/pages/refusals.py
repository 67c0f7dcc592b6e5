"""The planner's messages in the reader's words: why something is not known, and why a verdict holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.reasons import TEMPLATES

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.words import Words
    from planner.reasons import Parameter, Reason

DEFAULT_NAMES = frozenset({"fix and relaunch", "relaunch"})
SCENARIO_PARAMETERS = frozenset({"scenario", "other"})


def option_name(name: str, words: Words) -> Markup:
    """Return an option's name in the reader's language; a name a person gave stays as it is."""
    if name == "continue":
        return words.say("Continue")
    if name == "stop":
        return words.say("Stop")
    if name in DEFAULT_NAMES:
        return words.say("Fix and relaunch")
    return words.plain(name[:1].upper() + name[1:])


def refusal(code: str, words: Words) -> Markup:
    """Return why an end or a loss is not known; a code without words of its own is shown as it is."""
    sentences = {
        "no_steps": words.say("The end is known once a step was reported."),
        "finished": words.say("The run has ended."),
        "no_total_steps": words.say("The run did not say how many steps it will take (total_steps)."),
        "not_computed_yet": words.say("Being computed."),
        "too_few_points": words.say("Too few losses so far to forecast from."),
        "diverged": words.say("The loss has diverged: there is nothing to forecast."),
        "not_finite": words.say("The losses are not finite numbers."),
        "constant": words.say("The loss does not change."),
        "not_converging": words.say("The loss is not converging."),
    }
    return sentences.get(code) or words.say("Not known: {code}.", code=code.replace("_", " "))


def reason_text(reason: Reason, words: Words) -> Markup:
    """Return one of the planner's messages, its numbers written as the reader writes them."""
    template = TEMPLATES.get(reason.code)
    if template is None:
        return words.plain(reason.text)
    values = {name: _parameter(name, value, words) for name, value in reason.parameters.items()}
    told = words.say(template, **values)
    return told[:1].upper() + told[1:]


def _parameter(name: str, value: Parameter, words: Words) -> str:
    if name in SCENARIO_PARAMETERS:
        return option_name(str(value), words)
    if isinstance(value, str):
        return value
    if name.endswith("_seconds"):
        return words.duration(value)
    if name.endswith("_share"):
        return words.sureness(value)
    return words.whole(value) if float(value).is_integer() else words.significant(value)
