"""When a declared target counts as reached."""

import math
from typing import Literal

import pytest

from app.store.facts import Validation
from app.targets import first_at, reached_loss


def validations(*losses: float | None) -> list[Validation]:
    """Return validations every ten steps."""
    return [Validation("a", 10 * n, 0.0, 1.0, loss, {}) for n, loss in enumerate(losses, 1)]


@pytest.mark.parametrize(
    ("losses", "step"),
    [
        ((), None),
        ((0.5, 0.41), None),
        ((0.5, 0.4, 0.3), 20),
        ((0.5, 0.39, 0.6), 20),
        ((math.nan, -math.inf, None, 0.3), 40),
    ],
)
def test_the_first_validation_at_a_target_reaches_it(losses: tuple[float | None, ...], step: int) -> None:
    """A later one that is worse takes nothing back; one that is no number reaches nothing."""
    found = first_at(0.4, validations(*losses))
    assert step == (None if found is None else found.step)


@pytest.mark.parametrize(
    ("target", "of", "loss"),
    [
        (0.4, "val", 0.38),
        (0.2, "val", None),
        (0.2, "train", 0.15),
        (0.1, "train", None),
        (None, "train", None),
    ],
)
def test_a_target_is_held_against_its_own_curve(
    target: float | None, of: Literal["train", "val"], loss: float | None
) -> None:
    """A training loss says nothing of a target of the validation loss, nor the other way round."""
    assert loss == reached_loss(target, of, 0.15, validations(0.5, 0.38, 0.45))
    assert None is reached_loss(0.4, "train", None, validations(0.1))
