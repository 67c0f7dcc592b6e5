"""Which assumption turns the verdict: the planner's sensitivities, in words and as bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.pages.refusals import option_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from app.words import Words
    from planner.sensitivity import Sensitivity

MOST_ASSUMPTIONS = 8
LEAST_SWING = 1.0


@dataclass(frozen=True, slots=True)
class Assumption:
    """One input of a comparison: what it is now, where it turns the verdict, how far it moves the lead.

    Attributes:
        name: of the input.
        now: its value.
        flips_at: the nearest value at which another option is ahead, "never" where there is none.
        turns: whether there is one.
        swing: how far the lead moves over its usual range.
        width: of its bar, in percent of the widest.
    """

    name: Markup
    now: str
    flips_at: Markup
    turns: bool
    swing: str
    width: float


def assumptions(found: Sequence[Sensitivity], names: Sequence[str], words: Words) -> list[Assumption]:
    """Return the inputs that matter, the one that turns the verdict first at the top."""
    told = [one for one in found if one.flips_at is not None or (one.swing_seconds or 0.0) >= LEAST_SWING]
    widest = max((one.swing_seconds or 0.0 for one in told), default=0.0) or 1.0
    return [_assumption(one, names, widest, words) for one in told[:MOST_ASSUMPTIONS]]


def _assumption(found: Sensitivity, names: Sequence[str], widest: float, words: Words) -> Assumption:
    *place, part = found.input.strip("/").split("/")
    never, swing = words.say("nowhere"), found.swing_seconds
    return Assumption(
        _name(place, part, names, words),
        _value(part, found.value, words),
        never if found.flips_at is None else words.plain(_value(part, found.flips_at, words)),
        found.flips_at is not None,
        words.say("not known") if swing is None else words.duration(swing),
        round(100 * (swing or 0.0) / widest, 2),
    )


def _value(part: str, value: float, words: Words) -> str:
    if part.endswith("_seconds"):
        return words.duration(value)
    if part in {"success_probability", "curve"}:
        return words.percent(value)
    return words.whole(value) if part == "total_steps" else words.significant(value)


def _name(place: Sequence[str], part: str, names: Sequence[str], words: Words) -> Markup:
    named = {
        "step_seconds": words.say("One step takes"),
        "validation_seconds": words.say("One validation takes"),
        "checkpoint_seconds": words.say("One checkpoint takes"),
        "startup_seconds": words.say("Start-up"),
        "edit_seconds": words.say("Edit"),
        "test_seconds": words.say("Test"),
        "queue_seconds": words.say("Queue"),
        "success_probability": words.say("The fix works at once"),
        "total_steps": words.say("Steps in all"),
        "loss": words.say("Target loss"),
        "curve": words.say("Share of curves whose loss is lower"),
    }
    name = named.get(part) or words.plain(part.replace("_", " "))
    is_of_one = part in {"total_steps", "curve"} or "pace" in place[1:]
    if place[:1] == ["scenarios"] and is_of_one:
        return words.say("{name} ({option})", name=name, option=option_name(names[int(place[1])], words))
    return name
