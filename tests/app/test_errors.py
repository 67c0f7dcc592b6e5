"""Errors: one table, one form."""

import math
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError

from app.errors import (
    ConflictError,
    NotFoundError,
    field_errors,
    shown,
    status_of,
)
from app.slurm.scheduler import SchedulerError, SchedulerUnavailableError, SchedulerUnreachableError
from planner.errors import InvalidInputError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("x"), 404),
        (ConflictError("x"), 409),
        (InvalidInputError("/x", 1, "y"), 422),
        (SchedulerError("x"), 409),
        (SchedulerUnavailableError("x"), 503),
        (SchedulerUnreachableError("x"), 503),
        (KeyError("x"), 500),
    ],
)
def test_nearest_class_decides(error: Exception, status: int) -> None:
    """An error's status is that of the nearest class in the table."""
    assert status == status_of(error)


def test_planner_errors_name_the_field() -> None:
    """An error of the planner names pointer, value and expectation."""
    (found,) = field_errors(InvalidInputError("/plan/total_steps", 0, "at least 1"))
    assert ("/plan/total_steps", 0, "at least 1") == (found.pointer, found.value, found.expected)


def _wrong(place: tuple[Any, ...], body: Any, **parts: Any) -> str:
    item = {"loc": ("body", *place), "type": "x", "msg": "m", "input": 1, **parts}
    (found,) = field_errors(RequestValidationError([item], body=body))
    return found.pointer


def test_pointers_leave_out_the_branches_of_a_union() -> None:
    """A pointer leads through the body as sent; names that pydantic adds are left out."""
    body = {"scenarios": [{"action": "relaunch", "plan": {"a/b": 1}}]}
    assert "/scenarios/0/plan/a~1b" == _wrong(("scenarios", 0, "relaunch", "plan", "a/b"), body)
    assert "/scenarios/0/name" == _wrong(("scenarios", 0, "relaunch", "name"), body, type="missing")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, "nan"), (True, True), (None, None), ("x" * 500, "x" * 200), ([1, 2], [1, 2]),
        (list(range(9)), "an array of 9"), ({"a": 1}, "an object with 1 field"),
        (10**300, "a very long number"),
    ],
)  # fmt: skip
def test_values_are_shown_short_and_finite(value: Any, expected: Any) -> None:
    """An offending value is shown back as JSON that is short and finite."""
    assert expected == shown(value)


async def test_unknown_path_and_method(service: Any) -> None:
    """What is not there is 404, what is not done there is 405, both as problems under /api."""
    missing = await service.client.get("/api/v1/nothing")
    wrong = await service.client.delete("/api/v1/runs")
    assert [(404, "application/problem+json"), (405, "application/problem+json")] == [
        (answer.status_code, answer.headers["content-type"]) for answer in (missing, wrong)
    ]


async def test_failure_shows_nothing_of_the_inside(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of the service is 500 without internals."""

    def fail(*_: Any) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(service.app.state.plans, "rows", fail)
    service.client._transport.raise_app_exceptions = False
    answer = await service.get("/runs")
    assert (500, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert "secret" not in answer.text


async def test_many_wrong_fields_are_not_listed_whole(service: Any) -> None:
    """Of many wrong fields the first few are named, and of a wrong column the first item."""
    curve = {"id": "a", "steps": ["x"] * 1000, "losses": [1.0] * 1000}
    answers = [await service.post("/forecast", {"curves": curves}) for curves in ([curve], [curve] * 1000)]
    assert [(422, 1), (422, 20)] == [(answer.status_code, len(answer.json()["errors"])) for answer in answers]


async def test_detail_is_sentences(service: Any) -> None:
    """What is wrong reads as sentences: place, value, expectation; the whole body is called by its name."""
    wrong = await service.post("/eta", {"runs": [{"id": "a", "at_step": "5"}]})
    whole = await service.post("/eta", [])
    assert [
        (
            '/runs/0/at_step is "5"; expected a whole number from 0 to 1000000000000. '
            "/runs/0/plan is missing; expected this field."
        ),
        "The body is []; expected an object.",
    ] == [answer.json()["detail"] for answer in (wrong, whole)]
