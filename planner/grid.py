"""The grid of models: every law with every way the learning rate may act."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from planner import learned
from planner.curve import FloatArray
from planner.laws import LAWS
from planner.schedule import Option, Schedule, options

_LEVEL_PRECISION = 1 / 9.0  # a level within three units of where the curve stands
_DROP_PRECISION = 1.0  # a drop of one unit, give or take one: the unit is about the recent drop
_ABSENT_PRECISION = 1e8  # a factor that is not in the model stays at 0


@dataclass(frozen=True, slots=True)
class Grid:
    """Every (law, option) pair: the columns it uses and what is believed of their factors beforehand.

    Attributes:
        columns: level, law and rate column of each model, shape (models, 3).
        mean: prior mean of the factors, shape (models, 3).
        precision: prior precision of the factors, shape (models, 3).
        log_weight: log prior weight, shape (models,).
        begins_late: which have a law whose counter began late, shape (models,).
    """

    columns: NDArray[np.intp]
    mean: FloatArray
    precision: FloatArray
    log_weight: FloatArray
    begins_late: NDArray[np.bool_]


@lru_cache(maxsize=8)
def grid(situation: str) -> Grid:
    """Return the grid of a situation of the learning rate."""
    chosen = options(situation)
    first_rate = 1 + len(LAWS) * (1 + max(option.clock for option in chosen))
    pairs = [(j, option) for option in chosen for j in range(len(LAWS))]
    of_options = learned.OPTIONS[situation]
    weights = [learned.LAWS[LAWS[j].name] * of_options[option.name] for j, option in pairs]
    return Grid(
        columns=np.array([[0, 1 + o.clock * len(LAWS) + j, first_rate + o.rate] for j, o in pairs]),
        mean=np.array([[0.0, 1.0, option.amount] for _, option in pairs]),
        precision=np.array([[_LEVEL_PRECISION, _DROP_PRECISION, _of_rate(option)] for _, option in pairs]),
        log_weight=np.log(weights),
        begins_late=np.array([LAWS[j].begins_late for j, _ in pairs]),
    )


def _of_rate(option: Option) -> float:
    return 1 / option.spread**2 if option.spread > 0 else _ABSENT_PRECISION


def columns(schedule: Schedule, x: FloatArray) -> FloatArray:
    """Return every column at x: one, each law on each clock, each rate; shape (len(x), columns)."""
    clocks = schedule.clocks(x)
    drops = np.stack([law.drop(clocks) for law in LAWS], axis=1).reshape(-1, len(x))
    return np.vstack([np.ones((1, len(x))), drops, schedule.rates(x)]).T
