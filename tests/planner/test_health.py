"""Alarms come in time and not too often."""

import numpy as np
import pytest

from planner.curve import Curve, clean
from planner.health import has_exploded, is_overfitting, refusal


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 1e31])
def test_divergence_is_known_after_three_records(broken: float) -> None:
    """Two broken records may be a hiccup, the third is an alarm."""
    steps, healthy = np.arange(1.0, 24), 2 + 1 / np.arange(1.0, 21)
    curve = Curve(steps, np.append(healthy, [broken] * 3), "train")
    before = Curve(steps[:-1], curve.losses[:-1], "train")
    assert (None, "diverged") == (refusal(before, clean(before)), refusal(curve, clean(curve)))


def test_explosion_is_known_after_three_records() -> None:
    """Three losses far above all before the best one are an explosion, two are not."""
    healthy = 2 + 9 / np.arange(1.0, 21)
    assert not has_exploded(np.append(healthy, [20.0, 80.0]))
    assert has_exploded(np.append(healthy, [20.0, 80.0, 500.0]))


def test_one_odd_first_record_is_no_measure() -> None:
    """A first loss logged as 0 makes no explosion of what follows."""
    assert not has_exploded(np.append([0.0], 2 + 1 / np.arange(1.0, 21)))


def test_noise_is_no_explosion() -> None:
    """A noisy plateau raises no alarm."""
    losses = 2 + 0.5 * np.random.default_rng(0).standard_normal(500)
    assert not any(has_exploded(losses[:n]) for n in range(10, 500))


def test_a_falling_validation_curve_is_not_overfitting() -> None:
    """Noise around a plateau does not count as turning up; a steady rise does."""
    x = np.arange(1.0, 31)
    noise = 0.002 * np.random.default_rng(0).standard_normal(30)
    falling, turning = 1 + 1 / x + noise, 1 + 1 / x + 0.02 * np.maximum(x - 10, 0) + noise
    found = [is_overfitting(clean(Curve(x, losses, "val"))) for losses in (falling, turning)]
    assert [False, True] == found
