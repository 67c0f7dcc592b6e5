"""The relaunch of a what-if: what its fields say of the fix, in API.md's form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from app.pages.evidence import middle_seconds
from app.pages.what_if_fields import OWN_CURVE, RUN_PREFIX, queue_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.pages.what_if_fields import Value
    from app.views import RunView

STEEPNESS = 0.5
"""How a fixed run's loss is taken to fall around its target: as the steps to this power, inverted."""


def scenario_from(view: RunView, values: Mapping[str, Value]) -> dict[str, Any]:
    """Return the relaunch of a what-if in API.md's form: what is kept as the run's scenario."""
    scenario: dict[str, Any] = {
        **view.scenario,
        "queue_seconds": queue_seconds(view, is_cancelled_first=values["cancel"].number == 0),
    }
    for phase in ("edit", "test", "queue"):
        scenario[f"{phase}_seconds"] = _rescaled(scenario.get(f"{phase}_seconds"), values[phase])
    if values["cancel"].is_changed:
        scenario["cancel"] = "at_relaunch" if values["cancel"].number else "now"
    if values["resume"].is_changed:
        scenario["resume_step"] = "latest" if values["resume"].number else 0
    if any(values[name].is_changed for name in ("steps_low", "steps_high", "target")):
        return _with_steps(scenario, view, values)
    if values["curve"].is_changed or values["start_loss"].is_changed:
        return _with_run(scenario, view, values)
    return scenario  # its own curve, whatever form it has


def milestones(low: float, high: float, target: float) -> list[list[float]]:
    """Return a curve that reaches a target between two steps 8 times in 10.

    At the earlier step the 10 % quantile of the loss is the target, at the later one the 90 % quantile.
    """
    if low == high:
        return [[low, target, target]]
    ratio = (high / low) ** STEEPNESS
    return [[low, target, target * ratio], [high, target / ratio, target]]


def _with_steps(scenario: dict[str, Any], view: RunView, values: Mapping[str, Value]) -> dict[str, Any]:
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


def _with_run(scenario: dict[str, Any], view: RunView, values: Mapping[str, Value]) -> dict[str, Any]:
    """Return the relaunch along a stored run's curve: this one's or an earlier one's, from a loss on."""
    picked, loss = values["curve"].text, values["start_loss"].number
    if picked == OWN_CURVE and loss is None:
        scenario.pop("curve", None)
        return scenario
    run = picked.removeprefix(RUN_PREFIX) if picked.startswith(RUN_PREFIX) else view.run.id
    scenario["curve"] = {"run": run} if loss is None else {"run": run, "from_loss": loss}
    return scenario


def _rescaled(stored: object, value: Value) -> object:
    """Return a duration with another middle and its spread kept."""
    if not value.is_changed or value.number is None:
        return stored
    seconds = value.number * value.field.unit_seconds
    before = middle_seconds(stored)
    if not isinstance(stored, list | tuple) or not before:
        return [seconds, seconds]
    return [end * seconds / before for end in stored]
