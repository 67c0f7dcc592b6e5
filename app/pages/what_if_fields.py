"""The assumptions of a what-if: their fields, what a URL says of them, what holds without it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.pages.evidence import middle_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.views import RunView

MOST = 1e9
SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in the URL, its unit, the least number it takes."""

    name: str
    unit: str
    least: float = 0.0
    unit_seconds: float = 60.0


FIELDS = (
    Field("validate_every", "steps", least=1),
    Field("edit", "min"),
    Field("test", "min"),
    Field("queue", "min"),
    Field("cancel", "cancel"),
    Field("resume", "resume"),
    Field("steps_low", "steps", least=1),
    Field("steps_high", "steps", least=1),
    Field("target", "", least=-MOST),
)
MORE_FIELDS = (
    Field("attention", "min"),
    Field("experiments", "", least=1),
    Field("gpus", ""),
    Field("price", "money"),
    Field("watts", "watt"),
    Field("co2", "grams"),
    Field("cost_weight", "%"),
    Field("reproducible", "side", least=-1),
    Field("fair", "side", least=-1),
    Field("credible", "side", least=-1),
    Field("criteria_weight", "%"),
)
"""What is not time: attention, money, and which option is the better one otherwise (-1, 0 or 1)."""


CRITERIA = ("reproducible", "fair", "credible")
NO_WISHES: Mapping[str, float | None] = {
    **{field.name: None for field in MORE_FIELDS},
    **dict.fromkeys((*CRITERIA, "cost_weight", "criteria_weight"), 0.0),
}


@dataclass(frozen=True, slots=True)
class Value:
    """What a field holds.

    Attributes:
        field: which one.
        text: as typed, or the default.
        number: of it; ``None`` where nothing is known or what was typed is no number.
        default: what holds without the what-if.
        is_valid: whether what was typed can be used.
    """

    field: Field
    text: str
    number: float | None
    default: float | None
    is_valid: bool = True

    @property
    def is_changed(self) -> bool:
        """Whether it says something else than the default."""
        if self.number is None or self.default is None:
            return self.number is not self.default
        return abs(self.number - self.default) > SAME * max(abs(self.default), 1.0)


def field_values(view: RunView, query: Mapping[str, str]) -> dict[str, Value]:
    """Return what every field holds."""
    defaults = _defaults(view)
    values = {
        field.name: read_value(field, query.get(field.name), defaults[field.name])
        for field in (*FIELDS, *MORE_FIELDS)
    }
    return _ordered_steps(values)


def steps_to_target(view: RunView) -> tuple[float, float] | None:
    """Return the steps between which the fixed run reaches its target by the scenario, where it says so."""
    curve = view.scenario.get("curve")
    told = curve.get("milestones") if isinstance(curve, dict) else None
    if told:
        return float(told[0][0]), float(told[-1][0])
    plan = view.scenario.get("plan")
    total = plan.get("total_steps") if isinstance(plan, dict) else None
    return (float(total), float(total)) if isinstance(total, int) and view.target_loss is None else None


def _defaults(view: RunView) -> dict[str, float | None]:
    steps = steps_to_target(view) or (None, None)
    every = view.run.plan.get("validate_every")
    return {
        "validate_every": float(every) if isinstance(every, int) else None,
        **{phase: _minutes(view.scenario.get(f"{phase}_seconds")) for phase in ("edit", "test", "queue")},
        "cancel": float(view.scenario.get("cancel") == "at_relaunch"),
        "resume": float(view.scenario.get("resume_step") == "latest"),
        "steps_low": steps[0],
        "steps_high": steps[1],
        "target": view.target_loss,
        **NO_WISHES,
        "gpus": float(view.job.gpus) if view.job and view.job.gpus else None,
    }


def _minutes(duration: object) -> float | None:
    seconds = middle_seconds(duration)
    if seconds is None:
        return None
    minutes = seconds / 60
    return round(minutes, 2) if minutes < 1 else float(f"{minutes:.3g}")


def read_value(field: Field, typed: str | None, default: float | None) -> Value:
    """Return what a field holds: what was typed, or the default where nothing was."""
    shown = "" if default is None else f"{default:.6g}"
    if typed is None or not typed.strip():
        return Value(field, shown, default, default)
    text = typed.strip()[:30]
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return Value(field, text, None, default, is_valid=False)
    is_valid = math.isfinite(number) and field.least <= number <= MOST
    # The default is shown rounded: sent back as shown, it is still the default.
    if default is not None and text == shown:
        return Value(field, text, default, default)
    return Value(field, text, number if is_valid else None, default, is_valid)


def _ordered_steps(values: dict[str, Value]) -> dict[str, Value]:
    """Let one bound stand for both where only one is given; refuse a lower bound above the upper."""
    low, high = values["steps_low"], values["steps_high"]
    if low.number is None and high.number is not None and low.is_valid:
        values["steps_low"] = Value(low.field, "", high.number, low.default)
    if high.number is None and low.number is not None and high.is_valid:
        values["steps_high"] = Value(high.field, "", low.number, high.default)
    if low.number is not None and high.number is not None and low.number > high.number:
        values["steps_high"] = Value(high.field, high.text, None, high.default, is_valid=False)
    return values
