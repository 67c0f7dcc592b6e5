"""From the planner's comparison to the wire: outcomes as they are, suggestions as scenarios to ask about."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.schemas.compare import ScenarioFields
from app.wire import to_wire
from planner.duration import Duration
from planner.loss_path import CurveSource, MilestoneCurve
from planner.report import Comparison
from planner.scenario import PaceDurations, PlanOverrides, Scenario
from planner.verdict import Verdict


def comparison_answer(
    comparison: Comparison, asked: Sequence[Scenario] = (), fields: Sequence[ScenarioFields] = ()
) -> dict[str, Any]:
    """Return a comparison in API.md's form.

    Args:
        comparison: the planner's answer.
        asked: the scenarios it was asked with.
        fields: the same, as the call held them: a suggestion repeats their curves word for word.
    """
    curves = _given_curves(asked, fields)
    suggestions = [scenario_answer(scenario, curves) for scenario in comparison.suggestions]
    answer = {name: to_wire(getattr(comparison, name)) for name in ("outcomes", "actions")}
    return {**answer, "verdict": verdict_answer(comparison.verdict), "suggestions": suggestions}


def verdict_answer(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict in API.md's form: the conditions that speak for a scenario are sentences."""
    conditions = {name: [one.text for one in said] for name, said in verdict.better_if.items()}
    return {**to_wire(verdict), "better_if": conditions}


def scenario_answer(scenario: Scenario, curves: Mapping[int, Any]) -> dict[str, Any]:
    """Return a scenario as it would be asked; what it does not say is left out."""
    shown: dict[str, Any] = {"name": scenario.name, "action": scenario.action}
    if scenario.curve is not None:
        shown["curve"] = _curve(scenario.curve, curves)
    for name in Scenario.__dataclass_fields__:
        value = getattr(scenario, name)
        if name not in {"name", "action", "curve"} and value is not None:
            shown[name] = _part(value)
    return {name: value for name, value in shown.items() if value is not None}


def _given_curves(asked: Sequence[Scenario], fields: Sequence[ScenarioFields]) -> dict[int, Any]:
    """Return curves as the call held them, by the identity of the planner's record of each."""
    pairs = zip(asked, fields, strict=True)
    return {
        id(scenario.curve): item.curve.model_dump(mode="json", exclude_none=True)
        for scenario, item in pairs
        if item.action != "stop" and item.curve is not None
    }


def _curve(curve: CurveSource, curves: Mapping[int, Any]) -> Any:  # noqa: ANN401 - any JSON
    if id(curve) in curves:
        return curves[id(curve)]
    if isinstance(curve, MilestoneCurve):
        return {"milestones": [[item.step, item.low, item.high] for item in curve.milestones]}
    return None


def _part(value: Any) -> Any:  # noqa: ANN401 - any field of a scenario
    if isinstance(value, Duration):
        return value.low if value.is_exact else [value.low, value.high]
    if isinstance(value, PaceDurations | PlanOverrides):
        named = {name: getattr(value, name) for name in value.__dataclass_fields__}
        return {name: _part(part) for name, part in named.items() if part is not None}
    return value
