"""The option nobody asked about that ends before the one advised: validating less often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.pages.adding_up import adding_up
from app.pages.refusals import option_name
from app.states import ENDED_WORDS

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.views import RunView
    from app.words import Words
    from planner.quantiles import Quantiles
    from planner.report import Comparison

CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class ThirdOption:
    """Going on with rarer validation, and what that takes.

    Attributes:
        name: the planner's.
        every: steps between its validations.
        end: its median seconds from now.
        saved: how much sooner that is than going on as it is; ``None`` where that never ends.
        is_first: whether it ends before the option advised.
    """

    name: str
    every: int
    end: float
    saved: float | None
    is_first: bool


def third_option(view: RunView) -> ThirdOption | None:
    """Return the rarer validation suggested for a run, ``None`` where there is none, or the run is over."""
    if view.comparison is None or view.state_word in {*ENDED_WORDS, "diverged"}:
        return None
    return third_of(view.comparison)


def third_of(comparison: Comparison) -> ThirdOption | None:
    """Return the rarer validation that the planner suggests, ``None`` where it suggests none or is unsure."""
    ends = {one.name: _middle(one.finish_seconds) for one in (*comparison.outcomes, *comparison.suggested)}
    for one in comparison.suggestions:
        every, end = one.plan.validate_every if one.plan else None, ends.get(one.name)
        if one.action == "continue" and isinstance(every, int) and end is not None:
            here, advised = ends.get(CONTINUE), ends.get(comparison.verdict.scenario or "")
            saved = None if here is None else here - end
            is_first = advised is not None and end < advised
            return ThirdOption(one.name, every, end, saved, is_first)
    return None


def headline(view: RunView, words: Words) -> Markup | None:
    """Return what to say of it beside the verdict, where it ends before the option advised."""
    third = third_option(view)
    if third is None or not third.is_first:
        return None
    values: dict[str, object] = {
        "option": option_name(third.name, words),
        "clock": words.clock(view.as_of + third.end),
    }
    if third.saved is None:
        return words.say("Sooner still: <b>{option}</b>, done at {clock}.", **values)
    return words.say(
        "Sooner still: <b>{option}</b>, done at {clock}, {duration} less than as it is.",
        duration=_told(third.end, third.saved, words),
        **values,
    )


def plan_line(comparison: Comparison, words: Words) -> Markup | None:
    """Return what to say of it where no run is known."""
    third = third_of(comparison)
    if third is None or not third.is_first:
        return None
    return words.say(
        "Sooner still: <b>{option}</b>, {duration} from now.",
        option=option_name(third.name, words),
        duration=words.duration(third.end),
    )


def tip(view: RunView, words: Words) -> Markup | None:
    """Return it as a tip below the options, where it is not in the headline already."""
    third, every = third_option(view), view.run.plan.get("validate_every")
    if third is None or third.is_first or third.saved is None or not isinstance(every, int):
        return None
    return words.say(
        "<b>Validate every {rarer} steps instead of {every}</b>: {duration} less, "
        "without touching the model.",
        rarer=words.whole(third.every),
        every=words.whole(every),
        duration=_told(third.end, third.saved, words),
    )


def _told(end: float, saved: float, words: Words) -> str:
    """Return what is saved as the difference of both ends as they are told."""
    return words.duration(adding_up([end, saved], words)[1])


def _middle(quantiles: Quantiles | None) -> float | None:
    return quantiles.at(0.5) if quantiles else None
