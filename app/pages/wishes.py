"""What a person weighs beside the time: attention, money, further experiments, other criteria."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.pages.options import CONTINUE
from app.pages.what_if_fields import CRITERIA
from planner.scenario import Criterion, Economics, Objective

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.pages.what_if_fields import Value
    from planner.scenario import CompareQuery

MINUTE = 60.0


def with_wishes(query: CompareQuery, values: Mapping[str, Value]) -> CompareQuery:
    """Return a question with what its asker weighs beside the time."""
    attention, experiments = values["attention"].number, values["experiments"].number
    weight = (values["cost_weight"].number or 0.0) / 100
    return replace(
        query,
        economics=_economics(query, values),
        attention_seconds=None if attention is None else MINUTE * attention,
        experiments=experiments,
        objective=Objective(1.0, weight) if weight else None,
        criteria=_criteria(query, values),
    )


def _economics(query: CompareQuery, values: Mapping[str, Value]) -> Economics | None:
    gpus = values["gpus"].number
    if gpus is None:
        return query.economics
    return replace(
        query.economics or Economics(),
        gpus=gpus,
        gpu_hour_price=values["price"].number,
        watts_per_gpu=values["watts"].number,
        grams_co2_per_kwh=values["co2"].number,
    )


def _criteria(query: CompareQuery, values: Mapping[str, Value]) -> tuple[Criterion, ...] | None:
    """Return the criteria of which something is said: 1 speaks for the fix, -1 for going on."""
    weight = (values["criteria_weight"].number or 0.0) / 100
    told = [(name, values[name].number or 0.0) for name in CRITERIA]
    return tuple(Criterion(name, _scores(query, side), weight) for name, side in told if side) or None


def _scores(query: CompareQuery, side: float) -> dict[str, float]:
    goes_on = {one.name: one.action == CONTINUE for one in query.scenarios}
    return {name: float((side < 0) == is_going_on) for name, is_going_on in goes_on.items()}
