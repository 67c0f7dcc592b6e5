"""Quantile curves that can be read both ways."""

import numpy as np
import pytest
from scipy.stats import norm

from planner.belief import mixture


def test_one_normal_is_itself() -> None:
    """Quantiles of a single normal component are those of the normal."""
    one = mixture(np.ones(1), np.full((1, 1), 2.0), np.full((1, 1), 0.5), np.array([False]))
    levels = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
    assert one.quantiles(levels)[0] == pytest.approx(norm.ppf(levels, 2, 0.5), abs=0.04)


def test_probability_inverts_the_quantile() -> None:
    """The probability below a quantile is its level, in the middle and in the tails."""
    two = mixture(
        np.array([0.3, 0.7]), np.array([[1.0], [2.0]]), np.array([[0.1], [0.4]]), np.array([False, True])
    )
    levels = np.array([0.001, 0.05, 0.33, 0.5, 0.9, 0.999])
    losses = two.quantiles(levels)[0]
    assert [two.probability_below(loss)[0] for loss in losses] == pytest.approx(levels, abs=1e-6)
