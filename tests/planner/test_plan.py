"""The counting rules of the wire contract."""

import numpy as np
import pytest

from planner.errors import InvalidInputError
from planner.plan import Plan, checkpoints_due, validations_due

SEED = Plan(total_steps=311, validate_every=25, checkpoint_every=50)


def test_seed_job_has_eleven_validations_left() -> None:
    """At step 43 of 311, validating every 25 leaves 50, 75, … 300: eleven."""
    due = validations_due(SEED, 43, seen=(25,))
    assert due is not None
    assert list(range(50, 301, 25)) == list(due.regular)
    assert due.count == 11


def test_checkpoints_count_the_same_way() -> None:
    """At step 43 of 311, a checkpoint every 50 leaves six."""
    due = checkpoints_due(SEED, 43)
    assert due is not None
    assert due.count == 6


def test_validation_at_the_end_counts_once() -> None:
    """A validation at the end is one more, or the same one where the cadence divides the total."""
    odd = validations_due(Plan(total_steps=311, validate_every=25, validate_at_end=True), 43)
    even = validations_due(Plan(total_steps=300, validate_every=25, validate_at_end=True), 43)
    assert odd is not None
    assert even is not None
    assert (odd.count, even.count) == (12, 11)


def test_validation_at_the_current_step_is_due_until_it_is_seen() -> None:
    """At step 50 the validation is due where others were given and it is not among them."""
    waiting = validations_due(SEED, 50, seen=(25,))
    done = validations_due(SEED, 50, seen=(25, 50))
    none_given = validations_due(SEED, 50)
    assert waiting is not None
    assert done is not None
    assert none_given is not None
    assert (waiting.count, done.count, none_given.count) == (11, 10, 10)


def test_undeclared_is_unknown_and_never_is_none_of_it() -> None:
    """An undeclared cadence gives None; the word never gives a count of zero."""
    never = validations_due(Plan(total_steps=311, validate_every="never"), 43)
    assert validations_due(Plan(total_steps=311), 43) is None
    assert validations_due(Plan(validate_every=25), 43) is None
    assert never is not None
    assert never.count == 0


def test_counts_and_next_due_step_follow_the_crossing() -> None:
    """A target crossed at 60 waits for the validation at 75, which is the second due."""
    due = validations_due(Plan(total_steps=311, validate_every=25, validate_at_end=True), 43)
    assert due is not None
    assert due.first_from([43, 60, 75, 301, 312]).tolist() == [50, 75, 75, 311, np.inf]
    assert due.count_up_to([43, 60, 75, 301, 311, np.inf]).tolist() == [0, 1, 2, 11, 12, 12]


@pytest.mark.parametrize("name", ["total_steps", "validate_every", "checkpoint_every"])
def test_zero_is_refused_by_name(name: str) -> None:
    """A plan with a zero count is refused, naming the field, the value and what was expected."""
    with pytest.raises(InvalidInputError) as refusal:
        Plan(**{name: 0})
    assert (refusal.value.pointer, refusal.value.value) == (f"/plan/{name}", 0)
