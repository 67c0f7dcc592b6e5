"""Evenly spread points."""

import numpy as np
import pytest

from planner import points


def test_coordinate_is_an_exact_grid() -> None:
    """Each coordinate alone holds the middles of equal cells, so that its quantiles carry no noise."""
    expected = (np.arange(points.DRAWS) + 0.5) / points.DRAWS
    assert np.allclose(np.sort(points.uniform(3)), expected)


def test_coordinates_are_uncorrelated() -> None:
    """Two coordinates tell nothing of each other."""
    columns = np.array([points.normal(dimension) for dimension in range(11)])
    assert np.abs(np.corrcoef(columns) - np.eye(11)).max() < 0.08


def test_student_draws_keep_the_normal_80_percent() -> None:
    """Heavier tails leave the 10 % and 90 % quantiles where the normal has them."""
    low, high = np.quantile(points.student(0, 3.0), (0.1, 0.9))
    assert (low, high) == (pytest.approx(-1.2816, abs=0.01), pytest.approx(1.2816, abs=0.01))
