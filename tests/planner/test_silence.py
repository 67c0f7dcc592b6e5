"""What a run is at while it says nothing."""

from dataclasses import replace

import numpy as np
import pytest

from planner.eta_query import EtaQuery, InProgress, Silence
from planner.plan import Due, Plan
from planner.silence import steps_under_way, under_way, under_way_seconds
from planner.situation import due
from planner.timings import Timings

QUERY = EtaQuery(
    60,
    Plan(total_steps=100, validate_every=20, checkpoint_every=30),
    validations=Timings(np.array([20.0, 40.0]), np.full(2, 300.0)),
    silence=Silence(90.0, 15.0),
)


def _under_way(query: EtaQuery) -> InProgress | None:
    validations, checkpoints = due(query)
    plan = query.plan
    return under_way(query, (validations, plan.validate_every), (checkpoints, plan.checkpoint_every))


def _phase(query: EtaQuery) -> str | None:
    begun = _under_way(query)
    return None if begun is None else begun.phase


def test_the_validation_due_here_comes_before_the_checkpoint() -> None:
    """After step 60 both are due; once the validation was told of, the checkpoint is next, then steps."""
    validated = replace(QUERY, validations=Timings(np.array([20.0, 40.0, 60.0]), np.full(3, 300.0)))
    saved = Timings(np.array([30.0]), np.full(1, 9.0))
    both = Timings(np.array([30.0, 60.0]), np.full(2, 9.0))
    found = [
        _phase(QUERY),
        _phase(replace(validated, checkpoints=saved)),
        _phase(replace(validated, checkpoints=both)),
    ]
    assert ["validation", "checkpoint", "step"] == found


def test_the_first_one_is_taken_for_it_and_one_never_told_of_is_not() -> None:
    """At its first due step nothing can have been told; at a later one a trainer does not tell of them."""
    unseen = replace(QUERY, validations=Timings(), plan=Plan(total_steps=100, validate_every=20))
    assert "validation" == _phase(replace(unseen, at_step=20))
    assert "step" == _phase(replace(unseen, at_step=40))


def test_between_two_events_it_is_steps() -> None:
    """Nothing but steps follows step 50."""
    assert InProgress("step", 90.0) == _under_way(replace(QUERY, at_step=50))


def test_what_was_told_goes_before_a_guess() -> None:
    """A phase that a run said it is in is that phase; without a silence there is no guess."""
    told = InProgress("data", 80.0)
    assert told == _under_way(replace(QUERY, in_progress=told))
    assert _under_way(replace(QUERY, silence=None)) is None


def test_the_end_is_due_like_any_other() -> None:
    """After the last step a validation at the end is what a silence is."""
    plan = Plan(total_steps=70, validate_every=20, validate_at_end=True)
    last = replace(QUERY, at_step=70, plan=plan, validations=Timings(np.array([60.0]), np.ones(1)))
    assert Due(range(80, 71, 20), 70) == due(last)[0]
    assert "validation" == _phase(last)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (QUERY, (90.0, 5.0)),
        (replace(QUERY, silence=Silence(90.0)), (90.0, 1.0)),
        (replace(QUERY, in_progress=InProgress("step", 7.0)), (7.0, 1.0)),
        (replace(QUERY, silence=None), (0.0, 1.0)),
    ],
)
def test_seconds_and_steps_under_way(query: EtaQuery, expected: tuple[float, float]) -> None:
    """Of a silence the steps that one report tells, at the pace of 3 s five in 15 s; else the step told."""
    assert expected == (under_way_seconds(query), steps_under_way(query, 3.0))
