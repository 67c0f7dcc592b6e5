"""What was learned fits what it is learned for."""

import pytest

from planner import learned
from planner.bins import WINDOWS
from planner.laws import LAWS
from planner.misfit import KERNELS
from planner.schedule import options

KINDS = {"train", "val"}


def test_every_model_has_a_weight() -> None:
    """Laws, misfit processes and options are those that the file has weights for, all above 0."""
    assert {law.name for law in LAWS} == set(learned.LAWS)
    assert {kernel.name for kernel in KERNELS} == set(learned.KERNELS)
    for situation, weights in learned.OPTIONS.items():
        assert {option.name for option in options(situation)} == set(weights)
    tables = (learned.LAWS, learned.KERNELS, learned.MODES, *learned.OPTIONS.values())
    assert all(weight > 0 for table in tables for weight in table.values())


@pytest.mark.parametrize("table", [learned.LAWS, learned.KERNELS, learned.MODES])
def test_weights_add_up(table: dict[str, float]) -> None:
    """The weights of a factor add up to 1, but for their rounding."""
    assert sum(table.values()) == pytest.approx(1.0, abs=2e-3)


def test_both_kinds_of_curve_are_known() -> None:
    """Everything that differs between training and validation is there for both."""
    for table in (learned.TEMPERATURES, learned.WINDOWS, learned.PULLS, learned.SPREADS):
        assert set(table) == KINDS
    assert all(len(shares) == len(WINDOWS) and sum(shares) == 1.0 for shares in learned.WINDOWS.values())


def test_reaching_lowers_no_chance() -> None:
    """A factor of at most 1 and an addition of at least 0: see `planner.forecast.reaching`."""
    assert 0 < learned.REACHING["sharpness"] <= 1
    assert learned.REACHING["wander"] >= 0
