"""How many steps a corrected run may take before its lead is gone."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from planner.draws import Medians
from planner.scenario import CompareQuery, PlanOverrides, plan_of
from planner.sensitivity import Sensitivity
from planner.simulation import finish_seconds, latest_checkpoint

_REACH = 100
_SWING = 1.25


def step_budget(query: CompareQuery, relaunch: int, rival: int) -> Sensitivity | None:
    """Return how the steps of a relaunch decide against a rival, where both run to their plan's end.

    Args:
        query: the whole question.
        relaunch: index of the relaunch whose ``total_steps`` varies.
        rival: index of the scenario it is measured against.

    Returns:
        the sensitivity to ``total_steps``, ``None`` where a target sets the length or a plan is unknown.
    """
    total, scenario = plan_of(query, relaunch).total_steps, query.scenarios[relaunch]
    goal = _finish(query, rival)
    if query.target is not None or total is None or goal is None:
        return None
    fewest = max(scenario.resume_step or 1, 1) if isinstance(scenario.resume_step, int | None) else 1

    def lead(steps: int) -> float:
        finish = _finish(_with_total(query, relaunch, max(steps, fewest)), relaunch)
        return -np.inf if finish is None else goal - finish

    swing = abs(lead(round(total * _SWING)) - lead(round(total / _SWING)))
    flips_at = _flip(lead, total, fewest)
    swing_seconds = swing if np.isfinite(swing) else None
    return Sensitivity(f"/scenarios/{relaunch}/plan/total_steps", total, flips_at, swing_seconds)


def steps_within(query: CompareQuery, relaunch: int, rival: int) -> int | None:
    """Return the most steps in which a relaunch may reach the target and still end before a rival.

    Args:
        query: the whole question, with a target.
        relaunch: index of the relaunch.
        rival: index of the scenario it is measured against.

    Returns:
        its steps, counted over its whole run; ``None`` where no number of them is few enough, or where its
        plan is unknown.
    """
    total, scenario, goal = (
        plan_of(query, relaunch).total_steps,
        query.scenarios[relaunch],
        _finish(query, rival),
    )
    if query.target is None or total is None or goal is None:
        return None
    begun = scenario.resume_step if isinstance(scenario.resume_step, int) else 0
    if scenario.resume_step == "latest":
        begun = latest_checkpoint(query) or 0
    whole = replace(query, target=None)

    def lead(steps: int) -> float:
        finish = _finish(_with_total(whole, relaunch, steps), relaunch)
        return -np.inf if finish is None else goal - finish

    low, high = begun + 1, max(total, begun + 1)
    if not lead(low) > 0:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if lead(middle) > 0 else (low, middle)
    return high if lead(high) > 0 else low


def _flip(lead: Callable[[int], float], total: int, fewest: int) -> float | None:
    """Return the steps at which the lead changes hands: it only falls as steps are added."""
    ahead = lead(total) > 0
    low, high = (total, 2 * total) if ahead else (fewest, total)
    # It is rarely far: looked for at twice the steps first, then at twice as many again.
    while ahead and high < total * _REACH and lead(high) > 0:
        low, high = high, min(2 * high, total * _REACH)
    if (lead(low) > 0) == (lead(high) > 0):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if lead(middle) > 0 else (low, middle)
    return float(high if ahead else low)


def _with_total(query: CompareQuery, index: int, total: int) -> CompareQuery:
    scenario = query.scenarios[index]
    plan = replace(scenario.plan or PlanOverrides(), total_steps=total)
    changed = (*query.scenarios[:index], replace(scenario, plan=plan), *query.scenarios[index + 1 :])
    return replace(query, scenarios=changed)


def _finish(query: CompareQuery, index: int) -> float | None:
    finish = finish_seconds(query, index, Medians())
    return None if finish is None else float(finish[0])
