"""What if: assumptions in the URL, applied to both options, and what comes of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from app.pages.alternatives import Alternative, alternatives
from app.pages.evidence import middle_seconds
from app.pages.refusals import option_name
from app.pages.report_verdict import pareto_note
from app.pages.summary_table import summary_table
from app.pages.what_if_fields import FIELDS, MORE_FIELDS, Field, Value, field_values, steps_to_target
from app.pages.wishes import with_wishes
from app.schemas.compare import RelaunchFields
from planner.errors import InvalidInputError
from planner.report import compare
from planner.scenario import PlanOverrides

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from app.pages.report_blocks import Table
    from app.plans import Plans
    from app.views import RunView
    from app.words import Words
    from planner.report import Comparison
    from planner.scenario import CompareQuery

SLIDER_REACH = 4
"""A slider ends at this many times the default."""

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
        slider: least, most and step of a slider beside it; ``None``: none.
        choices: values and their words, where it is one of a few.
    """

    field: Field
    label: Markup
    unit: Markup
    value: str
    was: str | None
    error: Markup | None
    slider: tuple[float, float, float] | None = None
    choices: list[tuple[str, Markup]] | None = None


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

    summary: Table | None
    pareto: Markup | None
    alternatives: list[Alternative]
    title: Markup
    fields: list[FieldFace]
    more: list[FieldFace]
    results: list[OptionResult]
    sentence: Markup
    is_changed: bool
    is_valid: bool
    has_more_changed: bool
    query: str


def what_if(view: RunView, query: Mapping[str, str], plans: Plans, words: Words) -> WhatIf:
    """Return the form and the answer for what a URL assumes."""
    values = field_values(view, query)
    is_valid = all(value.is_valid for value in values.values())
    is_changed = any(value.is_changed for value in values.values())
    problem = None
    asked, question = view.comparison, None
    if is_valid and view.comparison is not None:
        try:
            question = question_of(view, values, plans)
            asked = compare(question) if question is not None and is_changed else asked
        except InvalidInputError as error:
            asked, problem = (
                None,
                words.say("This cannot be asked: expected {expected}.", expected=error.expected),
            )
    found = asked if question is not None else None
    return WhatIf(
        summary=None if question is None or found is None else summary_table(question, found, words),
        pareto=None if found is None else pareto_note(found.verdict, words),
        alternatives=[]
        if is_changed or question is None or found is None
        else alternatives(question, found, words),
        title=_title(values, words),
        fields=field_faces([values[field.name] for field in FIELDS], words, target_of=view.target_of),
        more=field_faces([values[field.name] for field in MORE_FIELDS], words),
        results=_results(view, asked, words),
        sentence=problem or _sentence(view, asked, words, is_changed=is_changed),
        is_changed=is_changed,
        is_valid=is_valid,
        query=urlencode({name: value.text for name, value in values.items() if value.is_changed}),
        has_more_changed=any(values[field.name].is_changed for field in MORE_FIELDS),
    )


def scenario_from(view: RunView, values: Mapping[str, Value]) -> dict[str, Any]:
    """Return the relaunch of a what-if in API.md's form: what is kept as the run's scenario."""
    scenario: dict[str, Any] = dict(view.scenario)
    for phase in ("edit", "test", "queue"):
        scenario[f"{phase}_seconds"] = _rescaled(scenario.get(f"{phase}_seconds"), values[phase])
    if values["cancel"].is_changed:
        scenario["cancel"] = "at_relaunch" if values["cancel"].number else "now"
    if values["resume"].is_changed:
        scenario["resume_step"] = "latest" if values["resume"].number else 0
    if not any(values[name].is_changed for name in ("steps_low", "steps_high", "target")):
        return scenario  # its own curve, whatever form it has
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


def _also(question: CompareQuery | None, asked: Comparison, words: Words) -> list[Alternative]:
    return [] if question is None else alternatives(question, asked, words)


