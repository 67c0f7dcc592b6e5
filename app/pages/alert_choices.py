"""The form of a person's choices: what it shows, and what was typed into it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from app.alerts.rules import NAMES
from app.alerts.texts import rule_text
from app.schemas.alerts import AlertSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from app.schemas.alerts import RuleName
    from app.words import Words


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """A rule with its switch, and the field of its threshold, if it has one: before, name, text, unit."""

    name: RuleName
    text: Markup
    is_on: bool
    field: str | None
    before: Markup | None
    value: str
    unit: Markup | None


@dataclass(frozen=True, slots=True)
class Choices:
    """The form, with what is wrong by the name of the field."""

    rules: list[RuleChoice]
    values: Mapping[str, str]
    quiet: bool
    alarms_pass: bool
    wrong: Mapping[str, Markup] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadChoices:
    """What a form said: the settings, or ``None`` and the form as it was filled in."""

    settings: AlertSettings | None
    shown: Choices


def first_choices(words: Words) -> AlertSettings:
    """Return what is chosen for a reader who has not chosen yet: their own language and time zone."""
    return AlertSettings(language=words.language, time_zone=str(words.timezone or ""))


def choices(settings: AlertSettings, words: Words) -> Choices:
    """Return the form that shows settings."""
    quiet = settings.quiet
    values = {
        "silence_factor": words.typed(settings.silence_factor),
        "slower_percent": words.typed(settings.slower_percent),
        "limit_probability": words.typed(100 * settings.limit_probability),
        "messages_per_hour": str(settings.messages_per_hour),
        "runs": settings.runs,
        "language": settings.language,
        "time_zone": settings.time_zone,
        "start": quiet.start if quiet else "22:00",
        "end": quiet.end if quiet else "07:00",
    }
    on = {name: getattr(settings.rules, name) for name in NAMES}
    passes = quiet.alarms_pass if quiet else True
    return Choices(_rules(on, values, words), values, quiet is not None, passes)


def read_choices(form: Mapping[str, str], words: Words) -> ReadChoices:
    """Return what a form said."""
    on = {name: f"rule_{name}" in form for name in NAMES}
    typed = {name: form.get(name, "").strip() for name in choices(AlertSettings(), words).values}
    quiet, passes = "quiet" in form, "alarms_pass" in form
    told: dict[str, Any] = {
        "rules": on,
        "silence_factor": _number(typed["silence_factor"]),
        "slower_percent": _number(typed["slower_percent"]),
        "limit_probability": _number(typed["limit_probability"]) / 100,
        "messages_per_hour": _number(typed["messages_per_hour"]),
        **{name: typed[name] for name in ("runs", "language", "time_zone")},
        "quiet": {"start": typed["start"], "end": typed["end"], "alarms_pass": passes} if quiet else None,
    }
    try:
        settings, wrong = AlertSettings.model_validate(told), {}
    except ValidationError as error:
        names = [str(one["loc"][0]) for one in error.errors(include_url=False, include_context=False)]
        settings, wrong = None, {name: _expected(name, words) for name in names}
    return ReadChoices(settings, Choices(_rules(on, typed, words), typed, quiet, passes, wrong))


def _number(text: str) -> float:
    """Return a number as people of either language type it; NaN, which no field takes, where it is none."""
    try:
        return float(text.replace(",", ".").replace("\u202f", "").replace("\u00a0", ""))
    except ValueError:
        return math.nan


def _rules(on: Mapping[Any, bool], values: Mapping[str, str], words: Words) -> list[RuleChoice]:
    thresholds = {
        "limit": ("limit_probability", words.say("chance below"), words.plain("%")),
        "silence": ("silence_factor", words.say("for"), words.say("× the usual interval")),
        "slow_steps": ("slower_percent", words.say("by"), words.plain("%")),
    }
    found = []
    for name in NAMES:
        threshold, before, unit = thresholds.get(name, (None, None, None))
        value = values[threshold] if threshold else ""
        found.append(RuleChoice(name, rule_text(name, words), on[name], threshold, before, value, unit))
    return found


def _expected(name: str, words: Words) -> Markup:
    named = {
        "silence_factor": words.say("A number from {low} to {high}.", low=2, high=words.whole(10_000)),
        "slower_percent": words.say("A number from {low} to {high}.", low=5, high=words.whole(1_000)),
        "limit_probability": words.say("A number from {low} to {high}.", low=0, high=100),
        "messages_per_hour": words.say("A number from {low} to {high}.", low=1, high=words.whole(1_000)),
        "time_zone": words.say("No such time zone; one is written like Europe/Paris."),
        "quiet": words.say("Two different times, such as 22:00 and 07:00."),
    }
    return named.get(name, words.say("This cannot be used."))
