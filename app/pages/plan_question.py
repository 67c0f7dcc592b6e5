"""The question of ``/plan``: typed numbers, with the seed document as the filled-in example."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.pages.what_if_fields import ATTENTION, MORE_FIELDS, NO_WISHES, Value, read_value, typed_number
from app.pages.wishes import with_wishes
from app.schemas.compare import SCRIPT
from planner.contradictions import check_query
from planner.duration import Duration
from planner.errors import InvalidInputError
from planner.loss_path import Milestone, MilestoneCurve
from planner.plan import Plan
from planner.scenario import CompareQuery, PaceDurations, PlanOverrides, Scenario, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MINUTE = 60.0
LARGEST = 1e9
LONGEST_NAME = 100
"""More of an unknown field's name says nothing more to whoever mistyped it."""
EXAMPLE: Mapping[str, float] = {
    "elapsed": 70, "at_step": 43, "total_steps": 311, "step": 45, "validation": 20, "validate_every": 25,
    "startup": 0, "edit": 40, "test": 15, "queue": 10, "steps": 150,
}  # fmt: skip
"""Minutes, except steps and the seconds of a step: what the document that started this project compares."""

EXAMPLE_LOSSES: Mapping[str, str] = {
    "losses": "50: 1.2-1.5; 100: 0.7-0.9; 200: 0.5-0.6; 311: 0.40-0.45",
    "fixed_losses": "25: 0.36-0.38; 50: 0.35-0.37; 100: 0.34-0.36; 150: <0.34",
}
"""What the losses are expected to be, step by step."""

EXAMPLE_WISHES: Mapping[str, float | None] = {
    **NO_WISHES, "reproducible": 1.0, "fair": 1.0, "credible": 1.0, "experiments": 10.0,
}  # fmt: skip
EXAMPLE_WORDS: Mapping[str, str] = {
    "target": "", "job": "13503904", "script": "submit_multipollutants_from_6pollutants.sh",
}  # fmt: skip
"""The loss both options are to reach, and what commands of the plan name; each may be empty."""

PATTERNS = {"job": re.compile(r"\d{1,18}(_\d{1,9})?"), "script": re.compile(SCRIPT)}
FIELD_OF: Mapping[str, str] = {
    "/at_step": "at_step", "/plan/total_steps": "total_steps", "/plan/validate_every": "validate_every",
    "/pace/step_seconds": "step", "/pace/validation_seconds": "validation",
    "/pace/startup_seconds": "startup", "/elapsed_seconds": "elapsed", "/target": "target",
    "/scenarios/0/curve": "losses", "/scenarios/1/curve": "fixed_losses", "/scenarios/1/plan": "steps",
    "/scenarios/1/edit_seconds": "edit", "/scenarios/1/test_seconds": "test",
    "/scenarios/1/queue_seconds": "queue", "/attention_seconds": "attention",
    "/experiments": "experiments", "/economics/gpus": "gpus", "/economics/gpu_hour_price": "price",
    "/economics/watts_per_gpu": "watts", "/economics/grams_co2_per_kwh": "co2",
}  # fmt: skip
"""The field that a part of the question comes from, by how its pointer begins."""

WHOLE = frozenset({"at_step", "total_steps", "validate_every", "steps"})
MILESTONE = re.compile(r"(\d{1,9})\s*:\s*(?:([0-9.,]{1,20})\s*[-–]|<)?\s*([0-9.,]{1,20})")
LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class PlanQuestion:
    """What was typed, and the question it makes.

    Attributes:
        typed: the text of each field.
        wrong: names of the fields that hold nothing that can be used.
        wishes: what is weighed beside the time.
        query: ``None`` where it cannot be asked.
        expected: what was expected instead, where numbers contradict each other; the field is in ``wrong``.
        unknown: names in the URL that no field has.
    """

    typed: Mapping[str, str]
    wrong: frozenset[str]
    wishes: Mapping[str, Value]
    query: CompareQuery | None
    expected: str | None = None
    unknown: tuple[str, ...] = ()


