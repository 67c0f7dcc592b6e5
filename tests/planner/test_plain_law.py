"""The plain laws against known parameters."""

import numpy as np
import pytest

from planner.bins import bin_series
from planner.curve import Curve, clean
from planner.plain_law import PlainLaw, fit_plain_law


def fitted(losses: np.ndarray) -> PlainLaw:
    """Return the plain laws of losses at steps 1, 2, …."""
    bins = bin_series(clean(Curve(np.arange(1.0, len(losses) + 1), losses)), 0.03, logarithmic=False)
    law = fit_plain_law(bins, bins.variance, float(len(losses)))
    assert law is not None
    return law


@pytest.mark.parametrize("seed", range(4))
def test_parameters_of_a_power_law_lie_in_their_intervals(seed: int) -> None:
    """Floor 2, exponent 0.5 and amplitude 5 are inside their 98 % intervals under 2 % noise."""
    x = np.arange(1.0, 2001)
    noise = 1 + 0.02 * np.random.default_rng(seed).standard_normal(len(x))
    parameters = fitted((2 + 5 * x**-0.5) * noise).parameters(np.array([0.01, 0.99]))
    assert parameters is not None
    assert (parameters[:, 0] <= [2, 0.5, 5]).all()
    assert (parameters[:, 1] >= [2, 0.5, 5]).all()


def test_an_exponential_is_taken_for_one() -> None:
    """A decay to a plateau is carried on as a plateau, not as a power law."""
    x = np.arange(1.0, 1001)
    law = fitted(1 + 3 * np.exp(-x / 100) + 0.01 * np.random.default_rng(0).standard_normal(len(x)))
    assert law.mean(np.array([3000.0]))[0] == pytest.approx(1.0, abs=0.005)
    assert law.weight[law.is_power].sum() < 0.01


def test_a_rising_curve_has_no_plain_law() -> None:
    """Laws only fall."""
    x = np.arange(1.0, 101)
    bins = bin_series(clean(Curve(x, np.sqrt(x))), 0.03, logarithmic=False)
    assert fit_plain_law(bins, bins.variance, 100.0) is None
