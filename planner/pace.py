"""Measured rates: how long a step, a validation and a checkpoint take, and since when."""

from dataclasses import dataclass

import numpy as np

from planner.timings import Durations, FloatArray, Timings, usable_events, usable_steps

_RECENT = 1000


@dataclass(frozen=True, slots=True)
class PhasePace:
    """How long one step (or one event) of a phase takes, as measured.

    Attributes:
        mean_seconds: robust mean of the durations ahead: occasional stalls are in it, first steps are not.
        low_seconds: 10 % of durations are shorter.
        high_seconds: 90 % of durations are shorter.
        count: usable entries behind it.
    """

    mean_seconds: float
    low_seconds: float
    high_seconds: float
    count: int


@dataclass(frozen=True, slots=True)
class Regime:
    """A lasting change of pace: since which step, and new seconds over old."""

    since_step: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Pace:
    """The measured pace of a run by phase; ``None`` where nothing usable was seen."""

    step: PhasePace | None
    validation: PhasePace | None
    checkpoint: PhasePace | None
    startup: PhasePace | None = None
    regime: Regime | None = None


def measure(
    steps: Timings, validations: Timings, checkpoints: Timings, startup_seconds: float | None = None
) -> Pace:
    """Measure the pace of a run by phase.

    Args:
        steps: step durations, in the order reported.
        validations: validation durations.
        checkpoints: checkpoint durations.
        startup_seconds: this process's start-up, where known.
    """
    started = None if startup_seconds is None else PhasePace(*(startup_seconds,) * 3, count=1)
    return Pace(
        step=_of(usable_steps(steps)),
        validation=_of(usable_events(validations)),
        checkpoint=_of(usable_events(checkpoints)),
        startup=started,
    )


def _of(durations: Durations) -> PhasePace | None:
    if not len(durations.seconds):
        return None
    recent = durations.seconds[-_RECENT:]
    low, mid, high = np.quantile(recent, (0.1, 0.5, 0.9))
    mean = float(np.mean(_clipped(recent, mid)))
    return PhasePace(mean, min(float(low), mean), max(float(high), mean), len(durations.seconds))


def _clipped(seconds: FloatArray, mid: float) -> FloatArray:
    return np.asarray(np.minimum(seconds, 10 * mid))
