"""A seeded simulator of training jobs: what a reporter would have seen, and when the job really ended."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Events:
    """One phase's events, in time order: after which step, for how long, when they ended."""

    step: FloatArray
    seconds: FloatArray
    ended: FloatArray


@dataclass(frozen=True, slots=True)
class Job:
    """A whole job as it happened; clock times are seconds from the allocation's start.

    Attributes:
        steps: one entry a step run, replayed steps included.
        seen_seconds: the step durations as reported (NaN: lost).
        logged_every: steps averaged in one logged entry.
        resumed_at: the step this attempt resumed at.
        earlier: steps, validations and checkpoints of the attempt before, without their clock.
    """

    kind: str
    total_steps: int
    validate_every: int | None
    checkpoint_every: int | None
    validate_at_end: bool
    validation_batches: int | None
    startup_seconds: float
    steps: Events
    seen_seconds: FloatArray
    validations: Events
    checkpoints: Events
    end: float
    logged_every: int = 1
    resumed_at: int | None = None
    earlier: tuple[Events, Events, Events] | None = None


@dataclass(slots=True)
class Recipe:
    """What a kind of job is made of, before it is run."""

    step_seconds: FloatArray
    validation_seconds: float = 0.0
    validation_spread: float = 0.02
    validate_every: int | None = None
    checkpoint_seconds: float = 0.0
    checkpoint_every: int | None = None
    validate_at_end: bool = False
    validation_batches: int | None = None
    startup_seconds: float = 60.0
    logged_every: int = 1
    lost: float = 0.0
    resumed_at: int | None = None
    first_validation: float = 1.0
    earlier_pace: float = 1.0


@dataclass(frozen=True, slots=True)
class World:
    """The ranges that jobs draw their sizes from, each from low to high.

    Attributes:
        steps: in all, log-uniform.
        step_seconds: of one, log-uniform.
        step_spread: of single steps, relative.
        validations: whole parts a run's steps are divided into by its validations.
        validation_share: of the time between two validations that one takes.
        checkpoint_steps: what a checkpoint takes, in steps.
        startup_seconds: of a start-up.
    """

    steps: tuple[float, float] = (400, 12_000)
    step_seconds: tuple[float, float] = (0.2, 20)
    step_spread: float = 0.05
    validations: tuple[int, int] = (5, 25)
    validation_share: tuple[float, float] = (0.03, 0.3)
    checkpoint_steps: tuple[float, float] = (3, 40)
    startup_seconds: tuple[float, float] = (20, 300)


WORLDS = {
    "own": World(),
    "calm": World((2_000, 20_000), (0.5, 5), 0.03, (10, 40), (0.05, 0.25), (5, 60), (60, 600)),
    "rough": World((200, 5_000), (0.05, 60), 0.12, (4, 15), (0.02, 0.6), (1, 120), (5, 1_800)),
}
"""The ranges the table was tuned on, and two that it was not: other people's jobs are other jobs."""


def _steady(rng: Rng, world: World, total: int | None = None, spread: float | None = None) -> FloatArray:
    count = total or int(_log_uniform(rng, world.steps))
    seconds = _log_uniform(rng, world.step_seconds)
    return seconds * np.exp((spread or world.step_spread) * rng.standard_normal(count))


def _log_uniform(rng: Rng, ends: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(ends))))


