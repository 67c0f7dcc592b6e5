"""What speaks for a verdict, and what would speak for another scenario."""

from collections.abc import Iterator

import numpy as np

from planner.choice import is_feasible, mean_costs, together_first
from planner.composition import composition, timeline
from planner.course import Course
from planner.evidence import Evidence
from planner.outcome import mean_of, median_of
from planner.reasons import Reason, reason, refused
from planner.scenario import CompareQuery
from planner.simulation import leaves_checkpoints_out

_LIKELY = 0.8
_CLOSE = 0.65
_WORTH_SAYING = 0.05
_RETRIES = 1.05


def reasons_of(evidence: Evidence) -> tuple[Reason, ...]:
    """Return what speaks for the verdict, the most important first."""
    groups = (
        _refusals, _nothing, _decisive, _no_target, _unweighed, _attention, _reach, _alike, _goals, _ends,
        _work, _sunk,
    )  # fmt: skip
    return tuple(found for group in groups for found in group(evidence))


def _refusals(evidence: Evidence) -> Iterator[Reason]:
    for name, code in evidence.refusals.items():
        yield refused(name, code)


def _nothing(evidence: Evidence) -> Iterator[Reason]:
    if not evidence.courses and not evidence.refusals:
        yield reason("nothing_pursues_the_goal")


def _no_target(evidence: Evidence) -> Iterator[Reason]:
    reached, left_out = evidence.query.reached, evidence.query.left_out
    if evidence.query.target is not None:
        return
    if reached is not None:
        yield reason("target_reached", loss=reached.loss)
    if left_out is not None:
        yield reason("target_left_out", loss=left_out.loss)


def _unweighed(evidence: Evidence) -> Iterator[Reason]:
    objective = evidence.query.objective
    if objective is not None and objective.cost > 0 and mean_costs(evidence.query, evidence.courses) is None:
        yield reason("cost_unknown")


def _decisive(evidence: Evidence) -> Iterator[Reason]:
    name, ranking = evidence.chosen, evidence.ranking
    if name is None or ranking is None or len(evidence.courses) == 1:
        return
    yield from _saving(evidence, name)
    shares = together_first(evidence.query, ranking)
    first = shares[name]
    if first < max(shares.values()):
        yield from _not_first(evidence, name)
    yield reason("close_call" if first < _CLOSE else "likely_first", scenario=name, first_share=first)


def _not_first(evidence: Evidence, name: str) -> Iterator[Reason]:
    objective = evidence.query.objective
    if any(criterion.weight > 0 for criterion in evidence.query.criteria or ()):
        yield reason("criteria_decide", scenario=name)
    elif objective is not None and objective.cost > 0:
        yield reason("cost_decides", scenario=name)
    else:
        yield reason("rare_long_cases", scenario=name)


def _saving(evidence: Evidence, name: str) -> Iterator[Reason]:
    continuing, saving = evidence.first_of("continue"), evidence.median_saving
    if continuing is None or saving is None:
        return
    share = {} if evidence.saving_fraction is None else {"saving_share": abs(evidence.saving_fraction)}
    code = "sooner_by" if share else "sooner"
    if saving < 0 and name == continuing:
        yield reason(code, scenario=name, other="the best alternative", saving_seconds=-saving, **share)
    elif saving > 0 and name != continuing:
        yield reason(code, scenario=name, other=continuing, saving_seconds=saving, **share)


def _attention(evidence: Evidence) -> Iterator[Reason]:
    available = evidence.query.attention_seconds
    for name, course in evidence.courses.items():
        if available is not None and not is_feasible(course, available):
            needed = median_of(course.attention_seconds) or 0.0
            yield reason(
                "attention_too_short", scenario=name, needed_seconds=needed, available_seconds=available
            )


def _reach(evidence: Evidence) -> Iterator[Reason]:
    target, ranking = evidence.query.target, evidence.ranking
    if target is None or ranking is None:
        return
    for name, course in evidence.courses.items():
        share = mean_of(course.arrives)
        if share < 1 - _LIKELY:
            total = round(course.last_step)
            yield reason(
                "target_out_of_reach", scenario=name, loss=target.loss, total_steps=total, reach_share=share
            )
    if _WORTH_SAYING < ranking.probability_nobody < 1:
        yield reason("may_never_arrive", never_share=ranking.probability_nobody)


