"""A steady drift of the pace."""

import numpy as np
import pytest

from planner.trend import slope

STEPS = np.full(24, 10.0)


def test_growing_sequences_have_a_slope() -> None:
    """Steps that take 0.1 % longer each step show just that."""
    means = np.exp(0.001 * (np.cumsum(STEPS) - 5))
    assert slope(means, STEPS) == pytest.approx(0.001)


def test_sudden_step_is_no_slope() -> None:
    """A slow-down at once is a regime, not a trend."""
    assert slope(np.where(np.arange(24) < 12, 1.0, 1.3), STEPS) == 0


def test_noise_is_no_slope() -> None:
    """Noise around one level goes nowhere."""
    noise = np.exp(0.05 * np.random.default_rng(0).standard_normal(24))
    assert slope(noise, STEPS) == 0
