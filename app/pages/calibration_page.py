"""``/calibration``: how right the ETAs of finished runs were."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup

from app.hindsight import Calibration, EndedRun, calibration_of
from app.pages.visit import VisitDep
from app.parts import StoreDep
from app.words import Words
from planner.hindsight import Hit, LevelShare

PROMISED = 0.8
"""What an interval promises to hold."""
MARGIN = 0.05
FEWEST_RUNS = 10
"""Of fewer runs a share says little yet."""
SLIGHT = 0.01

router = APIRouter()


@dataclass(frozen=True, slots=True)
class ProgressLine:
    """How ETAs said at some progress did, in the reader's words."""

    progress: str
    runs: str
    count: str
    covered: str
    error: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """How the ETAs of one run did, in the reader's words."""

    id: str
    count: str
    covered: str
    error: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A quantile on the chart, in percent of its sides, y from below, and in words."""

    x: float
    y: float
    level: str
    observed: str


@dataclass(frozen=True, slots=True)
class CalibrationFace:
    """The page, ready to show."""

    title: Markup
    lead: Markup
    caution: Markup | None
    lines: list[ProgressLine]
    dots: list[Dot]
    runs: list[RunLine]


def calibration_face(found: Calibration, words: Words) -> CalibrationFace:
    """Return how right the ETAs were, in the reader's words."""
    overall = found.overall
    return CalibrationFace(
        title=_title(overall, words),
        lead=_lead(overall, words),
        caution=words.say("So few runs prove little yet.") if overall.runs < FEWEST_RUNS else None,
        lines=[_line(hit, words) for hit in found.by_progress],
        dots=[_dot(share, words) for share in found.levels],
        runs=[_run_line(run, words) for run in found.runs],
    )


@router.get("/calibration")
def show_calibration(visit: VisitDep, store: StoreDep) -> Response:
    """Show how right the ETAs of this user's finished runs were."""
    found = calibration_of(store, visit.user)
    face = None if found is None else calibration_face(found, visit.words)
    return visit.page("calibration.html", face=face)


def _title(overall: Hit, words: Words) -> Markup:
    covered = overall.covered or 0.0
    values = {"covered": words.percent(covered), "promised": words.percent(PROMISED)}
    if covered < PROMISED - MARGIN:
        return words.say("The {promised} intervals held only {covered} of the ends", **values)
    if covered > PROMISED + MARGIN:
        return words.say("The {promised} intervals held {covered} of the ends: wider than need be", **values)
    return words.say("The {promised} intervals held {covered} of the ends", **values)


def _lead(overall: Hit, words: Words) -> Markup:
    runs = words.say_n("{n} finished run", "{n} finished runs", overall.runs)
    error = overall.median_relative_error
    if error is None:
        return words.say("Measured on {runs}; each counts the same.", runs=runs)
    return words.say(
        "Measured on {runs}; each counts the same. "
        "Half of the ETAs were off by less than {error} of what was left.",
        runs=runs,
        error=words.percent(max(error, SLIGHT)),
    )


def _line(hit: Hit, words: Words) -> ProgressLine:
    low, high = words.whole(100 * hit.low), words.percent(hit.high)
    return ProgressLine(
        f"{low}–{high}",
        words.whole(hit.runs),
        words.whole(hit.count),
        _percent(hit.covered, words),
        _percent(hit.median_relative_error, words),
    )


def _run_line(run: EndedRun, words: Words) -> RunLine:
    hit = run.hit
    return RunLine(
        run.id,
        words.whole(hit.count),
        _percent(hit.covered, words),
        _percent(hit.median_relative_error, words),
    )


def _percent(share: float | None, words: Words) -> str:
    """Return a share; what is there but rounds to nothing is said to be under one percent."""
    if share is None:
        return "–"
    return words.sureness(share) if 0 < share < SLIGHT else words.percent(share)


def _dot(share: LevelShare, words: Words) -> Dot:
    return Dot(
        round(100 * share.level, 2),
        round(100 * share.observed, 2),
        words.percent(share.level),
        words.percent(share.observed),
    )
