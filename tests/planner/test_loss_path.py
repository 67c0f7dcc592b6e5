"""The losses a scenario expects."""

import numpy as np
import pytest
from scipy.special import ndtri

from planner.loss_path import LatentCurve, Milestone, MilestoneCurve, loss_path

TEN, MIDDLE, NINETY = ndtri([0.1]), np.zeros(1), ndtri([0.9])


def milestones(*known: tuple[float, float | None, float]) -> MilestoneCurve:
    """Return a curve of milestones."""
    return MilestoneCurve(tuple(Milestone(*one) for one in known))


def test_losses_are_log_log_between_milestones() -> None:
    """Half way between steps 10 and 1000 on the log axis the loss is the geometric mean."""
    path = loss_path(milestones((10, 4, 4), (1000, 1, 1)))
    assert pytest.approx([2.0]) == path.loss_at(100, MIDDLE)
    assert pytest.approx([100.0]) == path.crossing(np.array([2.0]), MIDDLE)


def test_nothing_is_known_before_the_first_milestone() -> None:
    """Before the first milestone there is no loss, and a target is not reached there."""
    path = loss_path(milestones((50, 0.5, 0.5), (100, 0.4, 0.4)))
    assert path.loss_at(49, MIDDLE) is None
    assert [50.0] == path.crossing(np.array([0.9]), MIDDLE)


def test_nothing_falls_after_the_last_milestone() -> None:
    """After the last milestone the loss stays, and a lower target is never reached."""
    path = loss_path(milestones((50, 0.5, 0.5), (100, 0.4, 0.4)))
    assert pytest.approx([0.4]) == path.loss_at(10_000, MIDDLE)
    assert [np.inf] == path.crossing(np.array([0.39]), MIDDLE)


def test_target_at_a_milestone_is_reached_there() -> None:
    """A loss equal to the target reaches it, at exactly the milestone's step."""
    path = loss_path(milestones((7, 0.5, 0.5), (150, None, 0.34)))
    assert [150.0] == path.crossing(np.array([0.34]), MIDDLE)


def test_milestones_of_a_curve_move_together() -> None:
    """One rank holds for the whole curve: at the 10 % rank every milestone stands at its low end."""
    path = loss_path(milestones((10, 1.0, 2.0), (100, 0.5, 0.8)))
    assert pytest.approx([1.0, 0.5]) == np.exp(path.at_knots(TEN))[0]
    assert pytest.approx([2.0, 0.8]) == np.exp(path.at_knots(NINETY))[0]


def test_rising_milestones_are_crossed_where_they_first_fall() -> None:
    """A fine-tune that starts low, rises and falls has reached its target at its start."""
    path = loss_path(milestones((0, 0.3, 0.3), (50, 0.5, 0.5), (200, 0.2, 0.2)))
    assert [0.0] == path.crossing(np.array([0.34]), MIDDLE)
    assert 50 < path.crossing(np.array([0.25]), MIDDLE)[0] < 200


def test_step_zero_stands_at_step_one_on_the_log_axis() -> None:
    """A curve that begins at step 0 is log-log from step 1 on."""
    path = loss_path(milestones((0, 4, 4), (100, 1, 1)))
    assert pytest.approx([2.0]) == path.loss_at(10, MIDDLE)
    assert pytest.approx([4.0]) == path.loss_at(0, MIDDLE)


def test_loss_cut_at_zero_is_a_normal() -> None:
    """A milestone from 0 to h has its median at h / 2 and its 90 % quantile at h."""
    path = loss_path(milestones((10, 0.0, 0.4)))
    assert pytest.approx([0.2]) == path.loss_at(10, MIDDLE)
    assert pytest.approx([0.4], rel=0.01) == path.loss_at(10, NINETY)


def test_fitted_curve_gives_its_own_quantiles_back() -> None:
    """The path of a rank is the quantile of that level at each step, and goes on beyond the outer ones."""
    levels = (0.1, 0.5, 0.9)
    curve = LatentCurve((10.0, 100.0), levels, ((1.0, 0.5), (2.0, 0.7), (3.0, 1.0)))
    path = loss_path(curve)
    assert pytest.approx([0.5, 0.7, 1.0]) == path.loss_at(100, ndtri(np.array(levels)))
    assert path.at_knots(ndtri([0.01]))[0, 1] < np.log(0.5)


def test_sharper_target_is_reached_later() -> None:
    """The crossing grows as the target falls and as the rank worsens."""
    path = loss_path(milestones((10, 1.0, 2.0), (1000, 0.2, 0.5)))
    targets = np.linspace(1.3, 0.5, 21)
    assert (np.diff(path.crossing(targets, MIDDLE)) > 0).all()
    assert (np.diff(path.crossing(np.array([0.9]), ndtri(np.linspace(0.1, 0.9, 9)))) > 0).all()