def read_plan(params: Mapping[str, str]) -> PlanQuestion:
    """Return the question of the numbers in a URL."""
    typed = {name: params.get(name, f"{value:g}") for name, value in EXAMPLE.items()}
    typed |= {name: params.get(name, text)[:LONGEST] for name, text in EXAMPLE_LOSSES.items()}
    typed |= {name: params.get(name, text).strip()[:LONGEST] for name, text in EXAMPLE_WORDS.items()}
    numbers = {name: _number(name, typed[name]) for name in EXAMPLE}
    curves = {name: _curve(typed[name]) for name in EXAMPLE_LOSSES}
    wishes = {
        one.name: read_value(one, params.get(one.name), EXAMPLE_WISHES[one.name])
        for one in (ATTENTION, *MORE_FIELDS)
    }
    wrong = frozenset(
        [*(name for name, value in {**numbers, **curves}.items() if value is None)]
        + [name for name, value in wishes.items() if not value.is_valid]
        + [name for name, one in PATTERNS.items() if typed[name] and not one.fullmatch(typed[name])]
        + (["target"] if typed["target"] and typed_number(typed["target"]) is None else [])
    )
    known = {name: value for name, value in numbers.items() if value is not None}
    unknown = tuple(sorted(set(params) - set(typed) - set(wishes)))
    if wrong or unknown:
        return PlanQuestion(typed, wrong, wishes, None, unknown=unknown)
    try:
        query = with_wishes(_query(known, curves), wishes)
        loss = typed_number(typed["target"]) if typed["target"] else None
        target = None if loss is None else Target(loss, "val")
        query = replace(query, job=typed["job"] or None, script=typed["script"] or None, target=target)
        check_query(query)
    except InvalidInputError as error:
        return PlanQuestion(typed, frozenset(_fields_of(error.pointer)), wishes, None, error.expected)
    return PlanQuestion(typed, wrong, wishes, query)


def refusal_of(asked: PlanQuestion) -> InvalidInputError:
    """Return why numbers cannot be compared, the field named."""
    name = (*asked.unknown, *sorted(asked.wrong), "")[0]
    if asked.unknown:
        return InvalidInputError(f"/{name[:LONGEST_NAME]}", None, "no field of that name")
    return InvalidInputError(f"/{name}", asked.typed.get(name), asked.expected or "a number that can be used")


def _fields_of(pointer: str) -> Iterator[str]:
    """Yield the field that a part of the question comes from."""
    for start, name in FIELD_OF.items():
        if pointer.startswith(start):
            yield name
            return


def _query(numbers: Mapping[str, float], curves: Mapping[str, tuple[Milestone, ...] | None]) -> CompareQuery:
    plan = Plan(round(numbers["total_steps"]), round(numbers["validate_every"]), checkpoint_every="never")
    pace = PaceDurations(
        _exactly(numbers["step"]),
        _exactly(MINUTE * numbers["validation"]),
        startup_seconds=_exactly(MINUTE * numbers["startup"]),
    )
    relaunch = Scenario(
        "fix and relaunch",
        "relaunch",
        curve=_path(curves["fixed_losses"], numbers["steps"]),
        plan=PlanOverrides(total_steps=round(numbers["steps"])),
        edit_seconds=_exactly(MINUTE * numbers["edit"]),
        test_seconds=_exactly(MINUTE * numbers["test"]),
        queue_seconds=_exactly(MINUTE * numbers["queue"]),
        resume_step=0,
        cancel="now",
    )
    going_on = Scenario("continue", "continue", curve=_path(curves["losses"], numbers["total_steps"]))
    return CompareQuery(
        round(numbers["at_step"]),
        plan,
        pace,
        (going_on, relaunch),
        elapsed_seconds=MINUTE * numbers["elapsed"],
    )


def _path(milestones: tuple[Milestone, ...] | None, last: float) -> MilestoneCurve | None:
    """Return the curve through the milestones a scenario gets to."""
    passed = tuple(one for one in milestones or () if one.step <= last)
    return MilestoneCurve(passed) if passed else None


def _curve(text: str) -> tuple[Milestone, ...] | None:
    """Return milestones such as ``50: 1.2-1.5; 100: <0.9``; ``None`` where the text is none."""
    entries = [entry.strip() for entry in text.split(";") if entry.strip()]
    found = [MILESTONE.fullmatch(entry) for entry in entries]
    try:
        read = tuple(_milestone(one) for one in found if one is not None)
    except ValueError:
        return None
    return read if len(read) == len(entries) else None


def _milestone(found: re.Match[str]) -> Milestone:
    step, low, high = found.groups()
    return Milestone(float(step), _decimal(low) if low else _low(found.group(), high), _decimal(high))


def _low(entry: str, high: str) -> float | None:
    return None if "<" in entry else _decimal(high)


def _decimal(text: str) -> float:
    return float(text.replace(",", "."))


def _exactly(seconds: float) -> Duration:
    return Duration(seconds, seconds)


def _number(name: str, text: str) -> float | None:
    value = typed_number(text, is_whole=name in WHOLE)
    if value is None:
        return None
    is_whole = name not in WHOLE or value.is_integer()
    return value if math.isfinite(value) and 0 <= value <= LARGEST and is_whole else None
