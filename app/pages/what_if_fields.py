"""The assumptions of a what-if: their fields, what a URL says of them, what holds without it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.pages.evidence import middle_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.views import RunView

MOST = 1e9
MOST_SECONDS = 3.0e7
"""A year, in round numbers: no edit, test or queue is planned for longer."""

SAME = 1e-6
ROUND_MINUTES = 10.0
"""Minutes from here on are shown whole: nobody's edit is known to the second."""

THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+")
SPACES = re.compile(r"[\s\u00a0\u202f]")
LONGEST_TYPED = 110
OWN_CURVE, TYPED_CURVE, FILE_CURVE, RUN_PREFIX = "self", "typed", "file", "run:"
"""Where the fixed run's curve comes from: this run's own, milestones, an uploaded file, an earlier run."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in the URL, its unit, the least number it takes."""

    name: str
    unit: str
    least: float = 0.0
    unit_seconds: float = 60.0

    @property
    def most(self) -> float:
        """The largest number it takes."""
        return MOST_SECONDS / self.unit_seconds if self.unit == "min" else MOST


FIELDS = (
    Field("validate_every", "steps", least=1),
    Field("edit", "min"),
    Field("test", "min"),
    Field("queue", "min"),
    Field("attention", "min"),
    Field("cancel", "cancel"),
    Field("resume", "resume"),
    Field("curve", "run"),
    Field("start_loss", "", least=-MOST),
    Field("steps_low", "steps", least=1),
    Field("steps_high", "steps", least=1),
    Field("target", "", least=-MOST),
)
MORE_FIELDS = (
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
"""What is not time: money, and which option is the better one otherwise (-1, 0 or 1)."""

ATTENTION = FIELDS[4]
CRITERIA = ("reproducible", "fair", "credible")
NO_WISHES: Mapping[str, float | None] = {
    **{field.name: None for field in (ATTENTION, *MORE_FIELDS)},
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
        default_text: the default as it stands in a URL.
    """

    field: Field
    text: str
    number: float | None
    default: float | None
    is_valid: bool = True
    default_text: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether it says something else than the default."""
        if self.field.unit == "run":
            return self.text != self.default_text
        if self.number is None or self.default is None:
            return self.number is not self.default
        return abs(self.number - self.default) > SAME * max(abs(self.default), 1.0)


def field_values(view: RunView, query: Mapping[str, str]) -> dict[str, Value]:
    """Return what every field holds."""
    defaults = _defaults(view, query)
    values = {
        field.name: read_value(field, query.get(field.name), defaults.get(field.name))
        for field in (*FIELDS, *MORE_FIELDS)
    }
    values["curve"] = _curve_value(view, query.get("curve"))
    return _ordered_steps(values)


def curve_source(scenario: Mapping[str, object]) -> str:
    """Return where a scenario's curve comes from, as the field of the what-if says it."""
    curve = scenario.get("curve")
    if not isinstance(curve, dict):
        return OWN_CURVE
    if curve.get("milestones"):
        return TYPED_CURVE
    return FILE_CURVE if curve.get("points") else f"{RUN_PREFIX}{curve.get('run')}"


def _curve_value(view: RunView, typed: str | None) -> Value:
    field, default = next(one for one in FIELDS if one.name == "curve"), curve_source(view.scenario)
    if default == f"{RUN_PREFIX}{view.run.id}":
        default = OWN_CURVE
    text = (typed or default).strip()[:LONGEST_TYPED]
    is_known = text in {default, OWN_CURVE} or text.startswith(RUN_PREFIX)
    return Value(field, text, None, None, is_known, default)


def steps_to_target(view: RunView) -> tuple[float, float] | None:
    """Return the steps between which the fixed run reaches its target by the scenario, where it says so."""
    curve = view.scenario.get("curve")
    told = curve.get("milestones") if isinstance(curve, dict) else None
    if told:
        return float(told[0][0]), float(told[-1][0])
    plan = view.scenario.get("plan")
    total = plan.get("total_steps") if isinstance(plan, dict) else None
    return (float(total), float(total)) if isinstance(total, int) and view.target_loss is None else None


def queue_seconds(view: RunView, *, is_cancelled_first: bool) -> object:
    """Return the scenario's queue: a job that is cancelled before its fix is ready keeps no nodes."""
    if is_cancelled_first and view.scenario_is_default and view.habits is not None:
        return view.habits.anew.pair
    return view.scenario.get("queue_seconds")


def _defaults(view: RunView, query: Mapping[str, str]) -> dict[str, float | None]:
    steps = steps_to_target(view) or (None, None)
    every = view.run.plan.get("validate_every")
    at_once = typed_number(query.get("cancel", "")) == 0
    return {
        "validate_every": float(every) if isinstance(every, int) else None,
        **{phase: _minutes(view.scenario.get(f"{phase}_seconds")) for phase in ("edit", "test")},
        "queue": _minutes(queue_seconds(view, is_cancelled_first=at_once)),
        "cancel": float(view.scenario.get("cancel") == "at_relaunch"),
        "resume": float(view.scenario.get("resume_step") == "latest"),
        "steps_low": steps[0],
        "steps_high": steps[1],
        "target": view.target_loss,
        "start_loss": _start_loss(view),
        **NO_WISHES,
        **_economics(view),
    }


def _economics(view: RunView) -> dict[str, float | None]:
    told = view.economics
    gpus = float(view.job.gpus) if view.job and view.job.gpus else None
    if told is None:
        return {"gpus": gpus}
    return {
        "gpus": told.gpus,
        "price": told.gpu_hour_price,
        "watts": told.watts_per_gpu,
        "co2": told.grams_co2_per_kwh,
    }


def _start_loss(view: RunView) -> float | None:
    curve = view.scenario.get("curve")
    loss = curve.get("from_loss") if isinstance(curve, dict) else None
    return loss if isinstance(loss, int | float) else None


def _minutes(duration: object) -> float | None:
    """Return the middle of a duration in minutes, with no more digits than anybody knows of it."""
    seconds = middle_seconds(duration)
    if seconds is None:
        return None
    minutes = seconds / 60
    return float(round(minutes)) if minutes >= ROUND_MINUTES else float(f"{minutes:.2g}")


def read_value(field: Field, typed: str | None, default: float | None) -> Value:
    """Return what a field holds: what was typed, or the default where nothing was."""
    shown = "" if default is None else f"{default:.6g}"
    if typed is None or not typed.strip():
        return Value(field, shown, default, default, default_text=shown)
    text = typed.strip()[:30]
    number = typed_number(text, is_whole=field.unit == "steps")
    if number is None:
        return Value(field, text, None, default, is_valid=False, default_text=shown)
    # The default is shown rounded: sent back as shown, it is still the default.
    if default is not None and text.replace(",", ".") == shown:
        return Value(field, shown, default, default, default_text=shown)
    is_valid = math.isfinite(number) and field.least <= number <= field.most
    return Value(field, text, number if is_valid else None, default, is_valid, shown)


def typed_number(text: str, *, is_whole: bool = False) -> float | None:
    """Return a number as people type it: with a comma or a point, with spaces between thousands.

    Args:
        text: what was typed.
        is_whole: whether it counts something: then ``1,500`` is one thousand five hundred.
    """
    bare = SPACES.sub("", text)
    if is_whole and THOUSANDS.fullmatch(bare):
        bare = bare.replace(",", "")
    try:
        return float(bare.replace(",", "."))
    except ValueError:
        return None


def _ordered_steps(values: dict[str, Value]) -> dict[str, Value]:
    """Let one bound stand for both where only one is given; refuse a lower bound above the upper."""
    low, high = values["steps_low"], values["steps_high"]
    if low.number is None and high.number is not None and low.is_valid:
        values["steps_low"] = Value(low.field, "", high.number, low.default, default_text=low.default_text)
    if high.number is None and low.number is not None and high.is_valid:
        values["steps_high"] = Value(high.field, "", low.number, high.default, default_text=high.default_text)
    if low.number is not None and high.number is not None and low.number > high.number:
        values["steps_high"] = Value(
            high.field, high.text, None, high.default, is_valid=False, default_text=high.default_text
        )
    return values
