"""What to do, how sure that is, and what it saves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from planner.choice import pareto
from planner.conditions import better_if
from planner.course import DEAD_CURVES, Course
from planner.draws import Source
from planner.evidence import gather
from planner.explanation import reasons_of
from planner.quantiles import Quantiles
from planner.ranking import Ranking, rank
from planner.reasons import Reason, reason, refused
from planner.scenario import CompareQuery
from planner.sensitivity import Sensitivity
from planner.waiting import Waiting, waiting

VerdictAction = Literal["continue", "relaunch", "stop", "wait"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The advice; ``None`` is unknown or undefined.

    Attributes:
        action: ``"wait"`` where too little is known.
        scenario: the scenario advised.
        probability: that it is first; for ``"stop"``, that no scenario reaches the goal.
        saving_seconds: continue - best other, draw by draw; below 0 where continuing is faster.
        saving_fraction: its median over continue's median total.
        sunk_seconds: spent already, and in no option.
        break_even_seconds: edit + test + queue at which continuing and the best relaunch tie.
        slack_seconds: how much longer than planned they may take until then; below 0 where that is too long.
        saving_over_experiments_seconds: the saving, repeated.
        sensitivity: which input flips the verdict, the nearest first.
        pareto: scenarios that no other beats in both time and cost.
        reasons: the most important first.
        better_if: conditions that speak for a scenario, by its name.
        waiting: what waiting would buy, where it is worth its price.
    """

    action: VerdictAction
    scenario: str | None = None
    probability: float | None = None
    saving_seconds: Quantiles | None = None
    saving_fraction: float | None = None
    sunk_seconds: float | None = None
    break_even_seconds: float | None = None
    slack_seconds: float | None = None
    saving_over_experiments_seconds: Quantiles | None = None
    sensitivity: tuple[Sensitivity, ...] = ()
    pareto: tuple[str, ...] | None = None
    reasons: tuple[Reason, ...] = ()
    better_if: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    waiting: Waiting | None = None


def judge(
    query: CompareQuery, courses: Mapping[str, Course], refusals: Mapping[str, str], source: Source
) -> tuple[Verdict, Ranking | None]:
    """Return the advice, and how the scenarios rank; where one is not known there is no ranking.

    Args:
        query: the question.
        courses: of the scenarios that can be answered, by name.
        refusals: why others cannot, by name.
        source: where the courses got their draws from.
    """
    if any(code not in DEAD_CURVES for code in refusals.values()):
        return _wait(query, tuple(refused(name, code) for name, code in refusals.items())), None
    ranking = rank(courses, query.attention_seconds) if courses else None
    evidence = gather(query, courses, refusals, ranking, source)
    chosen = evidence.chosen
    reasons = reasons_of(evidence)
    if chosen is None and not _can_stop(query):
        return _wait(query, reasons), ranking
    patience = None
    if ranking is not None and chosen is not None:
        patience = waiting(query, courses, ranking, chosen, source)
    action, scenario = _named(query, chosen)
    verdict = Verdict(
        action=action,
        scenario=scenario,
        probability=_probability(ranking, chosen, refusals),
        saving_seconds=evidence.saving_seconds,
        saving_fraction=evidence.saving_fraction,
        sunk_seconds=query.elapsed_seconds,
        break_even_seconds=evidence.break_even_seconds,
        slack_seconds=evidence.slack_seconds,
        saving_over_experiments_seconds=_repeated(evidence.saving_seconds, query.experiments),
        sensitivity=evidence.sensitivity,
        pareto=None if ranking is None else pareto(query, courses, ranking),
        reasons=(*reasons, *_of_waiting(patience)),
        better_if=better_if(evidence),
        waiting=patience,
    )
    return verdict, ranking


def _wait(query: CompareQuery, reasons: tuple[Reason, ...]) -> Verdict:
    return Verdict("wait", sunk_seconds=query.elapsed_seconds, reasons=reasons)


def _of_waiting(patience: Waiting | None) -> Iterator[Reason]:
    if patience is not None:
        yield reason(
            "waiting_helps",
            steps=patience.steps,
            waiting_seconds=patience.seconds,
            sure_share=patience.probability,
            gain_seconds=patience.gain_seconds - patience.cost_seconds,
        )


def _can_stop(query: CompareQuery) -> bool:
    """Whether giving up is an answer: it was asked about, or going on was and leads nowhere."""
    return any(scenario.action != "relaunch" for scenario in query.scenarios)


def _named(query: CompareQuery, chosen: str | None) -> tuple[VerdictAction, str | None]:
    for scenario in query.scenarios:
        if scenario.name == chosen or (chosen is None and scenario.action == "stop"):
            return scenario.action, scenario.name
    return "stop", None


def _probability(ranking: Ranking | None, chosen: str | None, refusals: Mapping[str, str]) -> float | None:
    if ranking is None:
        return 1.0 if refusals else None
    return ranking.probability_nobody if chosen is None else ranking.probability_first[chosen]


def _repeated(saving: Quantiles | None, experiments: float | None) -> Quantiles | None:
    if saving is None or experiments is None:
        return None
    return Quantiles(saving.levels, tuple(None if v is None else v * experiments for v in saving.values))
