"""How long steps and events take, and how sure that is."""

import numpy as np
import pytest

from planner.pace import measure
from planner.timings import FloatArray, Timings


def steps(seconds: FloatArray) -> Timings:
    """Return a log of every step."""
    return Timings(np.arange(1.0, len(seconds) + 1), seconds)


def noisy(count: int, seed: int = 0, level: float = 1.0) -> FloatArray:
    """Return durations with 5 % noise."""
    return np.asarray(level * np.exp(0.05 * np.random.default_rng(seed).standard_normal(count)))


def test_steady_pace_is_its_mean() -> None:
    """A steady log has the pace it shows, a narrow range around it, and nothing else to report."""
    pace = measure(steps(noisy(2000)), Timings(), Timings())
    assert pace.step is not None
    assert pace.step.mean_seconds == pytest.approx(1.0, rel=0.01)
    assert 0.95 < pace.step.low_seconds < 1.0 < pace.step.high_seconds < 1.05
    assert (pace.validation, pace.checkpoint, pace.regime, pace.stalls) == (None, None, None, None)


def test_range_is_of_the_mean_ahead_and_quantiles_are_of_single_steps() -> None:
    """A thousand steps average out: the range of their mean is narrower than that of one of them."""
    pace = measure(steps(np.random.default_rng(1).lognormal(0, 0.5, 2000)), Timings(), Timings()).step
    assert pace is not None
    assert pace.slow_seconds - pace.quick_seconds > 5 * (pace.high_seconds - pace.low_seconds)


def test_first_steps_are_reported_apart() -> None:
    """Compilation is in the first steps, never in the pace."""
    pace = measure(steps(np.r_[300.0, noisy(100)]), Timings(), Timings())
    assert pace.step is not None
    assert pace.first_steps is not None
    assert pace.step.mean_seconds == pytest.approx(1.0, rel=0.02)
    assert (pace.first_steps.mean_seconds, pace.first_steps.count) == (300.0, 1)


def test_rare_stalls_are_counted_and_stay_in_the_mean() -> None:
    """Five stalls of 20 s in 1000 steps come every 200 steps and cost 2 % of every hour ahead."""
    seconds = noisy(1001)
    seconds[100::200] = 21.0
    pace = measure(steps(seconds), Timings(), Timings())
    assert pace.stalls is not None
    assert pace.step is not None
    assert pace.stalls.steps_between == pytest.approx(200, rel=0.01)
    assert pace.stalls.seconds == pytest.approx(20, rel=0.01)
    assert pace.step.mean_seconds == pytest.approx(1.1, rel=0.03)


def test_pace_is_that_of_the_current_regime() -> None:
    """After a lasting slow-down the old pace says little of what is ahead."""
    pace = measure(steps(np.r_[noisy(600), noisy(600, 1, 1.5)]), Timings(), Timings())
    assert pace.regime is not None
    assert pace.step is not None
    assert pace.step.mean_seconds == pytest.approx(1.5, rel=0.03)


def test_autocorrelation_widens_the_range() -> None:
    """Steps that wander together tell less of the mean ahead than independent ones of the same spread."""
    rng = np.random.default_rng(3)
    independent = np.exp(0.1 * rng.standard_normal(1000))
    together = np.exp(0.1 * np.repeat(rng.standard_normal(20), 50))
    wide, narrow = (measure(steps(seconds), Timings(), Timings()).step for seconds in (together, independent))
    assert wide is not None
    assert narrow is not None
    assert wide.high_seconds - wide.low_seconds > 1.3 * (narrow.high_seconds - narrow.low_seconds)


def test_sparse_log_has_the_same_pace() -> None:
    """Means of every tenth step give the pace of all of them."""
    logged = Timings(np.arange(10.0, 2001, 10), noisy(2000).reshape(-1, 10).mean(axis=1))
    pace = measure(logged, Timings(), Timings()).step
    assert pace is not None
    assert pace.mean_seconds == pytest.approx(1.0, rel=0.01)


def test_nothing_seen_is_unknown() -> None:
    """Without a usable duration a phase has no pace."""
    pace = measure(steps(np.full(3, np.nan)), Timings(), Timings())
    assert pace.step is None


def test_start_ups_are_a_phase_of_their_own() -> None:
    """Every timed start of a run is in it; without one there is nothing to tell."""
    pace = measure(steps(noisy(50)), Timings(), Timings(), startups=[60.0, 100.0, 200.0]).startup
    assert pace is not None
    assert (3, 120.0, 100.0) == (pace.count, pace.mean_seconds, pace.median_seconds)
    assert measure(steps(noisy(50)), Timings(), Timings()).startup is None


def test_a_steady_drift_is_one_change() -> None:
    """Sequences that grow by 40 % over the run: since its first steady step, bit by bit, by about so much."""
    pace = measure(steps(noisy(2000) * np.linspace(1, 1.4, 2000)), Timings(), Timings())
    assert pace.regime is not None
    assert (2, True) == (pace.regime.since_step, pace.regime.is_gradual)
    assert pace.regime.ratio == pytest.approx(1.4, rel=0.03)


def test_a_restart_at_another_pace_is_a_change_of_regime() -> None:
    """The pace is the newest process's alone, and so are the steps behind it."""
    log = steps(np.r_[noisy(500), noisy(20, 1, 0.5)])
    pace = measure(log, Timings(), Timings(), resumed_at_step=500)
    assert pace.step is not None
    assert pace.regime is not None
    assert pace.step.mean_seconds == pytest.approx(0.5, rel=0.03)
    assert pace.step.median_seconds == pytest.approx(0.5, rel=0.03)
    assert (19, 502) == (pace.step.count, pace.regime.since_step)
    assert pace.regime.ratio == pytest.approx(0.5, rel=0.05)
