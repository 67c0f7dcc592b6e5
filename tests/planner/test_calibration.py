"""What calibration may and may not change."""

import numpy as np
import pytest

from planner.belief import LEVELS, MIDDLE, Belief
from planner.calibration import Parts, local_noise, parts
from planner.curve import Curve, Kind
from planner.forecast import ForecastQuery, fit_curve

KINDS: tuple[Kind, ...] = ("val", "train")


def test_noise_of_a_mean_falls_with_the_records() -> None:
    """5 % of 1,000 records of noise 0.1 leave 0.1 / sqrt(50) in a mean, less when more are to come."""
    x = np.arange(1.0, 1001)
    losses = 3 + 0.1 * np.random.default_rng(0).standard_normal(1000)
    fit = fit_curve(ForecastQuery(Curve(x, losses, "train"), total_steps=4000)).fit
    assert fit is not None
    found = local_noise(np.array([1000.0, 4000.0]), fit.series, fit.modes[0].bins)
    assert found[0] / found[1] == pytest.approx(2.0)
    assert found[0] == pytest.approx(0.1 / np.sqrt(50), rel=0.6)


def test_the_band_leaves_the_data_without_a_jump() -> None:
    """Just before and just after the last step seen the quantiles agree."""
    x = np.arange(1.0, 501)
    losses = (2 + 5 * x**-0.5) * (1 + 0.02 * np.random.default_rng(0).standard_normal(500))
    before, after = fit_curve(ForecastQuery(Curve(x, losses, "val"), total_steps=1000)).at([499.9, 500.1])
    assert before.quantiles.values == pytest.approx(after.quantiles.values, rel=2e-3)


def made(spread: float, decay: float, ramp: float = 1.0) -> np.ndarray:
    """Return the quantiles of a loss of 2, its models a unit apart, a factor e ahead."""
    away = np.linspace(-1, 1, len(LEVELS))[None]
    one = np.ones((1, 1))
    return Parts(2 * one, away, 0 * one, 2 * ramp * one, ramp * one).belief(spread, decay).values[0]


def test_a_wider_spread_moves_the_quantiles_and_not_the_middle() -> None:
    """Twice the spread is twice as far from the median, on both sides, and in order."""
    narrow, wide = made(1.0, 0.0), made(2.0, 0.0)
    assert wide - 2 == pytest.approx(2 * (narrow - 2))
    assert (np.diff(wide) >= 0).all()
    assert (wide[MIDDLE], narrow[MIDDLE]) == (2.0, 2.0)


def test_a_decay_to_come_lowers_what_is_low() -> None:
    """What learning on may take off widens the lower half alone."""
    plain, falling = made(1.0, 0.0), made(1.0, 0.5)
    assert (falling[:MIDDLE] < plain[:MIDDLE]).all()
    assert falling[MIDDLE:] == pytest.approx(plain[MIDDLE:])


def test_what_was_seen_is_not_recalibrated() -> None:
    """Up to the last point the models' own quantiles stand."""
    assert made(5.0, 0.5, ramp=0.0) == pytest.approx(2 + np.linspace(-1, 1, len(LEVELS)))


@pytest.mark.parametrize(("start", "is_late"), [(0, False), (3000, True)])
def test_a_validation_counter_that_began_late_is_noticed(start: int, is_late: bool) -> None:
    """A curve counted from the middle of a run lets its loss fall further than one counted from its start."""
    steps = np.arange(50.0, 2001, 50)
    losses = 1 + 20 * (start + steps) ** -0.5
    falls = []
    for kind in KINDS:
        fit = fit_curve(ForecastQuery(Curve(steps, losses, kind), total_steps=4000)).fit
        assert fit is not None
        belief = Belief(np.full((1, len(LEVELS)), 2.0))
        falls.append(float(parts(belief, np.array([4000.0]), fit, None).fall[0, 0]))
    val, train = falls
    assert is_late == (val > 0.2 * train)


def test_a_planned_decay_leaves_more_to_learn() -> None:
    """Before a decay begins there is more to lose than at a steady rate."""
    x = np.arange(1.0, 501)
    curve = Curve(x, 2 + 5 * x**-0.5, "train", np.ones(500))
    ends = []
    for last in (1.0, 0.0):
        query = ForecastQuery(curve, lr_schedule=((0.0, 1.0), (800.0, 1.0), (1000.0, last)), total_steps=1000)
        fit = fit_curve(query).fit
        assert fit is not None
        belief = Belief(np.full((1, len(LEVELS)), 2.0))
        ends.append(float(parts(belief, np.array([1000.0]), fit, None).fall[0, 0]))
    steady, falling = ends
    assert falling == pytest.approx(steady * (np.log(2) + 2) / np.log(2))
