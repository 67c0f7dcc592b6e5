"""``/fixes``: what was predicted of relaunches, beside what came of them, and what is learned from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup

from app.fixes import FixOutcome, PartOutcome
from app.habits import Habits
from app.pages.default_notes import usual_source
from app.pages.report_facts import span
from app.pages.visit import VisitDep
from app.parts import ActionsDep, PlansDep
from app.words import Words

router = APIRouter()


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of a relaunch: predicted, 8 times in 10, and realised, in the reader's words."""

    name: Markup
    predicted: Markup
    between: Markup
    realised: Markup
    verdict: Markup | None


@dataclass(frozen=True, slots=True)
class OutcomeFace:
    """A relaunch as it was predicted and as it went, ready to show."""

    title: Markup
    replacement: str
    run: str
    new_run: str | None
    clicked: str
    lines: list[PartLine]
    instead: Markup | None


@dataclass(frozen=True, slots=True)
class UsualLine:
    """What one part of a fix usually takes, and where that is known from."""

    name: Markup
    between: Markup
    source: Markup


@router.get("/fixes")
def show_fixes(visit: VisitDep, actions: ActionsDep, plans: PlansDep) -> Response:
    """Show this user's relaunches, predicted and realised, and what the next comparison starts from."""
    told = [outcome_face(one, visit.words) for one in actions.outcomes(visit.user)]
    usual = usual_lines(plans.habits_of(visit.user), visit.words)
    return visit.page("fixes.html", outcomes=told, usual=usual)


def outcome_face(outcome: FixOutcome, words: Words) -> OutcomeFace:
    """Return a relaunch, predicted beside realised."""
    instead = outcome.continue_seconds.at(0.5) if outcome.continue_seconds else None
    return OutcomeFace(
        title=_title(outcome.parts, words),
        replacement=outcome.replacement,
        run=outcome.run,
        new_run=outcome.new_run,
        clicked=words.moment(outcome.clicked),
        lines=[_line(part, words) for part in outcome.parts],
        instead=None
        if instead is None
        else words.say(
            "Going on instead was to take {duration} from the click.", duration=words.duration(instead)
        ),
    )


def usual_lines(habits: Habits, words: Words) -> list[UsualLine]:
    """Return what a fix usually takes, part by part."""
    named = (("edit", habits.edit), ("test", habits.test), ("queue", habits.queue))
    return [
        UsualLine(
            _name(part, words),
            span(usual.low_seconds, usual.high_seconds, words),
            usual_source(usual, words),
        )
        for part, usual in named
    ]


def _title(parts: Sequence[PartOutcome], words: Words) -> Markup:
    finish = next((part for part in parts if part.part == "finish"), None)
    realised = finish.realised_seconds if finish is not None else None
    predicted = finish.predicted_seconds.at(0.5) if finish is not None and finish.predicted_seconds else None
    if realised is None or predicted is None:
        return words.say("Predicted beside realised")
    return words.say(
        "It took {realised}; {predicted} was predicted",
        realised=words.duration(realised),
        predicted=words.duration(predicted),
    )


def _line(part: PartOutcome, words: Words) -> PartLine:
    predicted, took, unknown = part.predicted_seconds, part.realised_seconds, words.say("not known")
    low, middle, high = (predicted.at(level) if predicted else None for level in (0.1, 0.5, 0.9))
    between = unknown
    if low is not None and high is not None:
        between = span(low, high, words)
    return PartLine(
        _name(part.part, words),
        unknown if middle is None else words.plain(words.duration(middle)),
        between,
        words.say("not yet") if took is None else words.plain(words.duration(took)),
        None if took is None or low is None or high is None else _held(took, low, high, words),
    )


def _held(took: float, low: float, high: float, words: Words) -> Markup:
    if took < low:
        return words.say("sooner")
    return words.say("later") if took > high else words.say("within")


def _name(part: str, words: Words) -> Markup:
    named = {
        "edit": words.say("Edit"),
        "test": words.say("Test"),
        "queue": words.say("Queue"),
        "startup": words.say("Start-up"),
        "finish": words.say("From the click to the end"),
    }
    return named[part]
