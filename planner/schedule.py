"""What the learning rate does to the clock and to the level of a curve, known or hypothesised."""

from dataclasses import dataclass

import numpy as np

from planner.curve import FloatArray
from planner.learning_rate import KnownRate

SHAPES = ("cosine", "linear", "last quarter", "last half")
"""Decays to zero that are tried where the learning rate is not known."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way in which the learning rate may act: loss = law(clock) + amount * rate.

    Attributes:
        clock: index into the clocks: 0 is the step, others the area under a learning rate.
        rate: index into the rates: 0 is none.
        amount: prior mean of the factor of the rate, in units of the curve's scale.
        spread: its prior standard deviation.
        name: the key of its learned weight.
    """

    clock: int
    rate: int
    amount: float
    spread: float
    name: str


def hypothesised(shape: str, progress: FloatArray) -> FloatArray:
    """Return the relative rate of a shape at a share of the total steps, shape of ``progress``."""
    done = np.clip(progress, 0.0, 1.0)
    if shape == "cosine":
        return np.asarray(0.5 * (1 + np.cos(np.pi * done)))
    start = {"linear": 0.0, "last half": 0.5, "last quarter": 0.75}[shape]
    return np.clip((1 - done) / (1 - start), 0.0, 1.0)


def hypothesised_area(shape: str, progress: FloatArray) -> FloatArray:
    """Return the area under a cosine or linear decay up to a share of the total steps."""
    done = np.clip(progress, 0.0, 1.0)
    if shape == "cosine":
        return np.asarray(0.5 * (done + np.sin(np.pi * done) / np.pi))
    return np.asarray(done - done**2 / 2)


def _with_amounts(clock: int, rate: int, name: str) -> list[Option]:
    return [Option(clock, rate, c, 0.7 * c, f"{name} {c:g}") for c in (0.15, 0.4, 1.0)]


def _without(rise: int) -> list[Option]:
    """Return the options that need no rate: nothing, and a curve that turns up (overfitting)."""
    return [
        Option(0, 0, 0.0, 0.0, "none"),
        Option(0, rise, 0.0, 0.15, "level rise"),
        Option(0, rise, 0.1, 0.1, "rise"),
    ]


def options(situation: str) -> tuple[Option, ...]:
    """Return the options of a situation.

    ``known``: the learning rate is; ``awaited``: so is its fall, but none has been seen, so that nothing is
    known of its effect; ``hypothesised``: it is not, but where the run ends; ``endless``: neither
    is.
    """
    if situation == "endless":
        return tuple(_without(rise=1))
    if situation in {"known", "awaited"}:
        area = [Option(1, 0, 0.0, 0.0, "area"), *_with_amounts(1, 2, "area rate")]
        large = [
            Option(clock, 2, 2.5, 1.75, f"{name} 2.5") for clock, name in ((0, "rate"), (1, "area rate"))
        ]
        large = large if situation == "awaited" else []
        roots = [Option(clock, 3, 0.4, 0.28, name) for clock, name in ((0, "root"), (1, "area root"))]
        return (*_without(rise=1), *_with_amounts(0, 2, "rate"), *area, *roots, *large)
    shapes = [option for i, s in enumerate(SHAPES) for option in _with_amounts(0, 2 + i, s)]
    areas = [Option(1 + i, 2 + i, 0.4, 0.28, f"area {s}") for i, s in enumerate(SHAPES[:2])]
    return (*_without(rise=1), *shapes, *areas)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The clocks and rates of one run, and the options that use them.

    Attributes:
        situation: as in `options`.
        now: x of the last point seen.
        total: x of the last step of the run, ``None`` where unknown.
        rate: the learning rate where it is known.
    """

    situation: str
    now: float
    total: float | None
    rate: KnownRate | None

    def clocks(self, x: FloatArray) -> FloatArray:
        """Return every clock relative to now, shape (clocks, n)."""
        rows = [x / self.now]
        if self.rate is not None:
            rows.append(self.rate.area_to(x) / self.rate.area_to(np.array([self.now])))
        elif self.total is not None:
            done, now = x / self.total, np.array([self.now / self.total])
            rows += [hypothesised_area(s, done) / hypothesised_area(s, now) for s in SHAPES[:2]]
        return np.maximum(np.array(rows), 1e-9)

    def rates(self, x: FloatArray) -> FloatArray:
        """Return every rate less its value now: none, the rise, then the learning rates; shape (rates, n)."""
        here = np.array([self.now])
        rows = [np.zeros_like(x), x / self.now - 1]
        if self.rate is not None:
            rate, now = self.rate.at(x), self.rate.at(here)
            rows += [rate - now, np.sqrt(rate) - np.sqrt(now)]
        elif self.total is not None:
            rows += [hypothesised(s, x / self.total) - hypothesised(s, here / self.total) for s in SHAPES]
        return np.array(rows)


def schedule(now: float, total: float | None, rate: KnownRate | None) -> Schedule:
    """Return the schedule of a run.

    Args:
        now: x of the last point seen.
        total: x of the last step, ``None`` where unknown.
        rate: the learning rate, seen and to come, ``None`` where unknown.
    """
    if rate is not None and rate.area_to(np.array([now]))[0] > 0:
        is_awaited = rate.has_kept_up_to(now) and (total is None or rate.falls_by(total))
        return Schedule("awaited" if is_awaited else "known", now, total, rate)
    if total is not None:
        return Schedule("hypothesised", now, max(total, now), None)
    return Schedule("endless", now, None, None)
