"""Learning rates as planned, as seen and carried on."""

import numpy as np
import pytest

from planner.learning_rate import carried_on, known_rate, known_rate_of_plan


def test_area_of_a_line_is_a_parabola() -> None:
    """The area under a rate falling from 1 to 0 over 100 steps is x - x²/200, constant afterwards."""
    rate = known_rate(np.array([0.0, 100.0]), np.array([1.0, 0.0]))
    assert rate is not None
    x = np.array([0.0, 10.0, 50.0, 100.0, 200.0])
    assert rate.area_to(x) == pytest.approx([0.0, 9.5, 37.5, 50.0, 50.0])


@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_a_cosine_seen_in_part_is_carried_on(floor: float) -> None:
    """From 40 % of a warm-up and cosine the rest follows within a hundredth."""
    x = np.arange(1.0, 1001)
    progress = np.clip((x - 50) / 950, 0, 1)
    lr = 3e-4 * np.where(x < 50, x / 50, floor + (1 - floor) * 0.5 * (1 + np.cos(np.pi * progress)))
    rate = carried_on(x[:400], lr[:400], 1000.0)
    assert rate is not None
    assert rate.at(x[400:]) == pytest.approx(lr[400:] / 3e-4, abs=0.01)


@pytest.mark.parametrize(
    "lr", [np.full(50, 1e-3), np.repeat([1.0, 0.1], 25), np.full(50, np.nan), np.zeros(50)]
)
def test_what_has_no_plain_shape_is_not_carried_on(lr: np.ndarray) -> None:
    """A constant, a step, nothing and zero say nothing of what is to come."""
    assert carried_on(np.arange(1.0, 51), lr, 100.0) is None


def test_what_was_seen_replaces_the_plan() -> None:
    """Up to the last step seen the rate seen counts, then the plan."""
    seen = (np.array([10.0, 20.0]), np.array([1.0, 1.0]))
    rate = known_rate_of_plan([(0, 9.0), (20, 9.0), (30, 0.5), (40, 0.0)], 0.0, seen, 20.0)
    assert rate is not None
    assert rate.at(np.array([15.0, 30.0, 40.0])) == pytest.approx([1.0, 0.5, 0.0])
