"""The whole comparison: what comes of each scenario, what to do, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from planner.actions import Action, actions_of
from planner.contradictions import check_query
from planner.course import Course, Refusal
from planner.curve import FloatArray
from planner.draws import Draws, Source
from planner.outcome import Outcome, outcome_of, stopped
from planner.quantiles import of_draws
from planner.ranking import Ranking
from planner.scenario import CompareQuery, Scenario
from planner.simulation import finish_seconds, simulate
from planner.suggestions import suggest
from planner.verdict import Verdict, judge


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer to a question.

    Attributes:
        outcomes: one per scenario, in their order.
        verdict: the advice.
        suggestions: further scenarios worth asking about.
        suggested: when each of them would end, under the same draws, where that was asked for.
        actions: how the advice is carried out.
    """

    outcomes: tuple[Outcome, ...]
    verdict: Verdict
    suggestions: tuple[Scenario, ...] = ()
    actions: tuple[Action, ...] = ()
    suggested: tuple[Outcome, ...] = ()


def compare(query: CompareQuery, *, tells_suggested: bool = False) -> Comparison:
    """Compare scenarios by one seeded simulation; the same question gives the same answer to the last bit.

    Args:
        query: the question.
        tells_suggested: whether to tell, too, when the options that are suggested would end.

    Raises:
        InvalidInputError: the question contradicts itself; the pointer is relative to the question.
    """
    source = Draws(query.seed)
    check_query(query)
    courses, refusals = _simulated(query, source)
    verdict, ranking = judge(query, courses, refusals, source)
    outcomes = tuple(_outcome(query, s, courses, refusals, ranking) for s in query.scenarios)
    suggestions = suggest(query, courses)
    actions = actions_of(query, verdict, courses)
    suggested = _outlook(query, suggestions, source) if tells_suggested else ()
    return Comparison(outcomes, verdict, suggestions, actions, suggested)


def _outlook(query: CompareQuery, suggestions: tuple[Scenario, ...], source: Source) -> tuple[Outcome, ...]:
    """Return when each suggestion would end; quantities it shares with the others are shared."""
    first = len(query.scenarios)
    extended = replace(query, scenarios=(*query.scenarios, *suggestions))
    ends = [finish_seconds(extended, first + place, source) for place in range(len(suggestions))]
    return tuple(
        Outcome(one.name, "refused") if end is None else _end(query, one, end)
        for one, end in zip(suggestions, ends, strict=True)
    )


def _end(query: CompareQuery, scenario: Scenario, draws: FloatArray) -> Outcome:
    return Outcome(scenario.name, "ok", finish_seconds=of_draws(draws, query.quantiles))


def _simulated(query: CompareQuery, source: Source) -> tuple[dict[str, Course], dict[str, str]]:
    """Return the courses of the scenarios that can be answered, and why the others cannot, by name."""
    courses: dict[str, Course] = {}
    refusals: dict[str, str] = {}
    for index, scenario in enumerate(query.scenarios):
        if scenario.action != "stop":
            course = simulate(query, index, source)
            if isinstance(course, Refusal):
                refusals[scenario.name] = course.reason
            else:
                courses[scenario.name] = course
    return courses, refusals


def _outcome(
    query: CompareQuery,
    scenario: Scenario,
    courses: Mapping[str, Course],
    refusals: Mapping[str, str],
    ranking: Ranking | None,
) -> Outcome:
    if scenario.name in refusals:
        return Outcome(scenario.name, "refused", refusals[scenario.name])
    if scenario.action == "stop":
        is_anyone_first = ranking is not None and ranking.probability_nobody < 1
        return replace(stopped(query, scenario), probability_first=0.0 if is_anyone_first else None)
    outcome = outcome_of(query, scenario, courses[scenario.name])
    # Who is first among the known is not known while a rival is not.
    if ranking is None:
        return outcome
    return replace(
        outcome,
        probability_first=ranking.probability_first[scenario.name],
        regret_seconds=ranking.regret[scenario.name],
    )
