"""The evidence below the options: what would flip the verdict, and why it is what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.pages.adding_up import adding_up
from app.pages.refusals import option_name, reason_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from app.views import RunView
    from app.words import Words

MOST_REASONS = 5
MOST_CONDITIONS = 5
SAID_ABOVE = frozenset({"sooner", "sooner_by"})
"""Reasons the answer's own sentence has told already."""

ROOM = 1.25
"""The break-even bar ends this many times beyond the farther of its two marks."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What would speak for one option."""

    title: Markup
    texts: list[Markup]


@dataclass(frozen=True, slots=True)
class BreakEven:
    """The break-even bar: planned length and the mark at which the verdict turns, percent of the bar."""

    planned: str
    tie: str
    end: str
    planned_x: float
    tie_x: float
    slack: Markup
    sentence: Markup


def break_even(view: RunView, words: Words) -> BreakEven | None:
    """Return the bar of what the fix may take, ``None`` where no tie is known."""
    verdict = view.comparison.verdict if view.comparison else None
    if verdict is None or verdict.break_even_seconds is None or verdict.slack_seconds is None:
        return None
    tie = verdict.break_even_seconds
    planned = tie - verdict.slack_seconds
    end = ROOM * max(tie, planned)
    return BreakEven(
        words.duration(planned),
        words.duration(tie),
        words.duration(end),
        round(100 * planned / end, 2),
        round(100 * tie / end, 2),
        _slack(adding_up([planned, verdict.slack_seconds], words)[1], words),
        words.say(
            "Continuing wins if edit, test and queue take more than <b>{tie}</b>.", tie=words.duration(tie)
        ),
    )


def why(view: RunView, words: Words) -> list[Markup]:
    """Return the reasons of the verdict, the strongest first."""
    audit = _audit(view.audit, words)
    reasons = view.comparison.verdict.reasons if view.comparison else ()
    told = [reason_text(reason, words) for reason in reasons if reason.code not in SAID_ABOVE]
    return [text for text in [audit, *told] if text is not None][:MOST_REASONS]


def better_if(view: RunView, words: Words) -> list[Condition]:
    """Return what would make an option that is not advised the better one."""
    conditions = view.comparison.verdict.better_if if view.comparison else None
    advised = view.comparison.verdict.scenario if view.comparison else None
    return [
        Condition(
            words.say("{option} is better if", option=option_name(name, words)),
            [reason_text(reason, words) for reason in reasons[:MOST_CONDITIONS]],
        )
        for name, reasons in (conditions or {}).items()
        if reasons and name != advised
    ]


def _slack(seconds: float, words: Words) -> Markup:
    if seconds >= 0:
        return words.say("{duration} of slack", duration=words.duration(seconds))
    return words.say("{duration} too long", duration=words.duration(-seconds))


def _audit(audit: Mapping[str, object] | None, words: Words) -> Markup | None:
    random = audit.get("random_parameters") if audit else None
    total = audit.get("parameters") if audit else None
    if not isinstance(random, int) or not isinstance(total, int) or not random:
        return None
    return words.say(
        "<b>{random} of {total} parameters started from random.</b> The checkpoint was not loaded in full.",
        random=millions(random, words),
        total=millions(total, words),
    )


def millions(count: int, words: Words) -> str:
    """Return a count of parameters such as 23 M."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{words.significant(count / size, 2)}\u00a0{letter}"
    return words.whole(count)


def middle_seconds(duration: object) -> float | None:
    """Return the middle of a wire duration: exact seconds, or the 10 %-90 % range of a lognormal."""
    if isinstance(duration, int | float):
        return float(duration)
    if not isinstance(duration, list | tuple):
        return None
    low, high = float(duration[0]), float(duration[1])
    return (low * high) ** 0.5 if low > 0 else high / 2
