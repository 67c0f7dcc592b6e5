"""What a verdict rests on."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np

from planner.break_even import break_even_seconds, planned_seconds
from planner.choice import choose
from planner.course import Course
from planner.draws import Source
from planner.outcome import median_of
from planner.quantiles import Quantiles
from planner.ranking import Ranking, differences, signed_quantiles
from planner.scenario import CompareQuery, fix_of
from planner.sensitivity import Sensitivity, nearness, sensitivities
from planner.spare_time import spare_seconds
from planner.step_budget import step_budget

_PERSON_PARTS = frozenset({"edit_seconds", "test_seconds"})


@dataclass(frozen=True, slots=True)
class _Tie:
    """Where going on and a relaunch tie; ``None`` where they do not.

    Attributes:
        seconds: edit + test + queue there.
        slack: how much longer edit or test may take until then.
        waiting_slack: how much longer the queue may take: less, where the job trains on until it is entered.
    """

    seconds: float | None
    slack: float | None
    waiting_slack: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The comparison as numbers, before anything is said about it.

    Attributes:
        query: the question.
        courses: of the scenarios that can be answered, by name.
        refusals: why others cannot, by name.
        ranking: of the courses; ``None`` without any.
        chosen: the scenario advised; ``None`` where none leads to the goal.
        saving_seconds: continue - best other; ``None`` where there is nothing to save against.
        median_saving: its median.
        best_relaunch: the relaunch with the lowest median finish.
        break_even_seconds: edit + test + queue at which continuing and that relaunch tie.
        slack_seconds: how much longer they may take than they do until that is so.
        sensitivity: which input flips the verdict.
    """

    query: CompareQuery
    courses: Mapping[str, Course]
    refusals: Mapping[str, str]
    ranking: Ranking | None
    chosen: str | None
    saving_seconds: Quantiles | None
    median_saving: float | None
    best_relaunch: str | None
    break_even_seconds: float | None
    slack_seconds: float | None
    sensitivity: tuple[Sensitivity, ...]

    def first_of(self, action: str) -> str | None:
        """Return the name of the first answered scenario with an action."""
        return _first_of(self.query, self.courses, action)

    def learns_alike(self, name: str) -> bool:
        """Return whether a relaunch is to reach the target along the very curve of going on."""
        curves = {scenario.name: scenario.curve for scenario in self.query.scenarios}
        relaunches = {scenario.name for scenario in self.query.scenarios if scenario.action == "relaunch"}
        continuing = self.first_of("continue")
        if self.query.target is None or continuing is None or name not in relaunches:
            return False
        return curves[name] is not None and curves[name] == curves[continuing]

    @property
    def saving_fraction(self) -> float | None:
        """Median saving over continue's median total."""
        continuing, saving = self.first_of("continue"), self.median_saving
        if continuing is None or saving is None or self.query.elapsed_seconds is None:
            return None
        finish = median_of(self.courses[continuing].finish_seconds)
        total = None if finish is None else finish + self.query.elapsed_seconds
        return saving / total if total else None


def gather(
    query: CompareQuery,
    courses: Mapping[str, Course],
    refusals: Mapping[str, str],
    ranking: Ranking | None,
    source: Source,
) -> Evidence:
    """Return the choice and the evidence for it; the source is where the courses got their draws from."""
    chosen = None if ranking is None else choose(query, courses, ranking)
    continuing, relaunch = _first_of(query, courses, "continue"), _best_relaunch(query, courses)
    tie = _tie(query, courses, continuing, relaunch, source)
    saving, median = _saving(query, courses, ranking, continuing)
    found = _sensitivities(query, courses, chosen)
    if _is_duel(query, courses, {continuing, relaunch}, chosen):
        found = tuple(sorted((_at_tie(one, query, tie) for one in found), key=nearness))
    return Evidence(
        query, courses, refusals, ranking, chosen, saving, median, relaunch, tie.seconds, tie.slack, found
    )


def _tie(
    query: CompareQuery,
    courses: Mapping[str, Course],
    continuing: str | None,
    relaunch: str | None,
    source: Source,
) -> _Tie:
    """Return where going on and a relaunch tie."""
    if continuing is None or relaunch is None:
        return _Tie(None, None, None)
    planned = planned_seconds(courses[relaunch])
    seconds = break_even_seconds(courses[continuing], courses[relaunch])
    waiting = slack = None if seconds is None or planned is None else seconds - planned
    goal, finish = (median_of(courses[name].finish_seconds) for name in (continuing, relaunch))
    if planned is not None and goal is not None and finish is not None and _moves(query, relaunch):
        place = [scenario.name for scenario in query.scenarios].index(relaunch)
        slack = spare_seconds(query, place, goal - finish, source)
        seconds = None if slack is None else planned + slack
    return _Tie(seconds, slack, waiting)


