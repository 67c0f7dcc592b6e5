"""What if: assumptions in the URL, applied to both options, and what comes of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.pages.evidence import middle_seconds
from app.pages.refusals import option_name
from app.pages.what_if_fields import FIELDS, Field, Value, field_values, steps_to_target
from app.schemas.compare import RelaunchFields
from planner.errors import InvalidInputError
from planner.scenario import PlanOverrides

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from app.plans import Plans
    from app.views import RunView
    from app.words import Words
    from planner.report import Comparison

STEEPNESS = 0.5
"""How a fixed run's loss is taken to fall around its target: as the steps to this power, inverted."""


@dataclass(frozen=True, slots=True)
class FieldFace:
    """A field as shown.

    Attributes:
        field: which one.
        label: its name.
        unit: shown behind the number.
        value: as typed, or the default.
        was: the default where the value differs from it.
        error: what is wrong with what was typed.
    """

    field: Field
    label: Markup
    unit: Markup
    value: str
    was: str | None
    error: Markup | None


@dataclass(frozen=True, slots=True)
class OptionResult:
    """One option's end under the assumptions, and how that differs from before."""

    name: Markup
    total: str
    difference: Markup | None
    is_sooner: bool


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The what-if of one run, ready to show."""

    title: Markup
    fields: list[FieldFace]
    results: list[OptionResult]
    sentence: Markup
    is_changed: bool
    is_valid: bool


def what_if(view: RunView, query: Mapping[str, str], plans: Plans, words: Words) -> WhatIf:
    """Return the form and the answer for what a URL assumes."""
    values = field_values(view, query)
    is_valid = all(value.is_valid for value in values.values())
    is_changed = any(value.is_changed for value in values.values())
    problem = None
    asked = view.comparison
    if is_changed and is_valid:
        try:
            asked = _ask(view, values, plans)
        except InvalidInputError as error:
            asked, problem = (
                None,
                words.say("This cannot be asked: expected {expected}.", expected=error.expected),
            )
    return WhatIf(
        title=_title(values, words),
        fields=[_face(value, view, words) for value in values.values()],
        results=_results(view, asked, words),
        sentence=problem or _sentence(view, asked, words, is_changed=is_changed),
        is_changed=is_changed,
        is_valid=is_valid,
    )


def scenario_from(view: RunView, values: Mapping[str, Value]) -> dict[str, Any]:
    """Return the relaunch of a what-if in API.md's form: what is kept as the run's scenario."""
    scenario: dict[str, Any] = dict(view.scenario)
    for phase in ("edit", "test", "queue"):
        scenario[f"{phase}_seconds"] = _rescaled(scenario.get(f"{phase}_seconds"), values[phase])
    low, high = values["steps_low"].number, values["steps_high"].number
    if low is None or high is None:
        return scenario
    target = values["target"].number
    if target is None:
        scenario["plan"] = {**scenario.get("plan", {}), "total_steps": round(high)}
        return scenario
    scenario["curve"] = {"milestones": milestones(low, high, target)}
    total = max(view.total_steps or 0, math.ceil(high))
    if view.total_steps is None or total > view.total_steps:
        scenario["plan"] = {**scenario.get("plan", {}), "total_steps": total}
    return scenario


def milestones(low: float, high: float, target: float) -> list[list[float]]:
    """Return a curve that reaches a target between two steps 8 times in 10.

    At the earlier step the 10 % quantile of the loss is the target, at the later one the 90 % quantile.
    """
    if low == high:
        return [[low, target, target]]
    ratio = (high / low) ** STEEPNESS
    return [[low, target, target * ratio], [high, target / ratio, target]]


def _ask(view: RunView, values: Mapping[str, Value], plans: Plans) -> Comparison | None:
    scenario = RelaunchFields.model_validate(scenario_from(view, values))
    every = values["validate_every"]
    is_other = every.is_changed and every.number is not None
    plan = PlanOverrides(validate_every=round(every.number) if is_other and every.number else None)
    return plans.compare(view.run.id, scenario, plan, values["target"].number)


def _rescaled(stored: object, value: Value) -> object:
    """Return a duration with another middle and its spread kept."""
    if not value.is_changed or value.number is None:
        return stored
    seconds = value.number * value.field.unit_seconds
    before = middle_seconds(stored)
    if not isinstance(stored, list | tuple) or not before:
        return [seconds, seconds]
    return [end * seconds / before for end in stored]


def _title(values: Mapping[str, Value], words: Words) -> Markup:
    changed = [value for value in values.values() if value.is_changed and value.is_valid]
    every = values["validate_every"]
    if len(changed) == 1 and every.is_changed and every.number is not None and every.default is not None:
        return words.say(
            "Validate every {n} steps, not {was}",
            n=words.whole(every.number),
            was=words.whole(every.default),
        )
    if not changed:
        return words.say("Change an assumption")
    return words.say_n("{n} assumption changed", "{n} assumptions changed", len(changed))


def _results(view: RunView, asked: Comparison | None, words: Words) -> list[OptionResult]:
    before = (
        {one.name: _median(one.finish_seconds) for one in view.comparison.outcomes} if view.comparison else {}
    )
    return [
        _result(one.name, _median(one.finish_seconds), before.get(one.name), words)
        for one in (asked.outcomes if asked else ())
        if one.name != "stop"
    ]


def _result(name: str, now: float | None, before: float | None, words: Words) -> OptionResult:
    if now is None:
        return OptionResult(option_name(name, words), words.say("not in sight"), None, is_sooner=False)
    gain = (before - now) if before is not None else 0.0
    difference = None
    if before is not None and words.duration(now) != words.duration(before):
        length = words.duration(abs(gain))
        difference = (
            words.say("{duration} sooner", duration=length)
            if gain > 0
            else words.say("{duration} later", duration=length)
        )
    return OptionResult(option_name(name, words), words.duration(now), difference, is_sooner=gain > 0)


def _sentence(view: RunView, asked: Comparison | None, words: Words, *, is_changed: bool) -> Markup:
    if asked is None:
        return words.say("Nothing to compare yet.")
    if asked.verdict.action == "wait":
        return _waiting(view, words)
    verdict, was = asked.verdict, view.comparison.verdict.action if view.comparison else None
    saving = _median(verdict.saving_seconds)
    option = option_name(verdict.scenario or verdict.action, words)
    if saving is None:
        return words.say("Then: <b>{option}</b>.", option=option)
    values = {"option": option, "duration": words.duration(abs(saving))}
    if not is_changed:
        return words.say("<b>{option}</b> is {duration} ahead.", **values)
    if verdict.action == was:
        return words.say("Still <b>{option}</b>, {duration} ahead.", **values)
    return words.say("Then <b>{option}</b>, {duration} ahead.", **values)


def _waiting(view: RunView, words: Words) -> Markup:
    if steps_to_target(view) is None and view.target_loss is not None:
        return words.say("Say how many steps the fixed run would need to reach the target.")
    return words.say("Too little is known to choose.")


def _face(value: Value, view: RunView, words: Words) -> FieldFace:
    labels = {
        "validate_every": words.say("Validate every"),
        "edit": words.say("Edit"),
        "test": words.say("Test"),
        "queue": words.say("Queue"),
        "steps_low": words.say("Steps after the fix, at least"),
        "steps_high": words.say("Steps after the fix, at most"),
        "target": words.say("Target val loss") if view.target_of == "val" else words.say("Target train loss"),
    }
    units = {"min": words.plain("min"), "steps": words.say("steps"), "": words.plain("")}
    error = (
        None if value.is_valid else words.say("a number of at least {least}", least=f"{value.field.least:g}")
    )
    was = f"{value.default:g}" if value.is_changed and value.default is not None else None
    return FieldFace(value.field, labels[value.field.name], units[value.field.unit], value.text, was, error)


def _median(quantiles: Any) -> float | None:  # noqa: ANN401 - quantiles or nothing
    return quantiles.at(0.5) if quantiles else None


__all__ = ["FIELDS", "WhatIf", "field_values", "milestones", "scenario_from", "what_if"]