def question_of(view: RunView, values: Mapping[str, Value], plans: Plans) -> CompareQuery | None:
    """Return the question of a what-if, ``None`` where the run has gone.

    Raises:
        InvalidInputError: what is assumed contradicts itself.
    """
    scenario = RelaunchFields.model_validate(scenario_from(view, values))
    every = values["validate_every"]
    is_other = every.is_changed and every.number is not None
    plan = PlanOverrides(validate_every=round(every.number) if is_other and every.number else None)
    query = plans.question(view.run.id, scenario, plan, values["target"].number)
    return None if query is None else with_wishes(query, values)


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


def field_faces(values: Sequence[Value], words: Words, target_of: str = "val") -> list[FieldFace]:
    """Return fields ready to show."""
    labels = {**_time_labels(target_of, words), **_other_labels(words)}
    return [_face(value, labels[value.field.name], words) for value in values]


def _face(value: Value, label: Markup, words: Words) -> FieldFace:
    units = {
        "min": words.plain("min"),
        "steps": words.say("steps"),
        "watt": words.plain("W"),
        "grams": words.plain("g"),
        "%": words.plain("%"),
    }
    field = value.field
    error = None if value.is_valid else words.say("a number of at least {least}", least=f"{field.least:g}")
    was = f"{value.default:g}" if value.is_changed and value.default is not None else None
    unit = units.get(field.unit) or words.plain("")
    return FieldFace(field, label, unit, value.text, was, error, _slider(value), _choices(field.unit, words))


def _slider(value: Value) -> tuple[float, float, float] | None:
    """Return a slider's least, most and step around the default; ``None`` where there is nothing to slide."""
    middle = value.default if value.default is not None else value.number
    if value.field.unit not in {"min", "steps"} or not middle or middle <= 0:
        return None
    step = 1.0 if value.field.unit == "steps" else 10.0 ** math.floor(math.log10(middle) - 1)
    return (value.field.least, math.ceil(SLIDER_REACH * middle / step) * step, step)


def _choices(unit: str, words: Words) -> list[tuple[str, Markup]] | None:
    named = {
        "side": [
            ("0", words.say("no difference")),
            ("1", words.say("the fix")),
            ("-1", words.say("going on")),
        ],
        "cancel": [("0", words.say("at once")), ("1", words.say("when the fix is ready"))],
        "resume": [("0", words.say("the beginning")), ("1", words.say("the latest checkpoint"))],
    }
    return named.get(unit)


def _time_labels(target_of: str, words: Words) -> dict[str, Markup]:
    return {
        "validate_every": words.say("Validate every"),
        "edit": words.say("Edit"),
        "test": words.say("Test"),
        "queue": words.say("Queue"),
        "cancel": words.say("This run is cancelled"),
        "resume": words.say("The fixed run starts from"),
        "steps_low": words.say("Steps after the fix, at least"),
        "steps_high": words.say("Steps after the fix, at most"),
        "target": words.say("Target val loss") if target_of == "val" else words.say("Target train loss"),
    }


def _other_labels(words: Words) -> dict[str, Markup]:
    return {
        "attention": words.say("I can work on it for"),
        "experiments": words.say("Such experiments to come"),
        "gpus": words.say("GPUs"),
        "price": words.say("Price of a GPU-hour"),
        "watts": words.say("Power of a GPU"),
        "co2": words.say("CO₂ of a kWh"),
        "cost_weight": words.say("Cost weighs, of the time"),
        "reproducible": words.say("Reproducibility: better with"),
        "fair": words.say("Fair comparison: better with"),
        "credible": words.say("Credibility: better with"),
        "criteria_weight": words.say("Each of these weighs, of the time"),
    }


def _median(quantiles: Any) -> float | None:  # noqa: ANN401 - quantiles or nothing
    return quantiles.at(0.5) if quantiles else None


__all__ = [
    "FIELDS", "FieldFace", "WhatIf", "field_faces", "field_values", "milestones", "question_of",
    "scenario_from", "what_if",
]  # fmt: skip
