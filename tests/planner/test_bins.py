"""Noise, its autocorrelation and the log-spaced means, against known truth."""

import numpy as np
import pytest

from planner.bins import MOST_BINS, WINDOWS, bin_series, noise
from planner.curve import Curve, clean


def test_noise_of_independent_records_is_found() -> None:
    """Independent noise of 0.1 on a power law is measured within a tenth, without inflation."""
    x = np.arange(1.0, 4001)
    y = 2 + 5 * x**-0.5 + 0.1 * np.random.default_rng(0).standard_normal(len(x))
    sigma, inflation = noise(x, y, np.ones_like(x))
    assert sigma == pytest.approx(0.1, rel=0.1)
    assert inflation < 2


def test_autocorrelation_inflates_the_noise_of_means() -> None:
    """An AR(1) of 0.9, whose means vary 19 times as much, is recognised as dependent."""
    rng, value, values = np.random.default_rng(1), 0.0, []
    for shock in rng.standard_normal(8000):
        value = 0.9 * value + shock
        values.append(value)
    x = np.arange(1.0, 8001)
    _, inflation = noise(x, np.array(values), np.ones_like(x))
    assert inflation > 5


def test_block_means_tell_the_same_noise_as_records() -> None:
    """Means of ten records with their counts give the deviation of one record."""
    x = np.arange(1.0, 20001)
    y = 1 + 0.1 * np.random.default_rng(2).standard_normal(len(x))
    means = [column.reshape(-1, 10).mean(axis=1) for column in (x, y)]
    sigma, _ = noise(means[0], means[1], np.full(2000, 10.0))
    assert sigma == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("logarithmic", [False, True])
def test_bins_are_few_and_end_at_the_level(window: float, logarithmic: bool) -> None:
    """However long the series, at most 36 bins; the level is where the curve stands."""
    x = np.arange(1.0, 3001)
    bins = bin_series(clean(Curve(x, 2 + 5 * x**-0.5)), window, logarithmic=logarithmic)
    level = np.exp(bins.level) if logarithmic else bins.level
    assert len(bins.u) <= MOST_BINS
    assert level == pytest.approx(2 + 5 * 2800**-0.5, rel=0.01)
    assert (np.diff(bins.u) > 0).all()
