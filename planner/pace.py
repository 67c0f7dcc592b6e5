"""Measured rates: how long a step, a validation and a checkpoint take, and since when."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.attempt import attempt_starts, is_of_newest
from planner.event_level import event_level
from planner.first_steps import first_steps
from planner.regime import Regime
from planner.restart import lately
from planner.step_level import StepLevel, step_level
from planner.timings import Durations, Timings, usable_events, usable_steps

__all__ = ["Pace", "PhasePace", "Regime", "Stalls", "measure"]


@dataclass(frozen=True, slots=True)
class PhasePace:
    """How long one step (or one event) of a phase takes.

    Attributes:
        mean_seconds: mean of those ahead: occasional stalls are in it, first steps are not.
        low_seconds: with 10 % probability that mean turns out lower.
        high_seconds: with 10 % probability that mean turns out higher.
        count: usable entries behind it.
        quick_seconds: 10 % of single durations were shorter.
        median_seconds: half of them were.
        slow_seconds: 90 % of them were.
    """

    mean_seconds: float
    low_seconds: float
    high_seconds: float
    count: int
    quick_seconds: float
    median_seconds: float
    slow_seconds: float


@dataclass(frozen=True, slots=True)
class Stalls:
    """Rare long steps: how many steps apart, and the mean seconds each cost beyond a usual step."""

    steps_between: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Pace:
    """The measured pace of a run by phase; ``None`` where nothing usable was seen."""

    step: PhasePace | None
    validation: PhasePace | None
    checkpoint: PhasePace | None
    startup: PhasePace | None = None
    first_steps: PhasePace | None = None
    stalls: Stalls | None = None
    regime: Regime | None = None


def measure(
    steps: Timings,
    validations: Timings,
    checkpoints: Timings,
    startups: Sequence[float] = (),
    resumed_at_step: int | None = None,
) -> Pace:
    """Measure the pace of a run by phase.

    Args:
        steps: step durations, in the order reported.
        validations: validation durations.
        checkpoints: checkpoint durations.
        startups: seconds of each process start of the run that was timed, oldest first.
        resumed_at_step: the step this process resumed at, where it did.
    """
    logged = usable_steps(steps)
    starts = attempt_starts(logged, resumed_at_step)
    first = first_steps(logged, starts)
    level = step_level(logged, first, starts)
    steady = logged.where(~first).since(0 if level is None else level.left_out)
    return Pace(
        step=None if level is None else _step_pace(level, steady),
        validation=_event_pace(usable_events(validations), resumed_at_step),
        checkpoint=_event_pace(usable_events(checkpoints), resumed_at_step),
        startup=_paced(Durations(*(np.array(startups, dtype=float),) * 3)),
        first_steps=_paced(logged.where(first)),
        stalls=_stalls(level),
        regime=None if level is None else _change(level, steady),
    )


def _change(level: StepLevel, steady: Durations) -> Regime | None:
    """Return the newest change of pace; a steady drift is one change, however it may be cut into steps."""
    if not level.slope or not len(steady):
        return level.regime
    return Regime(int(steady.step[0]), math.exp(level.slope * level.seen), is_gradual=True)


def _step_pace(level: StepLevel, steady: Durations) -> PhasePace:
    draws = level.seconds(level.seen) / level.seen
    low, high = np.quantile(draws, (0.1, 0.9))
    quick, median, slow = np.quantile(steady.seconds, (0.1, 0.5, 0.9))
    return PhasePace(
        float(draws.mean()), float(low), float(high), len(steady), float(quick), float(median), float(slow)
    )


def _event_pace(events: Durations, resumed_at_step: int | None) -> PhasePace | None:
    seen = lately(events, is_of_newest(events, resumed_at_step))
    level = event_level(seen)
    if level is None:
        return None
    draws = level.mean_seconds(float(len(seen)), 3)
    low, high = np.quantile(draws, (0.1, 0.9))
    quick, median, slow = np.quantile(seen.seconds, (0.1, 0.5, 0.9))
    return PhasePace(
        float(draws.mean()), float(low), float(high), len(seen), float(quick), float(median), float(slow)
    )


def _paced(durations: Durations) -> PhasePace | None:
    """Return plain statistics of durations of which nothing is predicted."""
    if not len(durations):
        return None
    low, middle, high = (float(q) for q in np.quantile(durations.seconds, (0.1, 0.5, 0.9)))
    return PhasePace(float(np.mean(durations.seconds)), low, high, len(durations), low, middle, high)


def _stalls(level: StepLevel | None) -> Stalls | None:
    if level is None or not level.stall_count:
        return None
    return Stalls(level.seen / level.stall_count, level.stall_seconds)
