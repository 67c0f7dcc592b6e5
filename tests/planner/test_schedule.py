"""Situations of the learning rate, and the clocks and rates they give."""

import numpy as np
import pytest

from planner.learning_rate import known_rate
from planner.schedule import options, schedule


@pytest.mark.parametrize("situation", ["known", "awaited", "hypothesised", "endless"])
def test_every_option_has_its_columns(situation: str) -> None:
    """No option refers to a clock or a rate that its situation does not have."""
    steady = known_rate(np.array([0.0, 100.0, 200.0]), np.array([1.0, 1.0, 0.0]))
    falling = known_rate(np.array([0.0, 200.0]), np.array([1.0, 0.0]))
    found = {
        "known": schedule(80.0, 200.0, falling),
        "awaited": schedule(80.0, 200.0, steady),
        "hypothesised": schedule(80.0, 200.0, None),
        "endless": schedule(80.0, None, None),
    }[situation]
    x = np.array([10.0, 80.0, 150.0, 400.0])
    assert situation == found.situation
    assert max(o.clock for o in options(situation)) < len(found.clocks(x))
    assert max(o.rate for o in options(situation)) < len(found.rates(x))


@pytest.mark.parametrize("total", [None, 200.0])
def test_now_is_one_on_every_clock_and_no_change_of_rate(total: float | None) -> None:
    """At the last point seen every clock is 1 and every rate term 0."""
    found = schedule(80.0, total, None)
    now = np.array([80.0])
    assert found.clocks(now) == pytest.approx(1.0)
    assert found.rates(now) == pytest.approx(0.0)
