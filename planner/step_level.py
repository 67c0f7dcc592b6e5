"""What the log of steps says of the steps ahead."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner import points
from planner.eta_table import TABLE
from planner.regime import Regime, stretches
from planner.restart import since_restart
from planner.timings import Durations, FloatArray
from planner.trend import slope

_BLOCKS = 24
_STRETCHES = 256
_LEAST_STRETCH = 1e-3
"""Differences of large sums can round to nothing; a stretch of steps takes some time."""


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
        history: the steady steps of the current regime, stalls included.
        stay: steps that the pace usually stayed on this side of its mean, where it kept coming back.
        left_out: steady entries of earlier processes that ran at another pace.
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
    history: Durations | None = None
    stay: float | None = None
    left_out: int = 0

    def seconds(self, steps: float) -> FloatArray:
        """Draw the seconds that a number of steps ahead will take, shape (DRAWS,)."""
        if steps <= 0:
            return np.zeros(points.DRAWS)
        drift = TABLE.step_drift**2 + (TABLE.step_wander * self.wander) ** 2
        variance = TABLE.step_floor**2 + drift * (steps / self.seen) ** TABLE.step_reach
        lasting = self.error**2 / self.age
        stretch = self._stretches(steps)
        if stretch is None:
            variance += self.error**2 / steps
        spread = np.exp(np.clip(np.sqrt(variance + lasting) * points.student(0, TABLE.step_freedom), -3, 3))
        seconds = self._level(steps) * spread * steps
        return np.asarray(seconds + self._stalled(steps) if stretch is None else seconds * stretch)

    def _stretches(self, steps: float) -> FloatArray | None:
        """Draw how a stretch of so many steps compares with the regime's mean, as stretches of it did.

        Bursts, stalls and pauses come as they came: many stretches have none, a few have a long one. ``None``
        where the regime is too short to hold several such stretches.
        """
        if self.history is None or self.age < TABLE.fewest_stretches * steps:
            return None
        step = np.r_[0.0, np.cumsum(self.history.weights)]
        clock = np.r_[0.0, np.cumsum(self.history.seconds * self.history.weights)]
        begins = np.linspace(0, step[-1] - steps, _STRETCHES)
        took = np.interp(begins + steps, step, clock) - np.interp(begins, step, clock)
        ordered = np.sort(np.maximum(took / (steps * self.now_seconds), _LEAST_STRETCH))
        return np.asarray(ordered[(points.uniform(11) * _STRETCHES).astype(int)])

    def _level(self, steps: float) -> FloatArray:
        """Draw the mean level ahead: the regime has lasted ``age`` steps and lasts about as long again.

        J. R. Gott (1993), "Implications of the Copernican principle": P(lasts t more) = age / (age + t).
        """
        u = points.uniform(1)
        longer = (
            TABLE.regime_patience * self.age * (1 / u - 1) if self.stay is None else -self.stay * np.log(u)
        )
        lasts = np.minimum(longer / steps, 1.0)
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


def step_level(logged: Durations, first: NDArray[np.bool_], starts: Sequence[int] = (0,)) -> StepLevel | None:
    """Return what a log of step durations says of the steps ahead, ``None`` where it is empty.

    Args:
        logged: step durations in the order reported.
        first: which of them are first steps of a process, shape (n,).
        starts: index of the first entry of each process.
    """
    if not len(logged):
        return None
    whole = logged if first.all() else logged.where(~first)
    restart = since_restart(whole, [int(np.count_nonzero(~first[:start])) for start in starts])
    steady = whole.since(restart)
    usual, stalled = _without_stalls(steady)
    parts = stretches(usual)
    now = usual.since(parts.starts[-1])
    means, weights = _block_means(now)
    every, every_weights = _block_means(usual)
    seen, now_seconds = float(usual.weights.sum()), _recent_mean(means, weights)
    ever_seconds = float(usual.total / seen)
    stay = parts.usual_stay(now_seconds, ever_seconds)
    return StepLevel(
        now_seconds=now_seconds,
        ever_seconds=ever_seconds,
        age=float(now.weights.sum()),
        seen=seen,
        error=_error(means, weights),
        wander=_spread(np.log(every), every_weights),
        stall_count=stalled,
        stall_seconds=(steady.total - usual.total) / stalled if stalled else 0.0,
        regime=parts.regime or _restarted(whole, restart),
        slope=slope(every, every_weights),
        history=steady.since(parts.starts[-1]),
        stay=None if stay is None else stay * seen,
        left_out=restart,
    )


def _restarted(whole: Durations, restart: int) -> Regime | None:
    """Return the change of pace that a process start brought, ``None`` where it brought none."""
    if not restart:
        return None
    ratio = np.median(whole.seconds[restart:]) / np.median(whole.seconds[:restart])
    return Regime(int(whole.step[restart]), float(ratio))


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