def _usual(rng: Rng, world: World, seconds: FloatArray) -> Recipe:
    """Return a recipe with validations and checkpoints of common size."""
    count, pace = len(seconds), float(np.median(seconds))
    every = max(count // int(rng.integers(*world.validations)), 1)
    return Recipe(
        seconds,
        validation_seconds=pace * every * float(rng.uniform(*world.validation_share)),
        validate_every=every,
        checkpoint_seconds=pace * float(rng.uniform(*world.checkpoint_steps)),
        checkpoint_every=every * int(rng.integers(1, 3)),
        startup_seconds=float(rng.uniform(*world.startup_seconds)),
    )


def _plain(rng: Rng, world: World) -> Recipe:
    return _usual(rng, world, _steady(rng, world))


def _slow_start(rng: Rng, world: World) -> Recipe:
    seconds = _steady(rng, world)
    pace, warm = float(np.median(seconds)), int(rng.integers(5, 60))
    seconds[0] += pace * rng.uniform(20, 200)
    seconds[:warm] *= 1 + rng.uniform(1, 4) * np.exp(-np.arange(warm) / (warm / 4))
    return _usual(rng, world, seconds)


def _big_validation(rng: Rng, _world: World) -> Recipe:
    total = int(rng.integers(200, 600))
    pace = float(rng.uniform(20, 60))
    seconds = pace * np.exp(0.04 * rng.standard_normal(total))
    every = int(rng.integers(15, 40))
    batches = int(rng.integers(40, 120))
    return Recipe(
        seconds,
        validation_seconds=batches * pace * float(rng.uniform(0.25, 0.55)),
        validate_every=every,
        validation_batches=batches,
        startup_seconds=960.0,
        checkpoint_every=2 * every,
        checkpoint_seconds=float(rng.uniform(20, 120)),
    )


def _checkpoints(rng: Rng, world: World) -> Recipe:
    seconds = _steady(rng, world)
    every = max(len(seconds) // int(rng.integers(10, 40)), 1)
    pace = float(np.median(seconds))
    size = pace * every * float(rng.uniform(0.1, 0.4))
    return Recipe(seconds, checkpoint_every=every, checkpoint_seconds=size)


def _heavy_tails(rng: Rng, world: World) -> Recipe:
    seconds = _steady(rng, world)
    stalled = rng.random(len(seconds)) < 0.03
    seconds[stalled] *= 1 + rng.pareto(1.6, int(stalled.sum()))
    return _usual(rng, world, seconds)


def _slow_down(rng: Rng, world: World) -> Recipe:
    seconds = _steady(rng, world)
    seconds[int(len(seconds) * rng.uniform(0.1, 0.7)) :] *= rng.uniform(1.1, 1.5)
    return _usual(rng, world, seconds)


def _speed_up(rng: Rng, world: World) -> Recipe:
    seconds = _steady(rng, world)
    seconds[int(len(seconds) * rng.uniform(0.1, 0.7)) :] *= rng.uniform(0.7, 0.9)
    return _usual(rng, world, seconds)


def _batch_ramp(rng: Rng, world: World) -> Recipe:
    seconds = _steady(rng, world)
    edges = np.sort(rng.uniform(0.02, 0.3, 3)) * len(seconds)
    level = 0.55 + 0.15 * np.searchsorted(edges, np.arange(len(seconds)))
    return _usual(rng, world, seconds * level)


def _stragglers(rng: Rng, world: World) -> Recipe:
    seconds = _steady(rng, world)
    for start in rng.integers(0, len(seconds), max(len(seconds) // 400, 3)):
        seconds[start : start + int(rng.integers(5, 60))] *= rng.uniform(1.5, 3)
    return _usual(rng, world, seconds)


def _resume(rng: Rng, world: World) -> Recipe:
    recipe = _plain(rng, world)
    recipe.resumed_at = int(len(recipe.step_seconds) * rng.uniform(0.05, 0.5))
    return recipe


def _resume_elsewhere(rng: Rng, world: World) -> Recipe:
    """Return a resume on nodes of another kind: all that was timed before took another time."""
    recipe = _resume(rng, world)
    recipe.earlier_pace = _log_uniform(rng, (0.4, 2.5))
    return recipe


def _none_seen(rng: Rng, world: World) -> Recipe:
    recipe = _plain(rng, world)
    total, pace = len(recipe.step_seconds), float(np.median(recipe.step_seconds))
    recipe.validate_every = int(total * rng.uniform(0.3, 0.6))
    recipe.checkpoint_every = recipe.validate_every
    recipe.validation_batches = int(total * rng.uniform(0.02, 0.1)) + 1
    recipe.validation_seconds = recipe.validation_batches * pace * float(rng.uniform(0.25, 0.55))
    return recipe


def _sparse(rng: Rng, world: World) -> Recipe:
    return replace(_plain(rng, world), logged_every=int(rng.choice([10, 20, 50])))


def _missing(rng: Rng, world: World) -> Recipe:
    return replace(_plain(rng, world), lost=float(rng.uniform(0.2, 0.6)))


def _pauses(rng: Rng, world: World) -> Recipe:
    recipe = _plain(rng, world)
    total, pace = len(recipe.step_seconds), float(np.median(recipe.step_seconds))
    for step in rng.integers(1, total, int(rng.integers(1, 5))):
        recipe.step_seconds[step] += pace * total * float(rng.uniform(0.005, 0.03))
    return recipe


def _wandering(rng: Rng, world: World) -> Recipe:
    seconds = _steady(rng, world)
    memory = 1 - 1 / rng.uniform(50, 400)
    noise = 0.12 * np.sqrt(1 - memory**2) * rng.standard_normal(len(seconds))
    state = np.zeros(len(seconds))
    for i in range(1, len(seconds)):
        state[i] = memory * state[i - 1] + noise[i]
    return _usual(rng, world, seconds * np.exp(state))


def _longer_sequences(rng: Rng, world: World) -> Recipe:
    seconds = _steady(rng, world)
    return _usual(rng, world, seconds * np.linspace(1, rng.uniform(1.05, 1.4), len(seconds)))


def _unsteady_validation(rng: Rng, world: World) -> Recipe:
    recipe = _plain(rng, world)
    recipe.validation_spread = 0.25
    recipe.first_validation = float(rng.uniform(1.0, 2.5))
    return recipe


def _short(rng: Rng, world: World) -> Recipe:
    seconds = _steady(rng, world, total=int(rng.integers(30, 80)), spread=0.1)
    recipe = _usual(rng, world, seconds)
    recipe.validate_at_end = True
    return recipe


def _data_stalls(rng: Rng, world: World) -> Recipe:
    seconds = _steady(rng, world)
    every = int(rng.integers(20, 100))
    seconds[every::every] += float(np.median(seconds)) * rng.uniform(1, 8)
    return _usual(rng, world, seconds)


def _everything(rng: Rng, world: World) -> Recipe:
    recipe = _slow_start(rng, world)
    seconds = recipe.step_seconds
    stalled = rng.random(len(seconds)) < 0.01
    seconds[stalled] *= 1 + rng.pareto(1.8, int(stalled.sum()))
    seconds[int(len(seconds) * rng.uniform(0.1, 0.6)) :] *= rng.uniform(0.85, 1.25)
    recipe.resumed_at = int(len(seconds) * rng.uniform(0.0, 0.3))
    recipe.lost, recipe.logged_every, recipe.validation_spread = 0.1, int(rng.choice([1, 10])), 0.1
    recipe.validate_at_end = True
    return recipe


KINDS: dict[str, Callable[[Rng, World], Recipe]] = {
    "plain": _plain,
    "slow start": _slow_start,
    "big validation": _big_validation,
    "checkpoints": _checkpoints,
    "heavy tails": _heavy_tails,
    "slow-down": _slow_down,
    "speed-up": _speed_up,
    "batch ramp": _batch_ramp,
    "stragglers": _stragglers,
    "resume": _resume,
    "none seen yet": _none_seen,
    "sparse logging": _sparse,
    "missing durations": _missing,
    "pauses": _pauses,
    "wandering pace": _wandering,
    "longer sequences": _longer_sequences,
    "unsteady validation": _unsteady_validation,
    "short run": _short,
    "data stalls": _data_stalls,
    "everything at once": _everything,
    "resume elsewhere": _resume_elsewhere,
}
"""The kinds of jobs; each draws its own sizes."""


def simulate(kind: str, seed: int, world: str = "own") -> Job:
    """Run one job of a kind; the same kind, seed and world give the same job."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    return _run(kind, KINDS[kind](rng, WORLDS[world]), rng)


def _run(kind: str, recipe: Recipe, rng: Rng) -> Job:
    total = len(recipe.step_seconds)
    first = recipe.resumed_at or 0
    order = np.arange(first + 1, total + 1)
    seconds = recipe.step_seconds[order - 1]
    validations = _at(recipe.validate_every, order, total if recipe.validate_at_end else None)
    checkpoints = _at(recipe.checkpoint_every, order, None)
    validation = _sizes(recipe.validation_seconds, recipe.validation_spread, len(validations), rng)
    validation[:1] *= recipe.first_validation
    checkpoint = _sizes(recipe.checkpoint_seconds, 0.1, len(checkpoints), rng)
    spent = seconds.copy()
    spent[validations] += validation
    spent[checkpoints] += checkpoint
    done = recipe.startup_seconds + np.cumsum(spent)
    step_end = done - spent + seconds
    seen = np.where(rng.random(len(seconds)) < recipe.lost, np.nan, seconds)
    return Job(
        kind,
        total,
        recipe.validate_every,
        recipe.checkpoint_every,
        recipe.validate_at_end,
        recipe.validation_batches,
        recipe.startup_seconds,
        Events(order.astype(float), seconds, step_end),
        seen,
        Events(order[validations].astype(float), validation, step_end[validations] + validation),
        Events(order[checkpoints].astype(float), checkpoint, done[checkpoints]),
        float(done[-1]),
        recipe.logged_every,
        recipe.resumed_at,
        _earlier(recipe, rng),
    )


def _earlier(recipe: Recipe, rng: Rng) -> tuple[Events, Events, Events] | None:
    """Return what the attempt before saw: it broke off after the checkpoint this one resumed at."""
    if not recipe.resumed_at:
        return None
    lost = int(rng.integers(1, max(recipe.checkpoint_every or 2, 2)))
    order = np.arange(1, min(recipe.resumed_at + lost, len(recipe.step_seconds)) + 1)
    node = float(rng.uniform(0.96, 1.04))
    pace = recipe.earlier_pace
    return (
        _unclocked(order, recipe.step_seconds[order - 1] * node * pace),
        _before(order, recipe.validate_every, recipe.validation_seconds * pace),
        _before(order, recipe.checkpoint_every, recipe.checkpoint_seconds * pace),
    )


def _before(order: NDArray[np.int64], every: int | None, seconds: float) -> Events:
    due = order[_at(every, order, None)]
    return _unclocked(due, np.full(len(due), seconds))


def _unclocked(step: NDArray[np.int64], seconds: FloatArray) -> Events:
    return Events(step.astype(float), seconds, np.full(len(step), np.nan))


def _at(every: int | None, order: NDArray[np.int64], end: int | None) -> NDArray[np.int64]:
    due = (order % every == 0) if every else np.zeros(len(order), dtype=bool)
    return np.flatnonzero(due | (order == end) if end else due)


def _sizes(mean: float, spread: float, count: int, rng: Rng) -> FloatArray:
    return mean * np.exp(spread * rng.standard_normal(count))
