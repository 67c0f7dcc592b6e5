"""Which input flips the verdict first: one varies, the others stay at their medians."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from planner.curve import FloatArray
from planner.draws import Medians
from planner.duration import Duration
from planner.loss_path import LatentCurve, MilestoneCurve, loss_path
from planner.scenario import CompareQuery, PaceDurations, Scenario, fix_of
from planner.simulation import finish_seconds

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
        names: JSON pointers it goes by, the first one to be shown, or the key a curve is shared by.
        value: its median.
        swing: its 10 % and 90 % quantiles.
        grid: values among which a flip is looked for, increasing, shape (n,).
        scenarios: indices of those it belongs to; ``None`` for all.
    """

    names: tuple[Hashable, ...]
    value: float
    swing: tuple[float, float]
    grid: FloatArray
    scenarios: tuple[int, ...] | None

    @property
    def pointer(self) -> str:
        """The JSON pointer to be shown."""
        return str(self.names[0])


def sensitivities(query: CompareQuery, chosen: int, answered: Sequence[int]) -> tuple[Sensitivity, ...]:
    """Return what each input does to the lead of the chosen scenario.

    Args:
        query: the whole question.
        chosen: index of the scenario advised.
        answered: indices of all scenarios that can be answered, the chosen one among them.
    """
    twins = _group(query, answered, chosen)
    rivals = [index for index in answered if index not in twins]
    if not rivals:
        return ()
    settled = {index: _finish(query, index, Medians()) for index in (chosen, *rivals)}
    inputs = _inputs(query, list(settled))
    return tuple(_sensitivity(given, _lead(query, chosen, settled, given)) for given in inputs)


def _group(query: CompareQuery, answered: Sequence[int], index: int) -> tuple[int, ...]:
    """Return the scenarios that carry out the same fix, the one asked for among them."""
    fix = fix_of(query.scenarios[index])
    return (index,) if fix is None else tuple(i for i in answered if fix_of(query.scenarios[i]) == fix)


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
        source = Medians(given.names, values)
        moved = settled if given.scenarios is None else given.scenarios
        finish = {**settled, **{index: _finish(query, index, source) for index in moved}}
        others = [seconds for index, seconds in finish.items() if index != chosen]
        best = np.minimum.reduce(np.broadcast_arrays(*others, np.full(len(values), np.inf)))
        with np.errstate(invalid="ignore"):  # inf - inf: neither arrives, so there is no lead to speak of
            return np.asarray(best - finish[chosen])

    return lead


def _finish(query: CompareQuery, index: int, source: Medians) -> FloatArray:
    finish = finish_seconds(query, index, source)
    return np.array([np.inf]) if finish is None else finish


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
        scenario, group = query.scenarios[index], _group(query, answered, index)
        if scenario.pace is not None:
            yield from _paces(f"/scenarios/{index}/pace", scenario.pace, (index,))
        if scenario.action == "relaunch" and index == group[0]:
            yield from _of_fix(scenario, group)


def _of_fix(scenario: Scenario, group: tuple[int, ...]) -> Iterator[_Input]:
    """Yield what a fix takes, for all scenarios that carry it out at once."""
    for part in _PERSON_PARTS:
        yield _timed(tuple(f"/scenarios/{index}/{part}" for index in group), getattr(scenario, part), group)
    chance = scenario.success_probability or 1.0
    names = tuple(f"/scenarios/{index}/success_probability" for index in group)
    swing = (chance / _EXACT_SWING, min(chance * _EXACT_SWING, 1.0))
    yield _Input(names, chance, swing, np.linspace(0.02, 1.0, 2 * _GRID), group)


def _paces(pointer: str, pace: PaceDurations, scenarios: tuple[int, ...] | None) -> Iterator[_Input]:
    for field in fields(pace):
        duration = getattr(pace, field.name)
        if duration is not None:
            yield _timed((f"{pointer}/{field.name}",), duration, scenarios)


def _timed(names: tuple[str, ...], duration: Duration, scenarios: tuple[int, ...] | None) -> _Input:
    swing = (duration.low, duration.high)
    if duration.is_exact:
        swing = (duration.low / _EXACT_SWING, duration.low * _EXACT_SWING)
    return _Input(names, duration.median, swing, _reachable(duration.median), scenarios)


def _loss(value: float) -> _Input:
    swing, factors = (value / _EXACT_SWING, value * _EXACT_SWING), np.geomspace(0.1, 10.0, 2 * _GRID)
    return _Input(("/target/loss",), value, swing, value * factors, None)


def _reachable(value: float) -> FloatArray:
    if value <= 0:
        return np.concatenate([[0.0], np.geomspace(1.0, _LONGEST_FROM_ZERO, _GRID)])
    return np.concatenate([[0.0], value * np.geomspace(1 / _REACH, _REACH, 2 * _GRID)])


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
            names = (f"/scenarios/{index}/curve", ("curve", curve))
            yield _Input(names, 0.5, (0.1, 0.9), grid, None)
