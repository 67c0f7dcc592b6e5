"""Early stopping's rule: when a validation counts as better, and when the rule ends a run."""

import math

import pytest

from planner.errors import InvalidInputError
from planner.stop_rule import EarlyStopping, Watch, watched


def test_every_validation_that_is_no_better_counts() -> None:
    """What only equals the best value is no better."""
    assert watched(EarlyStopping(3), [0.9, 0.8, 0.8, 0.85]) == Watch(0.8, 2, stops=False)


def test_an_improvement_starts_the_count_anew() -> None:
    """The count begins again with a better value."""
    assert watched(EarlyStopping(3), [0.9, 0.95, 0.95, 0.7]) == Watch(0.7, 0, stops=False)


def test_patience_validations_in_a_row_end_the_run() -> None:
    """The rule ends a run with the last of so many, and stays at that."""
    assert watched(EarlyStopping(2), [0.5, 0.6, 0.6, 0.4]) == Watch(0.4, 0, stops=True)


def test_a_small_gain_is_none() -> None:
    """A value must beat the best one by more than the least difference."""
    assert watched(EarlyStopping(5, min_delta=0.1), [1.0, 0.95, 0.91]) == Watch(1.0, 2, stops=False)


def test_more_is_better_where_the_rule_says_so() -> None:
    """An accuracy improves upwards."""
    assert watched(EarlyStopping(2, mode="max"), [0.1, 0.3, 0.2]) == Watch(0.3, 1, stops=False)


def test_what_is_not_finite_is_no_better() -> None:
    """A loss that is NaN counts as one without an improvement."""
    assert watched(EarlyStopping(3), [math.nan, 0.5, math.nan]) == Watch(0.5, 1, stops=False)


def test_before_the_first_value_there_is_no_best() -> None:
    """Unknown is none, not infinity."""
    assert watched(EarlyStopping(3), []) == Watch(None, 0, stops=False)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (EarlyStopping(2), True),
        (EarlyStopping(2, monitor="eval_loss"), True),
        (EarlyStopping(2, monitor="val_acc", mode="max"), False),
        (EarlyStopping(2, monitor="loss", mode="max"), False),
    ],
)
def test_a_loss_is_watched_by_its_usual_names(rule: EarlyStopping, *, expected: bool) -> None:
    """Only the validation loss, downwards, is what is forecast."""
    assert expected == rule.watches_loss


@pytest.mark.parametrize(
    ("patience", "min_delta", "pointer"),
    [
        (0, 0.0, "/plan/early_stopping/patience"),
        (1, -1.0, "/plan/early_stopping/min_delta"),
        (1, math.nan, "/plan/early_stopping/min_delta"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(patience: int, min_delta: float, pointer: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidInputError) as caught:
        EarlyStopping(patience, min_delta)
    assert pointer == caught.value.pointer
