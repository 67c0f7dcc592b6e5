"""A verdict that does not flap: it changes only when the evidence has moved past a margin."""

from dataclasses import dataclass, replace

from planner.choice import OUT_OF_REACH
from planner.outcome import Outcome
from planner.reasons import reason
from planner.report import Comparison
from planner.scenario import CompareQuery
from planner.verdict import Verdict, VerdictAction

_AHEAD = 0.1
"""How much likelier to be first another scenario must be before it replaces the one advised."""

_GAIN = 0.02
"""Else, the share of its own finish by which it must be better on average."""

_SURELY_OUT = 0.975
_IN_REACH = 0.15
"""Stopping is advised beyond the first and no longer advised within the second: a wide band."""

_ABOUT_THE_OTHER = frozenset({"sooner", "sooner_by", "likely_first", "close_call", "rare_long_cases"})


@dataclass(frozen=True, slots=True)
class Advice:
    """What was advised until now: an action, and the name of its scenario."""

    action: VerdictAction
    scenario: str | None


def hold(previous: Advice | None, query: CompareQuery, comparison: Comparison) -> Verdict:
    """Return the fresh verdict, or the previous advice where the evidence has hardly moved.

    Args:
        previous: the advice shown until now, ``None`` where there was none.
        query: the fresh question.
        comparison: its answer.

    Returns:
        a verdict with the fresh numbers; kept advice says so in its first reason (code ``"held"``).
    """
    fresh = comparison.verdict
    if previous is None or "wait" in {previous.action, fresh.action}:
        return fresh
    if (previous.action, previous.scenario) == (fresh.action, fresh.scenario):
        return fresh
    if not _is_possible(previous, query, comparison) or _has_moved(previous, comparison):
        return fresh
    return _kept(previous, comparison)


def _is_possible(previous: Advice, query: CompareQuery, comparison: Comparison) -> bool:
    if previous.scenario is None:
        return previous.action == "stop"
    pairs = zip(query.scenarios, comparison.outcomes, strict=True)
    answered = {(s.action, s.name) for s, outcome in pairs if outcome.status == "ok"}
    return (previous.action, previous.scenario) in answered


def _has_moved(previous: Advice, comparison: Comparison) -> bool:
    fresh = comparison.verdict
    if fresh.action == "stop":
        return (fresh.probability or 0.0) > max(_SURELY_OUT, OUT_OF_REACH)
    if previous.action == "stop":
        reach = [outcome.probability_of_target for outcome in comparison.outcomes]
        return max((share for share in reach if share is not None), default=1.0) > _IN_REACH
    outcomes = {outcome.name: outcome for outcome in comparison.outcomes}
    return _is_ahead(outcomes[fresh.scenario or ""], outcomes[previous.scenario or ""])


def _is_ahead(named: Outcome, kept: Outcome) -> bool:
    """Whether the fresh advice is clearly likelier to be first, or clearly better on average."""
    if (named.probability_first or 0.0) - (kept.probability_first or 0.0) > _AHEAD:
        return True
    if kept.regret_seconds is None or named.regret_seconds is None or named.finish_seconds is None:
        return kept.regret_seconds is None and named.regret_seconds is not None
    values = named.finish_seconds.values
    usual = values[len(values) // 2]
    return usual is not None and kept.regret_seconds - named.regret_seconds > _GAIN * usual


def _kept(previous: Advice, comparison: Comparison) -> Verdict:
    fresh = comparison.verdict
    kept = {outcome.name: outcome for outcome in comparison.outcomes}.get(previous.scenario or "")
    said = reason("held", scenario=previous.scenario or previous.action, other=fresh.scenario or fresh.action)
    return replace(
        fresh,
        action=previous.action,
        scenario=previous.scenario,
        probability=None if kept is None or previous.action == "stop" else kept.probability_first,
        reasons=(said, *(one for one in fresh.reasons if one.code not in _ABOUT_THE_OTHER)),
    )
