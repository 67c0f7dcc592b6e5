"""Jobs with a known truth, made by rules of their own: nothing of the planner's simulation is used here."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.duration import Duration, exactly
from planner.loss_path import Milestone, MilestoneCurve
from planner.plan import Plan
from planner.scenario import CompareQuery, PaceDurations, PlanOverrides, Scenario, Target

Array = NDArray[np.float64]
Z90 = 1.2815515655446004


@dataclass(frozen=True)
class Job:
    """One question, with what it takes to play it: medians and spreads (of the log) of its quantities."""

    query: CompareQuery
    quantities: dict[str, tuple[float, float]]
    falls: dict[str, tuple[list[float], list[float], float]]


@dataclass(frozen=True)
class Course:
    """The plan one scenario trains by."""

    start: int
    total: int
    every: int
    save_every: int
    at_end: bool


def make_job(rng: np.random.Generator, number: int) -> Job:
    """Return one job: wide ranges of length, pace, validation, fix, curve and chance."""
    total = int(np.exp(rng.uniform(np.log(60), np.log(5000))))
    at_step = int(total * rng.uniform(0.02, 0.7))
    every = max(1, int(total * np.exp(rng.uniform(np.log(0.01), np.log(0.4)))))
    step_seconds = np.exp(rng.uniform(np.log(1), np.log(90)))
    left = (total - at_step) * step_seconds
    medians = {
        "step": step_seconds,
        "validation": every * step_seconds * np.exp(rng.uniform(np.log(0.02), np.log(1.5))),
        "checkpoint": step_seconds * rng.uniform(0.2, 5),
        "startup": left * np.exp(rng.uniform(np.log(0.002), np.log(0.15))),
        "edit": left * np.exp(rng.uniform(np.log(0.01), np.log(0.5))),
        "test": left * np.exp(rng.uniform(np.log(0.003), np.log(0.1))),
        "queue": left * np.exp(rng.uniform(np.log(0.003), np.log(0.4))),
    }
    widest = {"step": 0.15, "validation": 0.3, "checkpoint": 0.5, "startup": 0.4}
    spreads = {name: rng.uniform(0.01, widest.get(name, 0.9)) for name in medians}
    quantities = {name: (medians[name], spreads[name]) for name in medians}
    plan = Plan(total, every, bool(rng.random() < 0.3), max(1, int(total * rng.uniform(0.05, 0.5))))
    has_target = rng.random() < 0.7
    falls = {
        "continue": _fall(rng, at_step, total, 1.0),
        "fix": _fall(rng, 0, total, np.exp(rng.uniform(np.log(0.2), np.log(1.1)))),
    }
    target = Target(1.0, "val" if rng.random() < 0.7 else "train") if has_target else None
    scenarios = _scenarios(rng, plan, quantities, falls, has_target)
    parts = ("step", "validation", "checkpoint", "startup")
    pace = PaceDurations(*(_pair(quantities[name]) for name in parts))
    query = CompareQuery(
        at_step, plan, pace, scenarios, target, elapsed_seconds=at_step * step_seconds, seed=number
    )
    return Job(query, quantities, falls)


def _fall(
    rng: np.random.Generator, first: int, total: int, share: float
) -> tuple[list[float], list[float], float]:
    """Return knots, median losses and the spread of a curve that passes 1.0 around a share of the total."""
    crossing = min(first + 1 + (total - first) * share * rng.uniform(0.5, 1.1), 1.4 * total)
    exponent = rng.uniform(0.2, 1.2)
    knots = sorted({max(first, 1) + k * (total - first) // 4 for k in range(5)})
    losses = [(crossing / max(knot, 1)) ** exponent for knot in knots]
    return [float(knot) for knot in knots], losses, exponent * rng.uniform(0.02, 0.3)


def _scenarios(
    rng: np.random.Generator,
    plan: Plan,
    quantities: dict[str, tuple[float, float]],
    falls: dict[str, tuple[list[float], list[float], float]],
    has_target: bool,
) -> tuple[Scenario, ...]:
    assert plan.total_steps is not None
    assert isinstance(plan.validate_every, int)
    curves = {name: _milestones(fall) for name, fall in falls.items()}
    share = rng.uniform(0.2, 1)
    shorter = None if has_target else PlanOverrides(total_steps=max(1, int(plan.total_steps * share)))
    fix = Scenario(
        "fix",
        "relaunch",
        curves["fix"],
        shorter,
        edit_seconds=_pair(quantities["edit"]),
        test_seconds=_pair(quantities["test"]),
        queue_seconds=_pair(quantities["queue"]),
        success_probability=1.0 if rng.random() < 0.5 else float(rng.uniform(0.4, 1.0)),
    )
    rarer = PlanOverrides(validate_every=plan.validate_every * int(rng.integers(2, 5)))
    both = (Scenario("continue", "continue", curves["continue"]), fix)
    return both if rng.random() < 0.4 else (*both, Scenario("rarer", "continue", curves["continue"], rarer))


def _pair(quantity: tuple[float, float]) -> Duration:
    median, spread = quantity
    return Duration(median * np.exp(-Z90 * spread), median * np.exp(Z90 * spread))


def _milestones(fall: tuple[list[float], list[float], float]) -> MilestoneCurve:
    knots, losses, spread = fall
    pairs = [(loss * np.exp(-Z90 * spread), loss * np.exp(Z90 * spread)) for loss in losses]
    return MilestoneCurve(tuple(Milestone(knot, *pair) for knot, pair in zip(knots, pairs, strict=True)))


def play(job: Job, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Return finish seconds (inf: never) and seconds to the plan's end, shape (scenarios, count) each."""
    drawn = {
        name: median * np.exp(spread * rng.standard_normal(count))
        for name, (median, spread) in job.quantities.items()
    }
    ranks = {name: rng.standard_normal(count) for name in job.falls}
    rows = [_play_one(job, index, drawn, ranks, rng) for index in range(len(job.query.scenarios))]
    return np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows])


