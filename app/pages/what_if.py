"""What if: assumptions in the URL, applied to both options, and what comes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from app.pages.alternatives import Alternative, alternatives
from app.pages.cadence import asked_of_trainer, cadence_to_set
from app.pages.default_notes import curve_choices, default_notes
from app.pages.field_faces import FieldFace, field_faces
from app.pages.gain import gain
from app.pages.options import is_past_target
from app.pages.problem_words import expectation
from app.pages.refusals import option_name, reason_text
from app.pages.report_verdict import pareto_note
from app.pages.summary_table import summary_table
from app.pages.what_if_answer import asked
from app.pages.what_if_fields import FIELDS, MORE_FIELDS, Value, field_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from app.pages.report_blocks import Table
    from app.plans import Plans
    from app.views import RunView
    from app.words import Words
    from planner.outcome import Outcome
    from planner.report import Comparison


@dataclass(frozen=True, slots=True)
class OptionResult:
    """One option's end under the assumptions, and how that differs from before."""

    name: Markup
    total: str
    difference: Markup | None
    is_sooner: bool


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The what-if of one run, ready to show."""

    run_id: str
    summary: Table | None
    pareto: Markup | None
    alternatives: list[Alternative]
    title: Markup
    fields: list[FieldFace]
    more: list[FieldFace]
    results: list[OptionResult]
    sentence: Markup
    hint: Markup | None
    cadence: int | None
    told_trainer: Markup | None
    is_changed: bool
    is_valid: bool
    has_more_changed: bool
    query: str


def what_if(view: RunView, query: Mapping[str, str], plans: Plans, words: Words) -> WhatIf:
    """Return the form and the answer for what a URL assumes."""
    values = field_values(view, query)
    told = asked(view, values, plans)
    is_changed = any(value.is_changed for value in values.values())
    question, found = told.question, told.comparison
    problem = None
    if told.expected is not None:
        expected = expectation(told.expected, words)
        problem = words.say("This cannot be asked: expected {expected}.", expected=expected)
    changed = {name: value.text for name, value in values.items() if value.is_changed}
    return WhatIf(
        run_id=view.run.id,
        summary=None if question is None or found is None else summary_table(question, found, words),
        pareto=None if found is None else pareto_note(found.verdict, words),
        alternatives=alternatives(told, changed, words),
        title=_title(values, words),
        fields=field_faces(
            [values[field.name] for field in FIELDS],
            words,
            target_of=view.target_of,
            choices={"curve": curve_choices(view, values["curve"], plans, words)},
            notes=default_notes(view, words, is_cancelled_first=values["cancel"].number == 0),
        ),
        more=field_faces([values[field.name] for field in MORE_FIELDS], words),
        results=option_results(view, found, words),
        sentence=problem or sentence(view, found, words, is_changed=is_changed),
        hint=_hint(found, words),
        cadence=cadence_to_set(view, values),
        told_trainer=asked_of_trainer(view, words),
        is_changed=is_changed,
        is_valid=all(value.is_valid for value in values.values()),
        query=urlencode(changed),
        has_more_changed=any(values[field.name].is_changed for field in MORE_FIELDS),
    )


def _title(values: Mapping[str, Value], words: Words) -> Markup:
    changed = [value for value in values.values() if value.is_changed and value.is_valid]
    every = values["validate_every"]
    if len(changed) == 1 and every.is_changed and every.number is not None and every.default is not None:
        return words.say(
            "Validate every {n} steps, not {was}",
            n=words.whole(every.number),
            was=words.whole(every.default),
        )
    if not changed:
        return words.say("Change an assumption")
    return words.say_n("{n} assumption changed", "{n} assumptions changed", len(changed))


def option_results(view: RunView, asked: Comparison | None, words: Words) -> list[OptionResult]:
    """Return what comes of each option under the assumptions, and how that differs from before."""
    before = (
        {one.name: _median(one.finish_seconds) for one in view.comparison.outcomes} if view.comparison else {}
    )
    return [
        _result(one, before.get(one.name), words)
        for one in (asked.outcomes if asked else ())
        if one.name != "stop"
    ]


def _result(outcome: Outcome, before: float | None, words: Words) -> OptionResult:
    name, now = outcome.name, _median(outcome.finish_seconds)
    if now is None:
        is_refused = outcome.finish_seconds is None
        total = words.say("not known") if is_refused else words.say("not in sight")
        return OptionResult(option_name(name, words), total, None, is_sooner=False)
    gain = (before - now) if before is not None else 0.0
    difference = None
    if before is not None and words.duration(now) != words.duration(before):
        length = words.duration(abs(gain))
        difference = (
            words.say("{duration} sooner", duration=length)
            if gain > 0
            else words.say("{duration} later", duration=length)
        )
    return OptionResult(option_name(name, words), words.duration(now), difference, is_sooner=gain > 0)


def sentence(view: RunView, asked: Comparison | None, words: Words, *, is_changed: bool) -> Markup:
    """Return the answer in one sentence."""
    if asked is None:
        return words.say("Nothing to compare yet.")
    if asked.verdict.action == "wait":
        return _unknown(asked, words)
    if asked.verdict.action != "stop" and _is_out_of_sight(asked):
        return words.say("None of them is expected to get there.")
    return _ahead(view, asked, words, is_changed=is_changed)


def _unknown(asked: Comparison, words: Words) -> Markup:
    """Return that too little is known, and what it is that is not."""
    missing = [reason_text(one, words) for one in asked.verdict.reasons[:1]]
    return words.plain(" ").join([words.say("Too little is known to choose."), *missing])


def _is_out_of_sight(asked: Comparison) -> bool:
    """Return whether no option is expected to get there; of one that was refused that is not known."""
    known = [one for one in asked.outcomes if one.name != "stop" and one.status == "ok"]
    return bool(known) and all(_median(one.finish_seconds) is None for one in known)


def _ahead(view: RunView, asked: Comparison, words: Words, *, is_changed: bool) -> Markup:
    """Return which option is ahead, and whether that is news."""
    verdict, was = asked.verdict, view.comparison.verdict.action if view.comparison else None
    told = gain(asked, words)
    option = option_name(verdict.scenario or verdict.action, words)
    if told is None:
        return words.say("Then: <b>{option}</b>.", option=option)
    values = {"option": option, "duration": told}
    if not is_changed:
        return words.say("<b>{option}</b> is {duration} ahead.", **values)
    if verdict.action == was:
        return words.say("Still <b>{option}</b>, {duration} ahead.", **values)
    return words.say("Then <b>{option}</b>, {duration} ahead.", **values)


def _hint(found: Comparison | None, words: Words) -> Markup | None:
    """Return what an answer rests on: where both options end, or how the fixed run is taken to learn."""
    codes = {reason.code for reason in found.verdict.reasons} if found is not None else set()
    if "target_left_out" in codes:
        return words.say("The target is left out: both are compared at the end of their steps.")
    if is_past_target(found):
        return words.say("The target is reached: both are compared at the end of their steps.")
    if "learns_alike" not in codes:
        return None
    return words.say("The fixed run is taken to learn as this one does: say below if it learns faster.")


def _median(quantiles: Any) -> float | None:  # noqa: ANN401 - quantiles or nothing
    return quantiles.at(0.5) if quantiles else None
