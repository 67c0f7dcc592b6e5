"""The declared plan: what is usable is kept, what is not is named."""

import math
from datetime import timedelta

import pytest
from cutloss.plan import declared_plan, sampled_schedule


def test_a_full_plan_is_kept_as_declared() -> None:
    """Every field of the wire passes unchanged."""
    fields = {
        "name": "a", "total_steps": 311, "validate_every": 25, "validate_at_end": False,
        "checkpoint_every": "never", "validation_batches": 68, "target_loss": 0.34, "target_of": "val",
        "lr_schedule": [[1, 0.1], [311, 0.01]], "like": "b", "max_seconds": 3600.0,
        "early_stopping": {"patience": 5, "min_delta": 0.01, "mode": "min", "monitor": "val_loss"},
    }  # fmt: skip
    assert (fields, []) == declared_plan(fields)


def test_undeclared_is_left_out() -> None:
    """None says nothing about the plan."""
    assert ({}, []) == declared_plan({"total_steps": None, "like": None})


@pytest.mark.parametrize(
    ("field", "value"),
    [("total_steps", 0), ("total_steps", -5), ("total_steps", "many"), ("total_steps", math.inf),
     ("validate_every", 0), ("validate_every", "often"), ("checkpoint_every", 2.5), ("target_of", "test"),
     ("validate_at_end", "yes"), ("target_loss", math.nan), ("lr_schedule", [1, 2]), ("lr_schedule", []),
     ("lr_schedule", [[1, None]]), ("lr_schedule", len), ("lr_schedule", [[1, -0.1]]),
     ("lr_schedule", [[5, 0.1], [5, 0.2]]), ("total_step", 3),
     ("max_seconds", 0), ("max_seconds", math.inf),
     ("early_stopping", 0), ("early_stopping", {"monitor": "val_loss"}), ("early_stopping", True),
     ("early_stopping", {"patience": 3, "mode": "up"}), ("early_stopping", {"patience": 3, "min_delta": -1})],
)  # fmt: skip
def test_an_unusable_field_is_left_out_and_named(field: str, value: object) -> None:
    """The sentence names the field, what was there, and what was expected."""
    plan, (complaint,) = declared_plan({field: value})
    assert {} == plan
    assert complaint.startswith(f"{field} is ")
    assert "; expected " in complaint


def test_a_patience_alone_is_a_rule() -> None:
    """What is not said is as in most trainers: any gain counts, and less is better."""
    plan, _ = declared_plan({"early_stopping": 4})
    assert plan == {"early_stopping": {"patience": 4, "min_delta": 0.0, "mode": "min"}}


def test_a_budget_may_be_a_timedelta() -> None:
    """It travels as seconds."""
    assert ({"max_seconds": 7200.0}, []) == declared_plan({"max_seconds": timedelta(hours=2)})


def test_a_schedule_function_is_sampled() -> None:
    """Pairs of step and rate, from the first step to the last, dense where a warm-up may be."""
    pairs = sampled_schedule(lambda step: 0.1 * step, 10_000)
    steps = [step for step, _ in pairs]
    assert (1, 10_000) == (steps[0], steps[-1])
    assert sum(step < 200 for step in steps) >= 8
    assert len(pairs) < 100
    assert all(rate == pytest.approx(0.1 * step) for step, rate in pairs)


def test_a_rate_that_rounding_left_below_zero_is_zero() -> None:
    """The service takes no negative rate, and a cosine ends at minus nothing."""
    assert [[1, 0.0], [2, 0.0]] == sampled_schedule(lambda _: -1e-18, 2)
    assert ({"lr_schedule": [[1, 0.0]]}, []) == declared_plan({"lr_schedule": [[1, -1e-18]]})


def test_a_schedule_function_needs_total_steps() -> None:
    """Without an end there is nothing to sample up to."""
    plan, complaints = declared_plan({"lr_schedule": lambda _: 0.1})
    assert ({}, 1) == (plan, len(complaints))


def test_a_schedule_function_that_fails_costs_only_the_schedule() -> None:
    """The training's own function may raise; the rest of the plan stands."""

    def broken(_step: int) -> float:
        raise LookupError("no such step")

    plan, complaints = declared_plan({"total_steps": 100, "lr_schedule": broken})
    assert ({"total_steps": 100}, 1) == (plan, len(complaints))
