"""Weighted quantiles."""

import numpy as np
import pytest

from planner.weighted import weighted_quantiles


def test_a_heavy_value_holds_the_middle() -> None:
    """Quantiles follow the weights, not the counts."""
    values, weight = np.array([3.0, 1.0, 2.0]), np.array([0.8, 0.1, 0.1])
    assert weighted_quantiles(values, weight, np.array([0.6])) == pytest.approx([3.0])


def test_many_equal_weights_give_plain_quantiles() -> None:
    """A thousand equal weights give the quantiles of the values."""
    values = np.random.default_rng(0).permutation(np.linspace(0, 1, 1001))
    found = weighted_quantiles(values, np.full(1001, 1 / 1001), np.array([0.1, 0.5, 0.9]))
    assert found == pytest.approx([0.1, 0.5, 0.9], abs=1e-3)
