"""The kinds of number the wire knows, and the actions' forms."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.schemas.actions import CommandFields
from app.schemas.base import Cadence, Count, Levels, Number, ResumeStep, Seconds, Step
from app.schemas.compare import Duration


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Step, 5, 5),
        (Step, 5.0, 5),
        (Number, 5, 5.0),
        (Cadence, "never", "never"),
        (Cadence, 25, 25),
        (ResumeStep, "latest", "latest"),
        (ResumeStep, 0, 0),
        (Levels, [0.9, 0.1, 0.9], (0.1, 0.9)),
        (Duration, 45, (45.0, 45.0)),
        (Duration, [0, 10.5], (0.0, 10.5)),
    ],
)
def test_what_is_taken(kind: Any, value: Any, expected: Any) -> None:
    """5.0 is an integer, quantiles may come in any order, a plain duration is exact."""
    assert expected == TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Step, True), (Step, 5.5), (Step, "5"), (Number, True), (Number, "1"), (Number, float("nan")),
        (Number, 10**400), (Count, 0), (Cadence, 0), (Cadence, "often"), (Cadence, True), (ResumeStep, -1),
        (ResumeStep, "newest"), (Levels, []), (Levels, [0.0]), (Levels, [1]), (Seconds, -0.1),
        (Seconds, 1e10), (Duration, -1), (Duration, [2, 1]), (Duration, [1]), (Duration, [1, 2, 3]),
        (Duration, True), (Duration, "45"), (Duration, [1, None]), (Duration, float("inf")),
    ],
)  # fmt: skip
def test_what_is_refused(kind: Any, value: Any) -> None:
    """Booleans and texts are no numbers, what is not finite is none, and bounds are kept."""
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize("value", [None, True, 100, 0.5, "cosine"])
def test_commands_carry_one_plain_value(value: Any) -> None:
    """A command may set a name to a word, a number, a truth or nothing."""
    assert value == CommandFields(command="set", name="validate_every", value=value).value


@pytest.mark.parametrize("value", [[1], {"a": 1}, 1e300, "x" * 10_001])
def test_commands_carry_nothing_else(value: Any) -> None:
    """What is set is neither a list nor an object, neither endless nor absurd."""
    with pytest.raises(ValidationError):
        CommandFields(command="set", name="validate_every", value=value)
