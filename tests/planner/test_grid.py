"""The grid refers to columns that exist."""

import numpy as np
import pytest

from planner.grid import columns, grid
from planner.learning_rate import known_rate
from planner.schedule import schedule

RATES = {
    "known": known_rate(np.array([0.0, 100.0]), np.array([1.0, 0.0])),
    "awaited": known_rate(np.array([0.0, 60.0, 100.0]), np.array([1.0, 1.0, 0.0])),
    "hypothesised": None,
    "endless": None,
}


@pytest.mark.parametrize("situation", RATES)
def test_models_use_a_level_a_law_and_a_rate(situation: str) -> None:
    """Every model's columns exist: ones, then a law that is 0 now, then a rate that is 0 now."""
    found = schedule(50.0, None if situation == "endless" else 100.0, RATES[situation])
    models = grid(situation)
    now = columns(found, np.array([50.0]))[0]
    assert situation == found.situation
    assert models.columns.max() < len(now)
    assert (now[models.columns[:, 0]] == 1).all()
    assert now[models.columns[:, 1:]] == pytest.approx(0.0, abs=1e-12)
