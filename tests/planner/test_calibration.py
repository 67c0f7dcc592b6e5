"""What calibration may and may not change."""

import numpy as np
import pytest

from planner.calibration import local_noise
from planner.curve import Curve
from planner.forecast import ForecastQuery, fit_curve


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
