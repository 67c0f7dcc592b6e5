"""Which input flips the verdict first: one varies, the others stay at their medians."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from planner.course import Refusal
from planner.curve import FloatArray
from planner.draws import Medians
from planner.duration import Duration
from planner.loss_path import LatentCurve, MilestoneCurve, loss_path
from planner.scenario import CompareQuery, PaceDurations
from planner.simulation import simulate

_REACH = 100.0
"""A flip farther away than this factor is not looked for."""

_LONGEST_FROM_ZERO = 1e6
_EXACT_SWING = 1.25
"""What an exact input is swung by: a quarter either way, on the log scale."""

_GRID = 33
_Lead = Callable[[FloatArray], FloatArray]
_PERSON_PARTS = ("edit_seconds", "test_seconds", "queue_seconds")


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What one input does to the verdict.

    Attributes:
        input: JSON pointer; of a curve, its rank varies: at 0.9 its losses are those of the 90 % quantile.
        value: its median now.
        flips_at: the nearest value at which another scenario gets ahead; ``None`` where there is none.
        swing_seconds: how far the lead moves as it goes from its 10 % to its 90 % quantile (an exact one:
            from 4/5 to 5/4 of itself); ``None`` where somebody then never arrives.
    """

    input: str
    value: float
    flips_at: float | None
    swing_seconds: float | None


@dataclass(frozen=True, slots=True)
class _Input:
    """One number that may vary, and how far.

    Attributes:
        pointer: JSON pointer.
        key: what the simulation knows it by.
        value: its median.
        swing: its 10 % and 90 % quantiles.
        grid: values among which a flip is looked for, increasing, shape (n,).
        scenario: index of the only scenario it belongs to; ``None`` for one that is shared.
    """

    pointer: str
    key: Hashable
    value: float
    swing: tuple[float, float]
    grid: FloatArray
    scenario: int | None


def sensitivities(query: CompareQuery, chosen: int, answered: Sequence[int]) -> tuple[Sensitivity, ...]:
    """Return what each input does to the lead of the chosen scenario.

    Args:
        query: the whole question.
        chosen: index of the scenario advised.
        answered: indices of all scenarios that can be answered, the chosen one among them.
    """
    if len(answered) == 1:
        return ()
    settled = {index: _finish(query, index, Medians()) for index in answered}
    return tuple(
        _sensitivity(given, _lead(query, chosen, settled, given)) for given in _inputs(query, answered)
    )


def nearness(found: Sensitivity) -> tuple[float, float]:
    """Return the key that sorts the nearest flip first, then the widest swing."""
    far = np.inf if found.flips_at is None else _distance(found.flips_at, found.value)
    return float(far), -(found.swing_seconds or 0.0)


def _distance(one: float, other: float) -> float:
    """Return how far apart two values are, as the log of their ratio."""
    return float(abs(np.log(max(one, 1e-9) / max(other, 1e-9))))


def _lead(query: CompareQuery, chosen: int, settled: Mapping[int, FloatArray], given: _Input) -> _Lead:
    """Return the function from values of one input to the seconds the chosen scenario is ahead."""

    def lead(values: FloatArray) -> FloatArray:
        source = Medians(given.key, values)
        moved = settled if given.scenario is None else (given.scenario,)
        finish = {**settled, **{index: _finish(query, index, source) for index in moved}}
        others = [seconds for index, seconds in finish.items() if index != chosen]
        best = np.minimum.reduce(np.broadcast_arrays(*others, np.full(len(values), np.inf)))
        with np.errstate(invalid="ignore"):  # inf - inf: neither arrives, so there is no lead to speak of
            return np.asarray(best - finish[chosen])

    return lead


def _finish(query: CompareQuery, index: int, source: Medians) -> FloatArray:
    course = simulate(query, index, source)
    return np.array([np.inf]) if isinstance(course, Refusal) else course.finish_seconds


def _sensitivity(given: _Input, lead: _Lead) -> Sensitivity:
    leads = lead(np.concatenate([given.swing, given.grid]))
    swing = float(abs(leads[1] - leads[0])) if np.isfinite(leads[:2]).all() else None
    coarse = _nearest_flip(given.grid, leads[2:], given.value)
    if coarse is None:
        return Sensitivity(given.pointer, given.value, None, swing)
    # A second, finer grid: the lead jumps where one more validation comes due.
    fine = np.linspace(float(given.grid[coarse]), float(given.grid[coarse + 1]), _GRID)
    found = lead(fine)
    left = _nearest_flip(fine, found, given.value) or 0
    flips_at = _root(fine[left : left + 2], found[left : left + 2])
    return Sensitivity(given.pointer, given.value, flips_at, swing)


