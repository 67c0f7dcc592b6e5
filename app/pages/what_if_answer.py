"""The answer of a what-if, computed once for each state of a run and each set of assumptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.pages.what_if_scenario import scenario_from
from app.pages.wishes import with_wishes
from app.schemas.compare import RelaunchFields
from planner.errors import InvalidInputError
from planner.report import compare
from planner.scenario import PlanOverrides

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.pages.what_if_fields import Value
    from app.plans import Plans
    from app.views import RunView
    from planner.report import Comparison
    from planner.scenario import CompareQuery


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked and what comes of it.

    Attributes:
        question: ``None`` where it cannot be asked, or there is nothing to compare.
        comparison: its answer.
        ends: median seconds to the end of each option, those that were suggested among them, by name;
            ``None`` where it is never reached, and no entry where the planner refused to say.
        expected: what was expected instead of an assumption that contradicts the others.
    """

    question: CompareQuery | None = None
    comparison: Comparison | None = None
    ends: Mapping[str, float | None] = field(default_factory=dict)
    expected: str | None = None


def asked(view: RunView, values: Mapping[str, Value], plans: Plans) -> Asked:
    """Return the answer under some assumptions; the same view and assumptions are computed once."""
    if view.comparison is None or not all(value.is_valid for value in values.values()):
        return Asked()
    changed = tuple((name, value.text) for name, value in values.items() if value.is_changed)
    return plans.once(view, changed, lambda: _asked(view, values, plans))


def question_of(view: RunView, values: Mapping[str, Value], plans: Plans) -> CompareQuery | None:
    """Return the question of a what-if, ``None`` where the run has gone.

    Raises:
        InvalidInputError: what is assumed contradicts itself.
    """
    scenario = RelaunchFields.model_validate(scenario_from(view, values))
    every = values["validate_every"]
    is_other = every.is_changed and every.number is not None
    plan = PlanOverrides(validate_every=round(every.number) if is_other and every.number else None)
    query = plans.question(view.run.id, scenario, plan, values["target"].number, view.as_of)
    return None if query is None else with_wishes(query, values)


def _asked(view: RunView, values: Mapping[str, Value], plans: Plans) -> Asked:
    is_changed = any(value.is_changed for value in values.values())
    try:
        question = question_of(view, values, plans)
        if question is None:
            return Asked()
        kept = None if is_changed else view.comparison
        comparison = kept or compare(question, tells_suggested=True)
        return Asked(question, comparison, _ends(comparison))
    except InvalidInputError as error:
        return Asked(expected=error.expected)


def _ends(comparison: Comparison) -> Mapping[str, float | None]:
    outcomes = (*comparison.outcomes, *comparison.suggested)
    return {one.name: one.finish_seconds.at(0.5) for one in outcomes if one.finish_seconds is not None}
