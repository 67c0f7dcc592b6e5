"""How scenarios rank against each other."""

import numpy as np
import pytest

from planner.ranking import differences, first_shares, signed_quantiles

NEVER = np.inf


def test_ties_share_being_first() -> None:
    """Each draw has one first to give away: it is shared by those who tie, and nobody gets it for never."""
    finish = np.array([[1.0, 2.0, NEVER, 5.0], [2.0, 2.0, NEVER, NEVER]])
    assert [[1.0, 0.5, 0.0, 1.0], [0.0, 0.5, 0.0, 0.0]] == first_shares(finish).tolist()


def test_same_sum_in_another_order_ties() -> None:
    """Finishes that differ in the last bit are the same."""
    finish = np.array([[0.1 + 0.2 + 0.3], [0.3 + 0.2 + 0.1]])
    assert [[0.5], [0.5]] == first_shares(finish).tolist()


def test_difference_is_infinite_where_one_never_arrives() -> None:
    """A saving is positive without bound where only the other arrives, and unknown where neither does."""
    continuing, other = np.array([3.0, NEVER, 3.0, NEVER]), np.array([1.0, 1.0, NEVER, NEVER])
    assert [2.0, np.inf, -np.inf] == differences(continuing, other).tolist()


def test_quantiles_of_differences_know_both_infinities() -> None:
    """A quantile among draws without bound is None, the others are what they are."""
    draws = np.array([-np.inf, 1.0, 2.0, 3.0, np.inf])
    quantiles = signed_quantiles(draws, (0.05, 0.5, 0.95))
    assert quantiles is not None
    assert (None, 2.0, None) == quantiles.values


def test_finite_differences_are_interpolated() -> None:
    """Between two draws a quantile lies between them; of no draws there is none."""
    quantiles = signed_quantiles(np.array([-1.0, 1.0]), (0.5,))
    assert quantiles is not None
    assert pytest.approx([0.0]) == list(quantiles.values)
    assert signed_quantiles(np.zeros(0), (0.5,)) is None