def _nearest_flip(grid: FloatArray, lead: FloatArray, value: float) -> int | None:
    """Return where on the grid, nearest to the value, the lead changes its sign before the next point."""
    known = ~np.isnan(lead)
    changes = np.flatnonzero(known[:-1] & known[1:] & ((lead[:-1] > 0) != (lead[1:] > 0)))
    if len(changes) == 0:
        return None
    return min(map(int, changes), key=lambda i: min(_distance(float(x), value) for x in grid[i : i + 2]))


def _root(ends: FloatArray, lead: FloatArray) -> float:
    """Return where a straight line through the two leads is 0, the middle where one is infinite."""
    if not np.isfinite(lead).all():
        return float(ends.mean())
    return float(ends[0] + lead[0] / (lead[0] - lead[1]) * (ends[1] - ends[0]))


def _inputs(query: CompareQuery, answered: Sequence[int]) -> Iterator[_Input]:
    yield from _paces("/pace", query.pace, None)
    if query.target is not None:
        yield _loss(query.target.loss)
    yield from _curves(query, answered)
    for index in answered:
        scenario, pointer = query.scenarios[index], f"/scenarios/{index}"
        if scenario.pace is not None:
            yield from _paces(f"{pointer}/pace", scenario.pace, index)
        if scenario.action == "relaunch":
            durations = {part: getattr(scenario, part) for part in _PERSON_PARTS}
            yield from (_timed(f"{pointer}/{part}", durations[part], index) for part in _PERSON_PARTS)
            yield _chance(f"{pointer}/success_probability", scenario.success_probability or 1.0, index)


def _paces(pointer: str, pace: PaceDurations, scenario: int | None) -> Iterator[_Input]:
    for field in fields(pace):
        duration = getattr(pace, field.name)
        if duration is not None:
            yield _timed(f"{pointer}/{field.name}", duration, scenario)


def _timed(pointer: str, duration: Duration, scenario: int | None) -> _Input:
    if not duration.is_exact:
        swing = (duration.low, duration.high)
        return _Input(pointer, pointer, duration.median, swing, _reachable(duration.median), scenario)
    return _scaled(pointer, duration.low, scenario)


def _scaled(pointer: str, value: float, scenario: int | None) -> _Input:
    swing = (value / _EXACT_SWING, value * _EXACT_SWING)
    return _Input(pointer, pointer, value, swing, _reachable(value), scenario)


def _loss(value: float) -> _Input:
    swing, factors = (value / _EXACT_SWING, value * _EXACT_SWING), np.geomspace(0.1, 10.0, 2 * _GRID)
    return _Input("/target/loss", "/target/loss", value, swing, value * factors, None)


def _reachable(value: float) -> FloatArray:
    if value <= 0:
        return np.concatenate([[0.0], np.geomspace(1.0, _LONGEST_FROM_ZERO, _GRID)])
    return np.concatenate([[0.0], value * np.geomspace(1 / _REACH, _REACH, 2 * _GRID)])


def _chance(pointer: str, value: float, scenario: int) -> _Input:
    swing = (value / _EXACT_SWING, min(value * _EXACT_SWING, 1.0))
    return _Input(pointer, pointer, value, swing, np.linspace(0.02, 1.0, 2 * _GRID), scenario)


def _curves(query: CompareQuery, answered: Sequence[int]) -> Iterator[_Input]:
    """Yield the rank of each uncertain curve, once where scenarios share it."""
    seen: set[MilestoneCurve | LatentCurve] = set()
    for index in answered:
        curve = query.scenarios[index].curve
        if query.target is None or not isinstance(curve, MilestoneCurve | LatentCurve) or curve in seen:
            continue
        seen.add(curve)
        if not loss_path(curve).is_exact:
            grid = np.linspace(0.01, 0.99, 2 * _GRID)
            yield _Input(f"/scenarios/{index}/curve", ("curve", curve), 0.5, (0.1, 0.9), grid, None)