def _alike(evidence: Evidence) -> Iterator[Reason]:
    for name in evidence.courses:
        if evidence.learns_alike(name):
            yield reason("learns_alike", scenario=name, other=evidence.first_of("continue") or "")


def _goals(evidence: Evidence) -> Iterator[Reason]:
    totals = sorted({course.leg.total for course in evidence.courses.values()})
    if evidence.query.target is None and len(totals) > 1:
        yield reason("different_goals", steps=", ".join(str(total) for total in totals))


def _ends(evidence: Evidence) -> Iterator[Reason]:
    """Say what may end a scenario before its last step, and what of that is not counted."""
    for name, course in evidence.courses.items():
        cut = mean_of(course.trained_share(course.whole_seconds) < 1)
        if cut > _WORTH_SAYING:
            yield reason("ends_by_budget", scenario=name, ends_share=cut)
    continuing = evidence.first_of("continue")
    if continuing is not None and evidence.query.plan.early_stopping is not None:
        yield reason("early_stopping_left_out", scenario=continuing)


def _work(evidence: Evidence) -> Iterator[Reason]:
    for index, scenario in enumerate(evidence.query.scenarios):
        course = evidence.courses.get(scenario.name)
        if course is not None:
            begun = evidence.query.begun_seconds.get("validation") if scenario.action == "continue" else None
            yield from _validation(scenario.name, course, is_begun=bool(begun))
            yield from _count(evidence.query, index, course)
            if leaves_checkpoints_out(evidence.query, index):
                yield reason("checkpoints_left_out", scenario=scenario.name)
            if scenario.action == "relaunch":
                yield from _relaunch(evidence, scenario.name, course)


def _validation(name: str, course: Course, *, is_begun: bool) -> Iterator[Reason]:
    if mean_of(course.phases["validation"]) <= 0:
        return
    parts = {part.phase: part.seconds for part in composition(course) or timeline(course)}
    spent, each = parts.get("validation", 0.0), median_of(course.pace["validation"])
    if not each or spent <= parts.get("step", 0.0):
        return
    share, count = spent / sum(parts.values()), round(spent / each)
    if count == 0 or (is_begun and spent < each):
        yield reason("validation_part", scenario=name, validation_share=share, validation_seconds=each)
        return
    yield reason(
        "validation_dominates",
        scenario=name,
        validation_share=share,
        validations=count,
        validation_seconds=each,
    )


def _count(query: CompareQuery, index: int, course: Course) -> Iterator[Reason]:
    given, due = query.scenarios[index].validations_left, course.leg.validations
    if given is None or due is None:
        return
    counted = due.count - int(np.median(due.count_up_to(course.leg.start)))
    if counted != given:
        name = query.scenarios[index].name
        yield reason("validation_count", scenario=name, counted=counted, given=given)


def _relaunch(evidence: Evidence, name: str, course: Course) -> Iterator[Reason]:
    continuing = evidence.first_of("continue")
    if continuing is not None:
        steps, other = _steps(course), _steps(evidence.courses[continuing])
        if steps is not None and other is not None and steps < other:
            yield reason("fewer_steps", scenario=name, steps=steps, other=continuing, other_steps=other)
    startup, tries = median_of(course.phases["startup"]), mean_of(course.startups)
    if startup:
        yield reason("startup_again", scenario=name, startup_seconds=startup)
    if tries > _RETRIES:
        yield reason("retries_likely", scenario=name, tries=round(tries, 1))


def _steps(course: Course) -> int | None:
    """Return the median steps to the goal, ``None`` where it is likely never reached."""
    seconds = median_of(np.where(course.arrives, course.counts.steps, np.inf))
    return None if seconds is None else round(seconds)


def _sunk(evidence: Evidence) -> Iterator[Reason]:
    sunk = evidence.query.elapsed_seconds
    if sunk:
        yield reason("sunk_time", sunk_seconds=sunk)
