"""The families' common normalisation."""

import numpy as np
import pytest

from planner.laws import LAWS, Law


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_drop_is_one_over_the_last_factor_of_four(law: Law) -> None:
    """Every law falls from 1 at a quarter of the clock to 0 now, and never rises."""
    drop = law.drop(np.geomspace(0.25, 4, 50))
    assert (pytest.approx(1.0), pytest.approx(0.0, abs=1e-12)) == (drop[0], law.drop(np.array([1.0]))[0])
    assert (np.diff(drop) < 0).all()
