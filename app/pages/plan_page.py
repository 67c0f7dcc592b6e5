"""``/plan``: the comparison from typed numbers alone, with the seed document as the filled-in example."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from app.curve_file import LARGEST_BYTES, read_curve
from app.errors import TooLargeError
from app.pages.curve_upload import as_text, unread
from app.pages.field_faces import FieldFace, field_faces
from app.pages.gain import gain
from app.pages.plan_question import EXAMPLE_LOSSES, PlanQuestion, read_plan
from app.pages.problem_words import expectation
from app.pages.refusals import option_name
from app.pages.report_account import account_of
from app.pages.report_blocks import Report, kind_of
from app.pages.report_content import report
from app.pages.report_verdict import verdict_line
from app.pages.third_option import plan_line
from app.pages.visit import Visit, VisitDep
from app.words import Words
from planner.errors import InvalidInputError
from planner.quantiles import Quantiles
from planner.report import Comparison, compare

router = APIRouter()

FILE = "file"
"""The field that an uploaded curve comes in."""


@dataclass(frozen=True, slots=True)
class PlanField:
    """One number of the form, as typed, and whether it can be used."""

    name: str
    label: Markup
    unit: Markup
    text: str
    is_valid: bool


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One option's answer."""

    name: Markup
    left: str
    total: str
    steps: str
    validations: str
    is_advised: bool


@router.get("/plan")
def show_plan(visit: VisitDep) -> Response:
    """Show the comparison of the numbers in the URL, and the whole report of it."""
    params = visit.request.query_params
    if FILE in params:  # the form sends the name of its file field along; no URL can hold a file
        kept = [(name, value) for name, value in params.multi_items() if name != FILE]
        return RedirectResponse(visit.link("/plan") + "?" + urlencode(kept), status_code=303)
    return _page(visit, params)


@router.post("/plan/curve")
async def read_plan_curve(visit: VisitDep) -> Response:
    """Put an uploaded curve of the fixed run among the numbers in the URL; nothing of it is kept."""
    async with visit.request.form() as form:
        typed = {name: value for name, value in form.items() if isinstance(value, str)}
        uploaded = form.get(FILE)
        data = (
            b"" if uploaded is None or isinstance(uploaded, str) else await uploaded.read(LARGEST_BYTES + 1)
        )
    try:
        typed["fixed_losses"] = as_text(read_curve(data))
    except (InvalidInputError, TooLargeError) as error:
        return _page(visit, typed, unread(error, visit.words))
    return RedirectResponse(visit.link("/plan") + "?" + urlencode(typed), status_code=303)


def _page(visit: Visit, params: Mapping[str, str], curve_problem: Markup | None = None) -> Response:
    asked = read_plan(params)
    comparison = compare(asked.query, tells_suggested=True) if asked.query else None
    visit = visit if comparison is None else exactly(visit, comparison)
    words = visit.words
    verdict = comparison.verdict if comparison else None
    return visit.page(
        "plan.html",
        status_code=200 if curve_problem is None and comparison is not None else 422,
        curve_problem=curve_problem,
        fields=_fields(asked, words),
        more=_more(asked, words),
        rows=_rows(comparison, words) if comparison else [],
        title=_title(comparison, words),
        sooner=plan_line(comparison, words) if comparison else None,
        problem=_problem(asked, words),
        tie=verdict.break_even_seconds if verdict else None,
        report=_report(asked, comparison, words),
        kind_of=kind_of,
        download=urlencode(list(params.items())),
    )


def exactly(visit: Visit, comparison: Comparison) -> Visit:
    """Return a visit whose durations are told to the second where every end is exact."""
    ends = [one.finish_seconds for one in comparison.outcomes if one.finish_seconds is not None]
    is_exact = bool(ends) and all(len(set(end.values)) == 1 for end in ends)
    return replace(visit, words=replace(visit.words, to_the_second=is_exact))


def _report(asked: PlanQuestion, comparison: Comparison | None, words: Words) -> Report | None:
    if asked.query is None or comparison is None:
        return None
    return report(account_of(None, words.now, asked.query, comparison), words)


def _problem(asked: PlanQuestion, words: Words) -> Markup | None:
    if asked.unknown:
        return words.say("There is no field {field}.", field=", ".join(asked.unknown))
    labels = [(name, label) for name, label, _ in _labels(words)]
    labels += [(one.field.name, one.label) for one in _more(asked, words)]
    fields = words.plain(", ").join(label for name, label in labels if name in asked.wrong)
    if asked.expected is None:
        return words.say("{field}: no number that can be used.", field=fields) if asked.wrong else None
    expected = expectation(asked.expected, words)
    if not fields:
        return words.say("This cannot be asked: expected {expected}.", expected=expected)
    return words.say("{field}: expected {expected}.", field=fields, expected=expected)


def _fields(asked: PlanQuestion, words: Words) -> list[PlanField]:
    return [
        PlanField(name, label, unit, _shown(name, asked.typed[name], words), name not in asked.wrong)
        for name, label, unit in _labels(words)
    ]


def _shown(name: str, text: str, words: Words) -> str:
    """Return what a field holds; the example's losses as the reader writes them."""
    return text.replace(".", words.decimal(0.5)[1]) if text == EXAMPLE_LOSSES.get(name) else text


def _more(asked: PlanQuestion, words: Words) -> list[FieldFace]:
    return field_faces(list(asked.wishes.values()), words)


def _rows(comparison: Comparison, words: Words) -> list[PlanRow]:
    return [
        PlanRow(
            option_name(one.name, words),
            _time(one.finish_seconds, words),
            _time(one.total_seconds, words),
            words.whole(one.steps_left or 0),
            words.whole(one.validations_left or 0),
            one.name == comparison.verdict.scenario,
        )
        for one in comparison.outcomes
    ]


def _time(seconds: Quantiles | None, words: Words) -> str:
    middle = seconds.at(0.5) if seconds is not None else None
    if seconds is None:
        return words.say("not known")
    return words.say("not in sight") if middle is None else words.duration(middle)


def _title(comparison: Comparison | None, words: Words) -> Markup:
    if comparison is None:
        return words.say("Continue, or cancel, fix and relaunch?")
    told = gain(comparison, words)
    if told is None:
        return verdict_line(comparison, words)
    option = option_name(comparison.verdict.scenario or comparison.verdict.action, words)
    return words.say("{option}: {duration} sooner.", option=option, duration=told)


def _labels(words: Words) -> list[tuple[str, Markup, Markup]]:
    minutes, steps, seconds = words.plain("min"), words.say("steps"), words.plain("s")
    return [
        ("elapsed", words.say("Spent so far"), minutes),
        ("at_step", words.say("Steps done"), steps),
        ("total_steps", words.say("Steps in all"), steps),
        ("step", words.say("One step takes"), seconds),
        ("validation", words.say("One validation takes"), minutes),
        ("validate_every", words.say("Validate every"), steps),
        ("startup", words.say("Start-up"), minutes),
        ("edit", words.say("Edit"), minutes),
        ("test", words.say("Test"), minutes),
        ("queue", words.say("Queue"), minutes),
        ("steps", words.say("Steps after the fix"), steps),
        ("target", words.say("Target val loss, if any"), words.plain("")),
        ("job", words.say("Job"), words.plain("")),
        ("script", words.say("Batch script"), words.plain("")),
        ("losses", words.say("Losses if it continues (step: low-high; …)"), words.plain("")),
        ("fixed_losses", words.say("Losses after the fix (step: low-high; …)"), words.plain("")),
    ]
