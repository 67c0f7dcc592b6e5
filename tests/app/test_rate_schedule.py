"""Declared learning rates: what is tidied, and what is no schedule."""

import json
from typing import Any

import pytest

from app.rate_schedule import MOST_KNOTS, tidied
from app.records import read_batch, readable_plan


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ([[0, 0.1], [100, 0.01]], [[0, 0.1], [100, 0.01]]),
        ([[0, 0.1], [100, 0.01], [100, 0.1]], [[0, 0.1], [100, 0.1]]),
        ([[0, 0.1], [128, -5.4e-20]], [[0, 0.1], [128, 0.0]]),
        ([], []),
        ([[0, 0.1], [9, -0.1]], None),
        ([[9, 0.1], [3, 0.1]], None),
        ([[5, 0.1], [9, 0.1], [5, 0.1]], None),
        ([[-1, 0.1], [9, 0.1]], None),
        ([[step, 0.1] for step in range(MOST_KNOTS + 1)], None),
    ],
)
def test_a_record_keeps_the_schedule_or_loses_only_that(sent: Any, kept: Any) -> None:
    """Jumps and rounding are tidied; what no schedule can be is dropped, and the plan stays."""
    note = {"seq": [1], "kind": ["plan"], "data": [{"name": "x", "lr_schedule": sent}]}
    body = {"v": 1, "attempt": "a", "attempt_started": 1.0, "notes": note}
    (data,) = read_batch(json.dumps(body).encode()).notes.data
    found = data["lr_schedule"]
    assert ("x", kept) == (data["name"], found and [list(knot) for knot in found])


def test_tidying_changes_nothing_twice() -> None:
    """What is stored tidy reads back as it is."""
    once = tidied([(0.0, -1e-15), (5.0, 0.2), (5.0, 0.3)])
    assert once is not None
    assert once == tidied(once)


def test_a_stored_plan_is_read_without_what_cannot_be() -> None:
    """A field that an older service took does not make the others unreadable."""
    plan = readable_plan(
        {"total_steps": 9, "early_stopping": "yes", "lr_schedule": "cosine", "max_seconds": -5}
    )
    assert (9, None, None, None) == (
        plan.total_steps, plan.early_stopping, plan.lr_schedule, plan.max_seconds,
    )  # fmt: skip
