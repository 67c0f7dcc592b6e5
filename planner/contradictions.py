"""Questions that contradict themselves, and are refused as a whole."""

import math
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from planner.duration import NORMAL_90, check_duration
from planner.errors import InvalidInputError
from planner.loss_path import LatentCurve, Milestone, MilestoneCurve, loss_path
from planner.quantiles import Quantiles
from planner.scenario import (
    LARGEST_LOSS,
    CompareQuery,
    Criterion,
    Economics,
    Objective,
    PaceDurations,
    Scenario,
    plan_of,
)
from planner.simulation import latest_checkpoint

MOST_SCENARIOS = 50
MOST_STEPS = 10**12
_RELAUNCH_PARTS = (
    "edit_seconds",
    "test_seconds",
    "queue_seconds",
    "resume_step",
    "cancel",
    "success_probability",
)
_LARGEST_NUMBER = 1e12


def check_query(query: CompareQuery) -> None:
    """Refuse a question that contradicts itself.

    Raises:
        InvalidInputError: naming the first contradiction by its JSON pointer within the question.
    """
    _check_position(query)
    _check_pace("/pace", query.pace)
    _check_names(query.scenarios)
    for index in range(len(query.scenarios)):
        _check_scenario(query, index)
    _check_target(query)
    _check_asked(query)


def _require(holds: bool, pointer: str, value: object, expected: str) -> None:
    if not holds:
        raise InvalidInputError(pointer, value, expected)


def _check_number(pointer: str, value: float | None, low: float = 0.0) -> None:
    fits = value is None or low <= value <= _LARGEST_NUMBER
    _require(fits, pointer, value, f"a number from {low:g} to {_LARGEST_NUMBER:g}")


def _check_position(query: CompareQuery) -> None:
    total = query.plan.total_steps
    _require(total is None or total <= MOST_STEPS, "/plan/total_steps", total, f"at most {MOST_STEPS} steps")
    _require(0 <= query.at_step <= MOST_STEPS, "/at_step", query.at_step, f"0 to {MOST_STEPS} steps")
    beyond = total is not None and query.at_step > total
    _require(not beyond, "/at_step", query.at_step, f"at most total_steps, {total}")
    _check_number("/elapsed_seconds", query.elapsed_seconds)
    _check_number("/before_seconds", query.before_seconds)
    for phase, seconds in query.begun_seconds.items():
        for one in seconds.values if isinstance(seconds, Quantiles) else (seconds,):
            _require(one is not None, f"/begun_seconds/{phase}", one, "seconds that end")
            _check_number(f"/begun_seconds/{phase}", one, -_LARGEST_NUMBER)
    for phase, count in query.begun_counts.items():
        _check_number(f"/begun_counts/{phase}", count, -_LARGEST_NUMBER)


def _check_pace(pointer: str, pace: PaceDurations) -> None:
    for part in ("step_seconds", "validation_seconds", "checkpoint_seconds", "startup_seconds"):
        check_duration(f"{pointer}/{part}", getattr(pace, part))


def _check_names(scenarios: tuple[Scenario, ...]) -> None:
    fits = 1 <= len(scenarios) <= MOST_SCENARIOS
    _require(fits, "/scenarios", len(scenarios), f"1 to {MOST_SCENARIOS} scenarios")
    seen: set[str] = set()
    for index, scenario in enumerate(scenarios):
        _require(bool(scenario.name.strip()), f"/scenarios/{index}/name", scenario.name, "a name")
        _require(scenario.name not in seen, f"/scenarios/{index}/name", scenario.name, "a name used once")
        seen.add(scenario.name)


def _check_scenario(query: CompareQuery, index: int) -> None:
    scenario, pointer = query.scenarios[index], f"/scenarios/{index}"
    known = scenario.action in {"continue", "relaunch", "stop"}
    _require(known, f"{pointer}/action", scenario.action, '"continue", "relaunch" or "stop"')
    if scenario.pace is not None:
        _check_pace(f"{pointer}/pace", scenario.pace)
    if scenario.validations_left is not None:
        _check_number(f"{pointer}/validations_left", scenario.validations_left)
    if scenario.curve is not None:
        _check_curve(f"{pointer}/curve", scenario)
    _check_total(query, index)
    if scenario.action == "relaunch":
        _check_relaunch(query, index)
    else:
        _check_no_relaunch(pointer, scenario)


def _check_total(query: CompareQuery, index: int) -> None:
    total = plan_of(query, index).total_steps
    pointer = f"/scenarios/{index}/plan/total_steps"
    _require(total is None or total <= MOST_STEPS, pointer, total, f"at most {MOST_STEPS} steps")
    short = query.scenarios[index].action == "continue" and total is not None and total < query.at_step
    _require(not short, pointer, total, f"at least at_step, {query.at_step}")


def _check_relaunch(query: CompareQuery, index: int) -> None:
    scenario, pointer = query.scenarios[index], f"/scenarios/{index}"
    for part in ("edit_seconds", "test_seconds", "queue_seconds"):
        duration = getattr(scenario, part)
        _require(duration is not None, f"{pointer}/{part}", None, "seconds or a pair [low, high]")
        check_duration(f"{pointer}/{part}", duration)
    chance = scenario.success_probability
    likely = chance is None or 0.0 < chance <= 1.0
    _require(likely, f"{pointer}/success_probability", chance, "a probability above 0 and at most 1")
    cancels = scenario.cancel in {None, "now", "at_relaunch"}
    _require(cancels, f"{pointer}/cancel", scenario.cancel, '"now" or "at_relaunch"')
    _check_resume(query, index)