def _moves(query: CompareQuery, relaunch: str) -> bool:
    """Return whether a relaunch starts from what the job saves while its fix is made: its tie moves."""
    kept = [one for one in query.scenarios if one.resume_step == "latest" and one.cancel == "at_relaunch"]
    return isinstance(query.plan.checkpoint_every, int) and any(one.name == relaunch for one in kept)


def _is_duel(
    query: CompareQuery,
    courses: Mapping[str, Course],
    duellists: AbstractSet[str | None],
    chosen: str | None,
) -> bool:
    """Return whether break-even decides: between going on and the best way to carry out one fix."""
    fixes = {fix_of(scenario) for scenario in query.scenarios if scenario.name in duellists}
    others = [s for s in query.scenarios if s.name in courses and s.name not in duellists]
    return chosen in duellists and all(fix_of(one) is not None and fix_of(one) in fixes for one in others)


def _at_tie(found: Sensitivity, query: CompareQuery, tie: _Tie) -> Sensitivity:
    """Return where one part of a fix turns the verdict: as much longer as all of them together may take."""
    part = found.input.rpartition("/")[2]
    is_waiting = part == "queue_seconds" or (part == "startup_seconds" and query.at_step > 0)
    slack = tie.waiting_slack if is_waiting else tie.slack
    if slack is None or not (is_waiting or part in _PERSON_PARTS):
        return found
    flips_at = found.value + slack
    return replace(found, flips_at=flips_at if flips_at >= 0 else None)


def _first_of(query: CompareQuery, courses: Mapping[str, Course], action: str) -> str | None:
    """Return the first answered scenario with an action; one that changes nothing goes before."""
    found = [s for s in query.scenarios if s.action == action and s.name in courses]
    unchanged = [s for s in found if s.plan is None and s.pace is None]
    return next((s.name for s in (*unchanged, *found)), None)


def _best_relaunch(query: CompareQuery, courses: Mapping[str, Course]) -> str | None:
    names = [s.name for s in query.scenarios if s.action == "relaunch" and s.name in courses]
    return _soonest(courses, names) if names else None


def _soonest(courses: Mapping[str, Course], names: Sequence[str]) -> str:
    medians = {name: median_of(courses[name].finish_seconds) for name in names}
    ranked = {name: np.inf if seconds is None else seconds for name, seconds in medians.items()}
    return min(names, key=lambda name: ranked[name])


def _saving(
    query: CompareQuery, courses: Mapping[str, Course], ranking: Ranking | None, continuing: str | None
) -> tuple[Quantiles | None, float | None]:
    """Return the quantiles of the saving and its median.

    Draws in which the person has too little attention for all the others leave nothing to save against: what
    is told is what another way saves where it can be taken.
    """
    if ranking is None or continuing is None or len(ranking.names) == 1:
        return None, None
    own = ranking.names.index(continuing)
    others = np.delete(ranking.finish, own, axis=0).min(axis=0)
    needed = [courses[name].attention_seconds for name in ranking.names if name != continuing]
    least = np.broadcast_to(np.minimum.reduce(np.broadcast_arrays(*needed)), others.shape)
    if query.attention_seconds is not None and np.any(least <= query.attention_seconds):
        can = least <= query.attention_seconds
        lead = differences(ranking.finish[own][can], others[can])
    else:
        lead = differences(ranking.finish[own], others)
    found = signed_quantiles(lead, (*query.quantiles, 0.5))
    if found is None:
        return None, None
    return Quantiles(query.quantiles, found.values[:-1]), found.values[-1]


def _sensitivities(
    query: CompareQuery, courses: Mapping[str, Course], chosen: str | None
) -> tuple[Sensitivity, ...]:
    if chosen is None:
        return ()
    names = [s.name for s in query.scenarios]
    answered = [index for index, name in enumerate(names) if name in courses]
    found = [*sensitivities(query, names.index(chosen), answered)]
    rivals = _rivals(query, courses, chosen)
    if rivals is not None:
        budget = step_budget(query, *(names.index(name) for name in rivals))
        found += [] if budget is None else [budget]
    return tuple(sorted(found, key=nearness))


def _rivals(query: CompareQuery, courses: Mapping[str, Course], chosen: str) -> tuple[str, str] | None:
    """Return the relaunch whose length decides and the scenario it has to beat."""
    relaunches = {s.name for s in query.scenarios if s.action == "relaunch"}
    others = [name for name in courses if name != chosen]
    if chosen in relaunches and others:
        return chosen, _soonest(courses, others)
    rivals = [name for name in others if name in relaunches]
    return (_soonest(courses, rivals), chosen) if rivals else None
