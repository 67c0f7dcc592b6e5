"""The planner's messages in the reader's words: why something is not known, and why a verdict holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.forecast_words import refusal_of_loss
from planner.reasons import TEMPLATES

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.words import Words
    from planner.actions import Action
    from planner.reasons import Parameter, Reason

DEFAULT_NAMES = frozenset({"fix and relaunch", "relaunch"})
SUGGESTED = re.compile(
    r"continue, validating every (?P<steps>\d{1,18}) steps"
    r"|(?P<kept>.+), keeping the job running meanwhile|(?P<latest>.+), from the latest checkpoint"
)
"""The names the planner gives to what it suggests."""

SCENARIO_PARAMETERS = frozenset({"scenario", "other"})


def option_name(name: str, words: Words) -> Markup:
    """Return an option's name in the reader's language; a name a person gave stays as it is."""
    if name == "continue":
        return words.say("Continue")
    if name == "stop":
        return words.say("Stop")
    if name == "the best alternative":
        return words.say("the best alternative")
    if name in DEFAULT_NAMES:
        return words.say("Fix and relaunch")
    found = SUGGESTED.fullmatch(name)
    if found is not None:
        return _suggested(found, words)
    return words.plain(name[:1].upper() + name[1:])


def _suggested(found: re.Match[str], words: Words) -> Markup:
    if found["steps"] is not None:
        return words.say("Continue, validating every {steps} steps", steps=words.whole(int(found["steps"])))
    option = option_name(found["kept"] or found["latest"], words)
    if found["kept"] is not None:
        return words.say("{option}, keeping the job running meanwhile", option=option)
    return words.say("{option}, from the latest checkpoint", option=option)


def criterion_name(name: str, words: Words) -> Markup:
    """Return a criterion's name in the reader's language; one a person named stays as it is."""
    named = {
        "reproducible": words.say("Reproducibility"),
        "fair": words.say("Fair comparison"),
        "credible": words.say("Credibility"),
    }
    return named.get(name) or words.plain(name)


def refusal(code: str, words: Words) -> Markup:
    """Return why an end or a loss is not known; a code without words of its own is shown as it is."""
    sentences = {
        "no_steps": words.say("The end is known once a step was reported."),
        "finished": words.say("The run has ended."),
        "no_total_steps": words.say("The run did not say how many steps it will take (total_steps)."),
        "not_computed_yet": words.say("Being computed."),
    }
    told = sentences.get(code) or refusal_of_loss(code, words)
    return told or words.say("Not known: {code}.", code=code.replace("_", " "))


def reason_text(reason: Reason | Action, words: Words) -> Markup:
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
    if name == "criterion":
        return criterion_name(str(value), words)
    if isinstance(value, str):
        return value
    if name.endswith("_seconds"):
        return words.duration(value)
    if name.endswith("_share"):
        return words.sureness(value)
    return words.whole(value) if float(value).is_integer() else words.significant(value)