def _check_resume(query: CompareQuery, index: int) -> None:
    asked, pointer = query.scenarios[index].resume_step, f"/scenarios/{index}/resume_step"
    step = latest_checkpoint(query) if asked == "latest" else asked
    if not isinstance(step, int):
        _require(asked in {None, "latest"}, pointer, asked, 'a whole number of steps or "latest"')
        return
    _require(0 <= step <= MOST_STEPS, pointer, asked, f"0 to {MOST_STEPS} steps")
    total = plan_of(query, index).total_steps
    _require(total is None or step <= total, pointer, asked, f"at most total_steps, {total}")


def _check_no_relaunch(pointer: str, scenario: Scenario) -> None:
    for part in _RELAUNCH_PARTS:
        value = getattr(scenario, part)
        _require(value is None, f"{pointer}/{part}", value, f"nothing: to {scenario.action} takes none")


def _check_curve(pointer: str, scenario: Scenario) -> None:
    if isinstance(scenario.curve, MilestoneCurve):
        _check_milestones(f"{pointer}/milestones", scenario.curve.milestones)
    elif isinstance(scenario.curve, LatentCurve):
        losses = [loss for row in scenario.curve.losses for loss in row]
        fits = all(0 < loss <= LARGEST_LOSS for loss in losses) and _increase(scenario.curve.steps)
        _require(fits, pointer, None, "positive losses at increasing steps")


def _increase(numbers: Iterable[float]) -> bool:
    ordered = list(numbers)
    return bool(ordered) and all(a < b for a, b in pairwise(ordered))


def _check_milestones(pointer: str, milestones: tuple[Milestone, ...]) -> None:
    _require(bool(milestones), pointer, [], "at least one milestone")
    last = -1.0
    for index, milestone in enumerate(milestones):
        here, low = f"{pointer}/{index}", milestone.low
        fits = 0 <= milestone.step <= MOST_STEPS
        _require(fits, f"{here}/0", milestone.step, f"0 to {MOST_STEPS} steps")
        _require(milestone.step > last, f"{here}/0", milestone.step, "steps that increase")
        high_fits = 0 < milestone.high <= LARGEST_LOSS
        _require(high_fits, f"{here}/2", milestone.high, "a positive loss")
        _require(low is None or low >= 0, f"{here}/1", low, "a loss of at least 0, or null")
        _require(low is None or low <= milestone.high, f"{here}/1", low, f"at most high, {milestone.high}")
        last = milestone.step


def _check_target(query: CompareQuery) -> None:
    if query.target is None:
        return
    loss = query.target.loss
    _require(query.target.is_forecast, "/target/loss", loss, "a positive loss")
    _require(query.target.of in {"val", "train"}, "/target/of", query.target.of, '"val" or "train"')
    for scenario in query.scenarios:
        if scenario.action == "continue":
            reached = _is_reached(query, scenario, loss)
            _require(not reached, "/target/loss", loss, "a loss the job has not reached already")


def _is_reached(query: CompareQuery, scenario: Scenario, loss: float) -> bool:
    """Whether the curve, at every rank of its 80 % range, is at the target by now."""
    curve = scenario.curve
    if isinstance(curve, MilestoneCurve):
        target, scores = np.array([loss]), np.array([0.0, NORMAL_90])
        return bool(np.all(loss_path(curve).crossing(target, scores) <= query.at_step))
    return isinstance(curve, LatentCurve) and curve.lowest_seen is not None and curve.lowest_seen <= loss


def _check_asked(query: CompareQuery) -> None:
    fits = bool(query.quantiles) and all(0 < level < 1 for level in query.quantiles)
    _require(fits, "/quantiles", list(query.quantiles), "at least one level, each above 0 and below 1")
    _require(query.seed >= 0, "/seed", query.seed, "a whole number of at least 0")
    _check_number("/attention_seconds", query.attention_seconds)
    _check_number("/experiments", query.experiments)
    _check_economics(query.economics or Economics())
    _check_objective(query.objective or Objective())
    names = {scenario.name for scenario in query.scenarios}
    for index, criterion in enumerate(query.criteria or ()):
        _check_criterion(f"/criteria/{index}", criterion, names)


def _check_economics(economics: Economics) -> None:
    for part in ("gpus", "gpu_hour_price", "watts_per_gpu", "grams_co2_per_kwh", "attention_hour_price"):
        _check_number(f"/economics/{part}", getattr(economics, part))


def _check_objective(objective: Objective) -> None:
    _check_number("/objective/time", objective.time)
    _check_number("/objective/cost", objective.cost)
    weighs = objective.time + objective.cost > 0
    _require(weighs, "/objective", {"time": objective.time, "cost": objective.cost}, "a weight above 0")


def _check_criterion(pointer: str, criterion: Criterion, names: set[str]) -> None:
    _require(bool(criterion.name.strip()), f"{pointer}/name", criterion.name, "a name")
    _check_number(f"{pointer}/weight", criterion.weight)
    for name, score in criterion.scores.items():
        at = f"{pointer}/scores/{name.replace('~', '~0').replace('/', '~1')}"
        _require(name in names, at, score, "the name of a scenario")
        _require(math.isfinite(score) and abs(score) <= _LARGEST_NUMBER, at, score, "a finite number")