def _play_one(
    job: Job, index: int, drawn: dict[str, Array], ranks: dict[str, Array], rng: np.random.Generator
) -> tuple[Array, Array]:
    query, scenario = job.query, job.query.scenarios[index]
    count = len(drawn["step"])
    start, before = query.at_step, np.zeros(count)
    if scenario.action == "relaunch":
        start, before = 0, _tries(job, scenario, drawn, rng)
    course = Course(
        start=start,
        total=_changed(scenario, "total_steps", query.plan.total_steps),
        every=_changed(scenario, "validate_every", query.plan.validate_every),
        save_every=_changed(scenario, "checkpoint_every", query.plan.checkpoint_every),
        at_end=query.plan.validate_at_end,
    )
    full = np.full(count, float(course.total))
    goal, saves = full, True
    if query.target is not None:
        name = "fix" if scenario.action == "relaunch" else "continue"
        goal = np.maximum(np.ceil(_crossing(job.falls[name], ranks[name]) - 1e-9), start)
        if query.target.of == "val":
            goal, saves = _validated(course, goal), False
    never = ~(goal <= course.total)
    end = before + _training(course, drawn, full, saves=True)
    finish = before + _training(course, drawn, np.where(never, full, goal), saves=saves)
    return np.where(never, np.inf, finish), end


def _validated(course: Course, goal: Array) -> Array:
    """Return the first validation at or after the goal."""
    due = np.ceil(np.maximum(goal, course.start + 1) / course.every) * course.every
    at_end = np.where(goal <= course.total, course.total, np.inf) if course.at_end else np.inf
    return np.where(due <= course.total, due, at_end)


def _changed(scenario: Scenario, name: str, usual: int | str | None) -> int:
    value = usual if scenario.plan is None else getattr(scenario.plan, name) or usual
    assert isinstance(value, int)
    return value


def _tries(job: Job, scenario: Scenario, drawn: dict[str, Array], rng: np.random.Generator) -> Array:
    """Return edit, test, queue and start-up until a try succeeds, each try drawn anew but its start-up."""
    count = len(drawn["step"])
    spent = drawn["edit"] + drawn["test"] + drawn["queue"] + drawn["startup"]
    failing = np.ones(count, dtype=bool)
    chance = scenario.success_probability or 1.0
    for _ in range(9):
        failing &= rng.random(count) >= chance
        for name in ("edit", "test", "queue"):
            median, spread = job.quantities[name]
            spent += failing * median * np.exp(spread * rng.standard_normal(count))
        spent += failing * drawn["startup"]
    return spent


def _crossing(fall: tuple[list[float], list[float], float], ranks: Array) -> Array:
    """Return where the curve first is at 1.0: straight between knots on log axes."""
    knots, losses, spread = fall
    shifted = np.log(losses)[None, :] + spread * ranks[:, None]
    crossed = np.full(len(ranks), np.inf)
    for k in range(len(knots) - 1, 0, -1):
        drop = shifted[:, k - 1] - shifted[:, k]
        share = shifted[:, k - 1] / np.where(drop == 0, 1.0, drop)
        inside = (shifted[:, k - 1] > 0) & (shifted[:, k] <= 0)
        step = np.exp(np.log(knots[k - 1]) + share * np.log(knots[k] / knots[k - 1]))
        crossed = np.where(inside, step, crossed)
    return np.where(shifted[:, 0] <= 0, knots[0], crossed)


def _training(course: Course, drawn: dict[str, Array], goal: Array, *, saves: bool) -> Array:
    validations = np.floor(goal / course.every) - course.start // course.every
    if course.at_end and course.total % course.every:
        validations += (goal >= course.total) & (course.start < course.total)
    saved_to = goal if saves else goal - 1
    made = np.maximum(np.floor(saved_to / course.save_every) - course.start // course.save_every, 0)
    timed = (goal - course.start) * drawn["step"] + validations * drawn["validation"]
    return np.asarray(timed + made * drawn["checkpoint"])


def by_hand(query: CompareQuery) -> int:
    """Return the choice of the seed's method: fixed means, no uncertainty, always two options."""
    seconds = [_hand_seconds(query, index) for index in range(2)]
    return int(np.argmin(seconds))


def _hand_seconds(query: CompareQuery, index: int) -> float:
    scenario, plan, pace = query.scenarios[index], query.plan, query.pace
    start = query.at_step if scenario.action == "continue" else 0
    total = _changed(scenario, "total_steps", plan.total_steps)
    every = _changed(scenario, "validate_every", plan.validate_every)
    goal = total if query.target is None else _hand_goal(scenario, query.target.loss, total)
    parts = ("edit_seconds", "test_seconds", "queue_seconds") if scenario.action == "relaunch" else ()
    before = sum(_middle(getattr(scenario, part)) for part in parts)
    validations = goal // every - start // every
    training = (goal - start) * _middle(pace.step_seconds) + validations * _middle(pace.validation_seconds)
    return before + training


def _hand_goal(scenario: Scenario, loss: float, total: int) -> int:
    """Return the first milestone whose middle is at the target, as one reads it off a table."""
    assert isinstance(scenario.curve, MilestoneCurve)
    for milestone in scenario.curve.milestones:
        if ((milestone.low or 0.0) + milestone.high) / 2 <= loss:
            return int(milestone.step)
    return total


def _middle(duration: Duration | None) -> float:
    duration = duration or exactly(0.0)
    return (duration.low + duration.high) / 2
