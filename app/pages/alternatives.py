"""Options nobody asked about that apply here, and the what-if that shows each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from app.pages.refusals import option_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from app.pages.what_if_answer import Asked
    from app.words import Words
    from planner.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Alternative:
    """One option that was not asked about.

    Attributes:
        name: of the option.
        total: how long it takes from now.
        query: of the URL that asks about it.
        is_first: whether it ends before every option that was asked about.
    """

    name: Markup
    total: str
    query: str
    is_first: bool


def alternatives(told: Asked, changed: Mapping[str, str], words: Words) -> list[Alternative]:
    """Return the options that the planner suggests, each with its end.

    Args:
        told: what was asked and answered.
        changed: the assumptions of it that were changed; an option is asked about under the same.
        words: the reader's way of writing.
    """
    if told.comparison is None:
        return []
    suggested = {one.name: one for one in told.comparison.suggestions}
    ends = told.ends
    asked = [end for name, end in ends.items() if name not in suggested and end is not None]
    soonest = min(asked, default=None)
    return [
        Alternative(
            option_name(name, words),
            _total(name, ends, words),
            urlencode({**changed, **_fields(scenario)}),
            is_first=(end := ends.get(name)) is not None and (soonest is None or end < soonest),
        )
        for name, scenario in suggested.items()
    ]


def _total(name: str, ends: Mapping[str, float | None], words: Words) -> str:
    if name not in ends:
        return words.say("not known")
    end = ends[name]
    return words.say("not in sight") if end is None else words.duration(end)


def _fields(scenario: Scenario) -> dict[str, str]:
    """Return the what-if's fields that ask about a suggested option."""
    if scenario.action == "continue":
        every = scenario.plan.validate_every if scenario.plan else None
        return {"validate_every": str(every)} if isinstance(every, int) else {}
    if scenario.resume_step == "latest":
        return {"resume": "1"}
    return {"cancel": "1"}
