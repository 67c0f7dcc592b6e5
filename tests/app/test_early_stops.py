"""What ends a run but its steps: early stopping and a budget of time, from the wire to the answer."""

import time
from collections.abc import Callable
from typing import Any

import pytest

PLAN = {"total_steps": 1_000, "validate_every": 100, "checkpoint_every": "never"}


def asked(losses: list[float | None] | None, **plan: Any) -> dict[str, Any]:
    """Return the call of a run at step 800 of 1,000, validated eight times."""
    steps = list(range(1, 801))
    validations: dict[str, Any] = {"step": list(range(100, 801, 100)), "seconds": [50.0] * 8}
    if losses is not None:
        validations["loss"] = losses
    return {
        "id": "a",
        "at_step": 800,
        "plan": {**PLAN, **plan},
        "steps": {"step": steps, "seconds": [10.0] * 800},
        "validations": validations,
    }


async def answer(service: Any, run: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of one run."""
    found = await service.post("/eta", {"runs": [run]})
    assert 200 == found.status_code, found.text
    return found.json()["etas"][0]  # type: ignore[no-any-return]  # JSON


FALLING = [0.4 + 3.0 * step**-0.5 for step in range(100, 801, 100)]


async def test_a_falling_loss_is_not_stopped(service: Any) -> None:
    """A power law that falls on beats its best value each time."""
    found = await answer(service, asked(FALLING, early_stopping={"patience": 2}))
    stop = found["early_stopping"]
    assert (2, 0, 1_000) == (stop["patience"], stop["waited"], stop["earliest_step"])
    assert 0.0 == stop["probability"]
    assert found["remaining_seconds"]["0.5"] == pytest.approx(stop["remaining_seconds"]["0.5"], rel=0.01)


async def test_a_rule_that_was_met_gives_no_chance(service: Any) -> None:
    """Seven of six were waited and the run goes on: the rule does not end it, and nothing is made up."""
    run = asked(FALLING, early_stopping={"patience": 6, "min_delta": 0.5})
    stop = (await answer(service, run))["early_stopping"]
    assert (7, None, None, "stop_was_due") == (
        stop["waited"], stop["earliest_step"], stop["probability"], stop["reason"],
    )  # fmt: skip


async def test_a_gain_too_small_ends_the_run(service: Any) -> None:
    """With a least gain that no validation reaches, the next one ends the run: 1,050 s from now."""
    run = asked(FALLING, early_stopping={"patience": 8, "min_delta": 0.5, "monitor": "val_loss"})
    stop = (await answer(service, run))["early_stopping"]
    assert (7, 900, 1.0) == (stop["waited"], stop["earliest_step"], stop["probability"])
    assert 900.0 == stop["step"]["0.5"]
    assert stop["remaining_seconds"]["0.5"] == pytest.approx(1_050, rel=0.01)


@pytest.mark.parametrize(
    ("losses", "rule", "expected"),
    [
        (None, {"patience": 2}, "no_losses"),
        (FALLING, {"patience": 2, "monitor": "accuracy", "mode": "max"}, "not_the_loss"),
        ([None] * 8, {"patience": 20}, "no_losses"),
    ],
)
async def test_what_is_not_told_says_why(
    service: Any, losses: list[float | None] | None, rule: dict[str, Any], expected: str
) -> None:
    """The end by steps stands; no probability is made up."""
    found = await answer(service, asked(losses, early_stopping=rule))
    assert "ok" == found["status"]
    assert (expected, None) == (found["early_stopping"]["reason"], found["early_stopping"]["probability"])


async def test_without_a_rule_there_is_nothing_to_tell(service: Any) -> None:
    """The field is null."""
    assert (await answer(service, asked(FALLING)))["early_stopping"] is None


async def test_a_budget_of_time_is_an_end(service: Any) -> None:
    """900 s of a budget are left, 2,100 s of work: the budget ends the run."""
    run = {**asked(None, max_seconds=9_300), "elapsed_seconds": 8_400}
    found = await answer(service, run)
    assert (1.0, 900.0) == (found["ends_by_budget"], found["remaining_seconds"]["0.5"])
    assert found["step_at_end"]["0.5"] == pytest.approx(890, abs=2)


@pytest.mark.parametrize(
    ("plan", "pointer"),
    [
        ({"early_stopping": {"patience": 0}}, "/runs/0/plan/early_stopping/patience"),
        ({"early_stopping": {"patience": 2, "min_delta": -1}}, "/runs/0/plan/early_stopping/min_delta"),
        ({"early_stopping": {}}, "/runs/0/plan/early_stopping/patience"),
        ({"early_stopping": {"patience": 2, "mode": "up"}}, "/runs/0/plan/early_stopping/mode"),
        ({"max_seconds": 0}, "/runs/0/plan/max_seconds"),
    ],
)
async def test_a_wrong_end_is_named(service: Any, plan: dict[str, Any], pointer: str) -> None:
    """A call that cannot be is refused as a whole, its field by name."""
    found = await service.post("/eta", {"runs": [asked(None, **plan)]})
    assert 422 == found.status_code
    assert pointer in [error["pointer"] for error in found.json()["errors"]]


async def test_losses_of_another_length_are_refused(service: Any) -> None:
    """One for each validation, or none."""
    found = await service.post("/eta", {"runs": [asked([0.5])]})
    assert (422, "/runs/0/validations/loss") == (found.status_code, found.json()["errors"][0]["pointer"])


async def test_validations_beyond_the_step_are_another_attempts(service: Any) -> None:
    """They tell how long one takes; of this attempt none of them is done, and all are due again."""
    run = {**asked(FALLING, early_stopping={"patience": 6}), "at_step": 250}
    found = await answer(service, run)
    assert 8 == found["validations_left"]
    assert found["by_phase"]["validation"] == pytest.approx(400, rel=0.05)
    assert 0 == found["early_stopping"]["waited"]


async def test_a_cadence_seen_beyond_the_step_counts_from_this_one(service: Any) -> None:
    """Where none is declared, what another attempt showed ahead comes again from here on."""
    run = {**asked(None), "at_step": 250}
    run["plan"] = {"total_steps": 1_000}
    assert 8 == (await answer(service, run))["validations_left"]


async def test_a_validation_that_no_plan_has_is_still_under_way(service: Any) -> None:
    """The plan says never, yet one is running: the rest of it is in the answer, and no other."""
    run = asked(None, validate_every="never")
    idle = await answer(service, run)
    busy = await answer(
        service,
        {**run, "in_progress": {"phase": "validation", "elapsed_seconds": 25, "done": 34, "of": 68}},
    )
    assert (0, 0) == (idle["validations_left"], busy["validations_left"])
    assert busy["by_phase"]["validation"] == pytest.approx(25, rel=0.1)
    assert 0 == idle["by_phase"]["validation"]


async def test_a_stored_run_tells_of_its_early_stopping(
    service: Any, make_validations: Callable[..., dict[str, Any]]
) -> None:
    """A declared rule is in the run's answers; one that watches nothing known gives no probability."""
    plan = {"total_steps": 400, "validate_every": 20, "checkpoint_every": "never"}
    rule = {"patience": 12, "min_delta": 1.0, "monitor": "val_loss", "mode": "min"}
    await service.report(
        "run", steps=200, plan={**plan, "early_stopping": rule}, validations=make_validations(20, 200)
    )
    stop = (await service.get("/runs/run/eta")).json()["early_stopping"]
    assert (12, 1.0) == (stop["patience"], stop["probability"])
    assert 260.0 == stop["step"]["0.5"]
    assert stop == (await service.get("/runs/run")).json()["early_stop"]


async def test_a_metric_by_its_name_is_watched(
    service: Any, make_validations: Callable[..., dict[str, Any]]
) -> None:
    """How long a rule has waited on an accuracy is known, though no accuracy is forecast."""
    seen = make_validations(20, 100)
    seen["metrics"] = [{"accuracy": value} for value in (0.5, 0.7, 0.6, 0.6, 0.6)]
    plan = {
        "total_steps": 400,
        "validate_every": 20,
        "early_stopping": {"patience": 5, "monitor": "accuracy", "mode": "max"},
    }
    await service.report("run", steps=100, plan=plan, validations=seen)
    stop = (await service.get("/runs/run/eta")).json()["early_stopping"]
    assert (3, 0.7, 140, "not_the_loss") == (
        stop["waited"],
        stop["best"],
        stop["earliest_step"],
        stop["reason"],
    )


async def test_a_stored_budget_counts_from_the_process(service: Any) -> None:
    """A trainer counts its budget from its own start, the ETA from the allocation's: the end is the same."""
    now = time.time()
    plan = {"total_steps": 10_000, "max_seconds": 3_600.0}
    job = {"cluster": "local", "id": "1"}
    await service.report("run", plan=plan, attempt="first", attempt_started=now - 5_000, job=job)
    await service.report("run", steps=20, plan=plan, attempt="second", attempt_started=now - 1_000, job=job)
    found = (await service.get("/runs/run/eta")).json()
    assert found["remaining_seconds"]["0.5"] == pytest.approx(2_600, abs=30)


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ({"max_seconds": -1}, "max_seconds"),
        ({"early_stopping": {"patience": 0}}, "early_stopping"),
        ({"early_stopping": {"patience": 2, "mode": "up"}}, "early_stopping"),
        ({"early_stopping": 3}, "early_stopping"),
    ],
)
async def test_a_wrong_declared_end_is_refused(
    service: Any, make_batch: Callable[..., dict[str, Any]], plan: dict[str, Any], field: str
) -> None:
    """A plan note that cannot be is refused where it arrives, its field by name."""
    found = await service.post("/runs/run/records", make_batch(plan=plan))
    assert 422 == found.status_code
    assert f"/notes/data/0/{field}" in found.json()["errors"][0]["pointer"]
