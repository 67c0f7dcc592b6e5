"""``/plan``: the comparison from typed numbers alone, with the seed document as the filled-in example."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup

from app.pages.refusals import option_name, reason_text
from app.pages.visit import VisitDep
from app.words import Words
from planner.duration import Duration
from planner.errors import InvalidInputError
from planner.plan import Plan
from planner.report import Comparison, compare
from planner.scenario import CompareQuery, PaceDurations, PlanOverrides, Scenario

MINUTE = 60.0
LARGEST = 1e9
EXAMPLE: Mapping[str, float] = {
    "elapsed": 70, "at_step": 43, "total_steps": 311, "step": 45, "validation": 20, "validate_every": 25,
    "startup": 0, "edit": 40, "test": 15, "queue": 10, "steps": 150,
}  # fmt: skip
"""Minutes, except steps and the seconds of a step: what the document that started this project compares."""

WHOLE = frozenset({"at_step", "total_steps", "validate_every", "steps"})

router = APIRouter()


@dataclass(frozen=True, slots=True)
class PlanField:
    """One number of the form, as typed, and whether it can be used."""

    name: str
    label: Markup
    unit: Markup
    text: str
    is_valid: bool


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One option's answer."""

    name: Markup
    left: str
    total: str
    steps: str
    validations: str
    is_advised: bool


@router.get("/plan")
def show_plan(visit: VisitDep) -> Response:
    """Show the comparison of the numbers in the URL."""
    words = visit.words
    typed = {name: visit.request.query_params.get(name, f"{value:g}") for name, value in EXAMPLE.items()}
    numbers = {name: _number(name, text) for name, text in typed.items()}
    comparison, problem = _compared(numbers, words)
    fields = [
        PlanField(name, label, unit, typed[name], numbers[name] is not None)
        for name, label, unit in _labels(words)
    ]
    verdict = comparison.verdict if comparison else None
    saving = verdict.saving_seconds.at(0.5) if verdict and verdict.saving_seconds else None
    return visit.page(
        "plan.html",
        fields=fields,
        rows=_rows(comparison, words) if comparison else [],
        why=[reason_text(reason, words) for reason in verdict.reasons] if verdict else [],
        title=_title(comparison, saving, words),
        problem=problem,
        tie=verdict.break_even_seconds if verdict else None,
    )


def _compared(numbers: Mapping[str, float | None], words: Words) -> tuple[Comparison | None, Markup | None]:
    known = {name: value for name, value in numbers.items() if value is not None}
    if len(known) < len(numbers):
        return None, words.say("One of the fields holds no number that can be used.")
    try:
        return compare(_query(known)), None
    except InvalidInputError as error:
        return None, words.say("This cannot be asked: expected {expected}.", expected=error.expected)


def _query(numbers: Mapping[str, float]) -> CompareQuery:
    plan = Plan(round(numbers["total_steps"]), round(numbers["validate_every"]), checkpoint_every="never")
    pace = PaceDurations(
        _exactly(numbers["step"]),
        _exactly(MINUTE * numbers["validation"]),
        startup_seconds=_exactly(MINUTE * numbers["startup"]),
    )
    relaunch = Scenario(
        "fix and relaunch",
        "relaunch",
        plan=PlanOverrides(total_steps=round(numbers["steps"])),
        edit_seconds=_exactly(MINUTE * numbers["edit"]),
        test_seconds=_exactly(MINUTE * numbers["test"]),
        queue_seconds=_exactly(MINUTE * numbers["queue"]),
        resume_step=0,
        cancel="now",
    )
    return CompareQuery(
        round(numbers["at_step"]),
        plan,
        pace,
        (Scenario("continue", "continue"), relaunch),
        elapsed_seconds=MINUTE * numbers["elapsed"],
    )


def _exactly(seconds: float) -> Duration:
    return Duration(seconds, seconds)


def _number(name: str, text: str) -> float | None:
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    is_whole = name not in WHOLE or value.is_integer()
    return value if math.isfinite(value) and 0 <= value <= LARGEST and is_whole else None


def _rows(comparison: Comparison, words: Words) -> list[PlanRow]:
    return [
        PlanRow(
            option_name(one.name, words),
            words.duration(one.finish_seconds.at(0.5) or 0.0)
            if one.finish_seconds
            else words.say("not known"),
            words.duration(one.total_seconds.at(0.5) or 0.0) if one.total_seconds else words.say("not known"),
            words.whole(one.steps_left or 0),
            words.whole(one.validations_left or 0),
            one.name == comparison.verdict.scenario,
        )
        for one in comparison.outcomes
    ]


def _title(comparison: Comparison | None, saving: float | None, words: Words) -> Markup:
    if comparison is None or saving is None:
        return words.say("Continue, or cancel, fix and relaunch?")
    option = option_name(comparison.verdict.scenario or comparison.verdict.action, words)
    return words.say("{option}: {duration} sooner.", option=option, duration=words.duration(abs(saving)))


def _labels(words: Words) -> list[tuple[str, Markup, Markup]]:
    minutes, steps, seconds = words.plain("min"), words.say("steps"), words.plain("s")
    return [
        ("elapsed", words.say("Spent so far"), minutes),
        ("at_step", words.say("Steps done"), steps),
        ("total_steps", words.say("Steps in all"), steps),
        ("step", words.say("One step takes"), seconds),
        ("validation", words.say("One validation takes"), minutes),
        ("validate_every", words.say("Validate every"), steps),
        ("startup", words.say("Start-up"), minutes),
        ("edit", words.say("Edit"), minutes),
        ("test", words.say("Test"), minutes),
        ("queue", words.say("Queue"), minutes),
        ("steps", words.say("Steps after the fix"), steps),
    ]
