"""How a verdict is carried out: what to do, when, by which command."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from planner.composition import composition, timeline
from planner.course import PERSON_PHASES, Course
from planner.outcome import mean_of
from planner.reasons import Parameter, reason
from planner.scenario import CompareQuery, Scenario
from planner.verdict import Verdict

_SURELY = 0.95
"""A goal reached less often than this is not announced as if it were."""

ActionKind = Literal["cancel", "edit", "test", "submit", "wait", "done"]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do.

    Attributes:
        at_seconds: from now, in the middle course; at the mean where its end may never come.
        kind: what sort of thing.
        text: plain English, or the command itself.
        code: of the message.
        parameters: what it was filled with.
    """

    at_seconds: float
    kind: ActionKind
    text: str
    code: str
    parameters: Mapping[str, Parameter]


def actions_of(query: CompareQuery, verdict: Verdict, courses: Mapping[str, Course]) -> tuple[Action, ...]:
    """Return the plan of action of a verdict, in order of time."""
    if verdict.action == "wait":
        return (_action(0.0, "wait", "do_wait"),)
    if verdict.action == "stop":
        return (_cancel(query, 0.0), _action(0.0, "done", "do_stopped"))
    scenario = next(s for s in query.scenarios if s.name == verdict.scenario)
    course = courses[scenario.name]
    lasts = {part.phase: part.seconds for part in composition(course) or timeline(course)}
    planned = _relaunch(query, scenario, lasts) if scenario.action == "relaunch" else _continue(scenario)
    return (*planned, _done(query, course, sum(lasts.values())))


def _continue(scenario: Scenario) -> Iterator[Action]:
    if scenario.plan is not None and scenario.plan.validate_every is not None:
        yield _action(0.0, "edit", "do_set", name="validate_every", value=scenario.plan.validate_every)
    elif scenario.plan is not None or scenario.pace is not None:
        yield _action(0.0, "edit", "do_change", scenario=scenario.name)
    yield _action(0.0, "wait", "do_let_run")


def _relaunch(query: CompareQuery, scenario: Scenario, lasts: Mapping[str, float]) -> Iterator[Action]:
    edit, test, queue = (lasts.get(phase, 0.0) for phase in PERSON_PHASES)
    keeps = scenario.cancel == "at_relaunch"
    if not keeps:
        yield _cancel(query, 0.0)
    yield _action(0.0, "edit", "do_edit_meanwhile" if keeps else "do_edit")
    yield _action(edit, "test", "do_test")
    yield _submit(query, scenario, edit + test)
    if keeps:
        yield _cancel(query, edit + test)
    yield _action(edit + test + queue, "wait", "do_let_run")


def _submit(query: CompareQuery, scenario: Scenario, at_seconds: float) -> Action:
    latest = scenario.resume_step == "latest"
    if query.script is None:
        return _action(at_seconds, "submit", "do_submit_latest" if latest else "do_submit")
    return _action(at_seconds, "submit", "do_sbatch_latest" if latest else "do_sbatch", script=query.script)


def _cancel(query: CompareQuery, at_seconds: float) -> Action:
    if query.job is None:
        return _action(at_seconds, "cancel", "do_cancel")
    return _action(at_seconds, "cancel", "do_scancel", job=query.job)


def _done(query: CompareQuery, course: Course, at_seconds: float) -> Action:
    if query.target is None:
        return _action(at_seconds, "done", "do_finished", step=round(course.last_step))
    share = mean_of(course.arrives)
    if share < _SURELY:
        return _action(at_seconds, "done", "do_reached_perhaps", loss=query.target.loss, reach_share=share)
    return _action(at_seconds, "done", "do_reached", loss=query.target.loss)


def _action(at_seconds: float, kind: ActionKind, code: str, **parameters: Parameter) -> Action:
    said = reason(code, **parameters)
    return Action(at_seconds, kind, said.text, said.code, said.parameters)
