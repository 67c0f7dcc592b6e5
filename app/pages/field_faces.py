"""The fields of a what-if as they are shown: label, unit, slider, choices, and what is wrong with them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from app.pages.what_if_fields import Field, Value
    from app.words import Words

SLIDER_REACH = 4
"""A slider ends at this many times the default."""

Choices = list[tuple[str, "Markup"]]


@dataclass(frozen=True, slots=True)
class FieldFace:
    """A field as shown.

    Attributes:
        field: which one.
        label: its name.
        unit: shown behind the number.
        value: as typed, or the default as the reader writes it.
        was: the default where the value differs from it.
        error: what is wrong with what was typed.
        slider: least, most, step and place of a slider beside it; ``None``: none.
        choices: values and their words, where it is one of a few.
        note: where the default comes from.
    """

    field: Field
    label: Markup
    unit: Markup
    value: str
    was: str | None
    error: Markup | None
    slider: tuple[float, float, float, float] | None = None
    choices: Choices | None = None
    note: Markup | None = None


def field_faces(
    values: Sequence[Value],
    words: Words,
    target_of: str = "val",
    choices: Mapping[str, Choices] | None = None,
    notes: Mapping[str, Markup] | None = None,
) -> list[FieldFace]:
    """Return fields ready to show.

    Args:
        values: what they hold.
        words: the reader's way of writing.
        target_of: the curve the target is of.
        choices: of the fields that take one of a list of the moment.
        notes: where the defaults come from, by the field's name.
    """
    labels = {**_time_labels(target_of, words), **_other_labels(words)}
    own, told = choices or {}, notes or {}
    return [
        _face(value, labels[value.field.name], own.get(value.field.name), told.get(value.field.name), words)
        for value in values
    ]


def _face(
    value: Value, label: Markup, choices: Choices | None, note: Markup | None, words: Words
) -> FieldFace:
    field = value.field
    units = {
        "min": words.plain("min"),
        "steps": words.say("steps"),
        "watt": words.plain("W"),
        "grams": words.plain("g"),
        "%": words.plain("%"),
    }
    error = None if value.is_valid else words.say("a number of at least {least}", least=f"{field.least:g}")
    picked = choices or _choices(field.unit, words)
    is_default = value.text == value.default_text
    return FieldFace(
        field=field,
        label=label,
        unit=units.get(field.unit) or words.plain(""),
        value=_written(value.text, words) if is_default and picked is None else value.text,
        was=_written(value.default_text, words) if value.is_changed and value.default_text else None,
        error=error,
        slider=_slider(value),
        choices=picked,
        note=None if value.is_changed else note,
    )


def _written(number: str, words: Words) -> str:
    """Return a number as the reader would type it."""
    return number.replace(".", words.decimal(0.5)[1])


def _slider(value: Value) -> tuple[float, float, float, float] | None:
    """Return a slider around the default; ``None`` where there is nothing to slide."""
    middle = value.default if value.default is not None else value.number
    if value.field.unit not in {"min", "steps"} or not middle or middle <= 0:
        return None
    step = 1.0 if value.field.unit == "steps" else 10.0 ** math.floor(math.log10(middle) - 1)
    most = math.ceil(SLIDER_REACH * middle / step) * step
    return (value.field.least, most, step, middle if value.number is None else value.number)


def _choices(unit: str, words: Words) -> Choices | None:
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
    of_val = target_of == "val"
    return {
        "validate_every": words.say("Validate every"),
        "edit": words.say("Edit"),
        "test": words.say("Test"),
        "queue": words.say("Queue"),
        "attention": words.say("I must leave in"),
        "cancel": words.say("This run is cancelled"),
        "resume": words.say("The fixed run starts from"),
        "curve": words.say("The fixed run learns"),
        "start_loss": words.say("Its val loss at the start")
        if of_val
        else words.say("Its train loss at the start"),
        "steps_low": words.say("Steps after the fix, at least"),
        "steps_high": words.say("Steps after the fix, at most"),
        "target": words.say("Target val loss") if of_val else words.say("Target train loss"),
    }


def _other_labels(words: Words) -> dict[str, Markup]:
    return {
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
