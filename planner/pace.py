"""Measured rates: how long a step, a validation and a checkpoint take, and since when."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner import points
from planner.attempt import attempt_starts
from planner.eta_table import TABLE
from planner.first_steps import first_steps
from planner.regime import Regime, stretches
from planner.timings import Durations, FloatArray, Timings, usable_events, usable_steps
from planner.trend import slope

__all__ = ["EventLevel", "Pace", "PhasePace", "Regime", "StepLevel", "event_level", "measure", "step_level"]

_BLOCKS = 24


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


@dataclass(frozen=True, slots=True)
class StepLevel:
    """What the log of steps says of the steps ahead.

    Attributes:
        now_seconds: mean seconds of a step in the current regime, stalls apart.
        ever_seconds: the same over all regimes; the pace may go back to it.
        age: steps of the current regime.
        seen: steps behind all of it.
        error: relative standard error of ``now_seconds`` for every step of ``age``, as of one step.
        wander: relative spread of the pace over long stretches.
        stall_count: rare long steps seen.
        stall_seconds: mean seconds each cost beyond a usual step.
        slope: relative change of the pace a step, where it drifts steadily.
    """

    now_seconds: float
    ever_seconds: float
    age: float
    seen: float
    error: float
    wander: float
    stall_count: int
    stall_seconds: float
    regime: Regime | None
    slope: float = 0.0

    def seconds(self, steps: float) -> FloatArray:
        """Draw the seconds that a number of steps ahead will take, shape (DRAWS,)."""
        if steps <= 0:
            return np.zeros(points.DRAWS)
        ahead = steps / self.seen
        drift = TABLE.step_drift**2 + (TABLE.step_wander * self.wander) ** 2
        variance = (
            TABLE.step_floor**2 + self.error**2 * (1 / self.age + 1 / steps) + drift * ahead**TABLE.step_reach
        )
        spread = np.exp(np.clip(np.sqrt(variance) * points.student(0, TABLE.step_freedom), -3, 3))
        return np.asarray(self._level(steps) * spread * steps + self._stalled(steps))

    def _level(self, steps: float) -> FloatArray:
        """Draw the mean level ahead: the regime has lasted ``age`` steps and lasts about as long again.

        J. R. Gott (1993), "Implications of the Copernican principle": P(lasts t more) = age / (age + t).
        """
        u = points.uniform(1)
        lasts = np.minimum(TABLE.regime_patience * self.age * (1 / u - 1) / steps, 1.0)
        if self.slope:
            reach = min(steps, TABLE.trend_reach * self.seen)
            return np.full(
                points.DRAWS, self.now_seconds * np.exp(TABLE.trend_share * self.slope * reach / 2)
            )
        return np.asarray(self.now_seconds**lasts * self.ever_seconds ** (1 - lasts))

    def _stalled(self, steps: float) -> FloatArray | float:
        """Draw the seconds stalls will cost: a Poisson count whose rate was seen ``stall_count`` times.

        The rate is gamma distributed; E. B. Wilson and M. M. Hilferty (1931) make it the cube of a normal.
        """
        if not self.stall_count:
            return 0.0
        ninth = 1 / (9 * self.stall_count)
        cube_root = 1 - ninth + np.sqrt(ninth) * points.normal(2)
        count = self.stall_count * np.maximum(cube_root, 0.0) ** 3 * steps / self.seen
        return np.asarray(count * self.stall_seconds)


@dataclass(frozen=True, slots=True)
class EventLevel:
    """What is known of one event of a phase: a typical duration and how sure that is.

    Attributes:
        seconds: median of the mean duration ahead.
        error: relative standard deviation of one event, as of one.
        count: events behind it; 0 is a prior.
        prior: relative spread of a prior, where nothing was seen.
        most_seconds: what the clock leaves room for, where it is known.
    """

    seconds: float
    error: float
    count: int
    prior: float = 0.0
    most_seconds: float = np.inf

    def within(self, most_seconds: float) -> "EventLevel":
        """Return the same with an upper bound."""
        return replace(self, most_seconds=most_seconds)

    def mean_seconds(self, events: float, dimension: int) -> FloatArray:
        """Draw the mean seconds of one of the events ahead, shape (DRAWS,)."""
        seen = max(self.count, 1)
        drift = TABLE.event_drift**2 * np.log1p(events / seen) if self.count else 0.0
        own = self.error**2 * ((1 / seen if self.count else 0.0) + 1 / max(events, 1.0))
        spread = np.sqrt(TABLE.event_floor**2 + own + drift + self.prior**2)
        draws = np.exp(np.clip(spread * points.normal(dimension), -5, 5))
        return np.asarray(np.minimum(self.seconds * draws, self.most_seconds))


def measure(
    steps: Timings,
    validations: Timings,
    checkpoints: Timings,
    startup_seconds: float | None = None,
    resumed_at_step: int | None = None,
) -> Pace:
    """Measure the pace of a run by phase.

    Args:
        steps: step durations, in the order reported.
        validations: validation durations.
        checkpoints: checkpoint durations.
        startup_seconds: this process's start-up, where known.
        resumed_at_step: the step this process resumed at, where it did.
    """
    logged = usable_steps(steps)
    first = first_steps(logged, attempt_starts(logged, resumed_at_step))
    level = step_level(logged, first)
    return Pace(
        step=None if level is None else _step_pace(level, logged.where(~first)),
        validation=_event_pace(usable_events(validations)),
        checkpoint=_event_pace(usable_events(checkpoints)),
        startup=None if startup_seconds is None else _paced(Durations(*(np.array([startup_seconds]),) * 3)),
        first_steps=_paced(logged.where(first)),
        stalls=_stalls(level),
        regime=None if level is None else level.regime,
    )


def step_level(logged: Durations, first: NDArray[np.bool_]) -> StepLevel | None:
    """Return what a log of step durations says of the steps ahead, ``None`` where it is empty.

    Args:
        logged: step durations in the order reported.
        first: which of them are first steps of a process, shape (n,).
    """
    if not len(logged):
        return None
    steady = logged if first.all() else logged.where(~first)
    usual, stalled = _without_stalls(steady)
    parts = stretches(usual)
    now = usual.since(parts.starts[-1])
    means, weights = _block_means(now)
    every, every_weights = _block_means(usual)
    error = _error(means, weights)
    stall_extra = steady.total - usual.total
    return StepLevel(
        now_seconds=_recent_mean(means, weights),
        ever_seconds=float(usual.total / usual.weights.sum()),
        age=float(now.weights.sum()),
        seen=float(usual.weights.sum()),
        error=error,
        wander=_spread(np.log(every), every_weights),
        stall_count=stalled,
        stall_seconds=stall_extra / stalled if stalled else 0.0,
        regime=parts.regime,
        slope=slope(every, every_weights),
    )


def event_level(seen: Durations) -> EventLevel | None:
    """Return what the events seen say of those ahead, ``None`` where none was timed.

    A slow first one (caches, compilation) is left out, later ones count more.
    """
    if not len(seen):
        return None
    usual = float(np.median(seen.seconds[1:] if len(seen) > 1 else seen.seconds))
    slow_first = len(seen) > 1 and seen.seconds[0] > TABLE.slow_first * usual
    seconds = seen.seconds[1:] if slow_first else seen.seconds
    count = len(seconds)
    if usual <= 0:
        return EventLevel(0.0, 0.0, count)
    weights = np.arange(1.0, count + 1) ** TABLE.event_recency
    typical = float(weights @ np.minimum(seconds, 5 * usual) / weights.sum())
    logs = np.clip(np.log(np.maximum(seconds, 1e-3 * usual) / typical), -2, 2)
    spread = float(np.sqrt((TABLE.event_prior**2 * 2 + np.sum(logs**2)) / (2 + count)))
    return EventLevel(typical, spread, count)


def _without_stalls(steady: Durations) -> tuple[Durations, int]:
    """Return the log with rare long entries cut down to a usual one, and how many there were.

    What exceeds several times the median, often enough to average out, is no stall: it stays.
    """
    usual = float(np.median(steady.seconds))
    long = steady.seconds > TABLE.stall_times * usual
    count = int(long.sum())
    if not count or count > max(0.02 * len(steady), 1):
        return steady, 0
    return Durations(
        steady.step, np.where(long, usual, steady.seconds), steady.weights, steady.unknown
    ), count


def _block_means(durations: Durations) -> tuple[FloatArray, FloatArray]:
    """Return the mean seconds and the steps of at most ``_BLOCKS`` consecutive blocks."""
    edges = np.linspace(0, len(durations), min(_BLOCKS, len(durations)) + 1).astype(int)[:-1]
    weights = np.add.reduceat(durations.weights, edges)
    return np.add.reduceat(durations.seconds * durations.weights, edges) / weights, weights


def _recent_mean(means: FloatArray, weights: FloatArray) -> float:
    """Return the mean with later blocks counting more."""
    shares = weights * np.linspace(0, 1, len(means) + 1)[1:] ** TABLE.step_recency
    return float(shares @ means / shares.sum())


def _error(means: FloatArray, weights: FloatArray) -> float:
    """Return the relative standard deviation as of one step.

    Differences between block means carry the autocorrelation that lasts as long as a block; longer blocks
    show more of it, if less surely. The largest estimate is taken.
    """
    if len(means) == 1:
        return TABLE.step_prior * float(np.sqrt(weights.sum()))
    prior = TABLE.step_prior**2 * float(np.mean(weights))
    finest = (_half_squares(means, weights) + prior) / len(means)
    found = [finest]
    for size in (3, 6):
        edges = np.arange(len(means) % size, len(means), size)
        if len(edges) > 1:
            coarse = np.add.reduceat(weights, edges)
            levels = np.add.reduceat(means * weights, edges) / coarse
            pull = TABLE.coarse_pull
            found.append((_half_squares(levels, coarse) + pull * finest) / (len(edges) - 1 + pull))
    return float(np.sqrt(max(found)))


def _half_squares(means: FloatArray, weights: FloatArray) -> float:
    """Return the sum of half the squared differences of neighbours, as of one step each."""
    return float(np.sum(np.diff(np.log(means)) ** 2 * np.minimum(weights[1:], weights[:-1])) / 2)


def _spread(values: FloatArray, weights: FloatArray) -> float:
    middle = float(weights @ values / weights.sum())
    return float(np.sqrt(weights @ (values - middle) ** 2 / weights.sum()))


def _step_pace(level: StepLevel, steady: Durations) -> PhasePace:
    draws = level.seconds(level.seen) / level.seen
    low, high = np.quantile(draws, (0.1, 0.9))
    quick, median, slow = np.quantile(steady.seconds, (0.1, 0.5, 0.9))
    return PhasePace(
        float(draws.mean()), float(low), float(high), len(steady), float(quick), float(median), float(slow)
    )


def _event_pace(seen: Durations) -> PhasePace | None:
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
