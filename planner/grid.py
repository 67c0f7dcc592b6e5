"""The grid of models: every law with every way the learning rate may act."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from planner import learned
from planner.bins import Bins
from planner.curve import FloatArray
from planner.laws import LAWS
from planner.schedule import Option, Schedule, options

_LEVEL_PRECISION = 1 / 9.0
_DROP_PRECISION = 1.0
_COMPANION_PRECISION = 1 / 0.09
_ABSENT_PRECISION = 1e8


@dataclass(frozen=True, slots=True)
class Grid:
    """Every (law, option) pair: the columns it uses and what is believed of their factors beforehand.

    Attributes:
        columns: level, law and rate column of each model, shape (models, 3).
        mean: prior mean of the factors, shape (models, 3).
        precision: prior precision of the factors, shape (models, 3).
        log_weight: log prior weight, shape (models,).
        law: index of the law of each model, shape (models,).
    """

    columns: NDArray[np.intp]
    mean: FloatArray
    precision: FloatArray
    log_weight: FloatArray
    law: NDArray[np.intp]


@lru_cache(maxsize=8)
def grid(situation: str, *, with_companion: bool) -> Grid:
    """Return the grid of a situation; the companion curve is the last law."""
    names = [law.name for law in LAWS] + ["companion"] * with_companion
    chosen = options(situation)
    first_rate = 1 + len(names) * (1 + max(option.clock for option in chosen))
    pairs = [(j, option) for option in chosen for j in range(len(names))]
    weights = [learned.LAWS[names[j]] * learned.OPTIONS[situation][option.name] for j, option in pairs]
    return Grid(
        columns=np.array([[0, 1 + o.clock * len(names) + j, first_rate + o.rate] for j, o in pairs]),
        mean=np.array([[0.0, 1.0, option.amount] for _, option in pairs]),
        precision=np.array([[_LEVEL_PRECISION, _drop(names[j]), _rate(option)] for j, option in pairs]),
        log_weight=np.log(weights),
        law=np.array([j for j, _ in pairs]),
    )


def _drop(law: str) -> float:
    return _COMPANION_PRECISION if law == "companion" else _DROP_PRECISION


def _rate(option: Option) -> float:
    return 1 / option.spread**2 if option.spread > 0 else _ABSENT_PRECISION


@dataclass(frozen=True, slots=True)
class Design:
    """What the columns of the grid are for one run.

    Attributes:
        schedule: its clocks and rates.
        companion: expected loss of its other curve at x, ``None`` where there is none.
    """

    schedule: Schedule
    companion: Callable[[FloatArray], FloatArray] | None

    @property
    def grid(self) -> Grid:
        """The models that can be fitted on this design."""
        return grid(self.schedule.situation, with_companion=self.companion is not None)

    def columns(self, x: FloatArray, bins: Bins) -> FloatArray:
        """Return every column at x: one, each law on each clock, each rate; shape (len(x), columns)."""
        rows = [np.ones_like(x)]
        other = [] if self.companion is None else [self._companion_drop(self.companion, x, bins)]
        for clock in self.schedule.clocks(x):
            rows += [law.drop(clock) for law in LAWS] + other
        return np.vstack([*rows, self.schedule.rates(x)]).T

    def _companion_drop(
        self, expected: Callable[[FloatArray], FloatArray], x: FloatArray, bins: Bins
    ) -> FloatArray:
        losses = expected(np.append(x, self.schedule.now))
        if bins.logarithmic:
            losses = np.log(np.maximum(losses, np.exp(bins.level - 6.0)))
        return np.asarray((losses[:-1] - losses[-1]) / bins.scale)
