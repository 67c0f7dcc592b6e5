"""The kinds of number the wire knows, and the model every request is made of."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StrictFloat,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from planner.errors import InvalidInputError

LARGEST_COUNT = 10**12
LARGEST_SECONDS = 1e9
"""Thirty years: what is longer is a clock time or a mistake."""
MOST_POINTS = 5_000_000


class Request(BaseModel):
    """A part of a call: unknown fields are refused, null means absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """A part of an answer, read from a record of the planner."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())


def _whole(value: object) -> object:
    """Let 5.0 be the integer that JSON Schema says it is; true is no number."""
    if isinstance(value, bool):
        raise PydanticCustomError("whole", "a whole number")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _cadence(value: object) -> int | Literal["never"]:
    whole = value if isinstance(value, str) else _whole(value)
    if whole == "never":
        return "never"
    if not isinstance(whole, int) or not 1 <= whole <= LARGEST_COUNT:
        raise PydanticCustomError("cadence", f'a whole number from 1 to {LARGEST_COUNT}, or "never"')
    return whole


def _resume_step(value: object) -> int | Literal["latest"]:
    whole = value if isinstance(value, str) else _whole(value)
    if whole == "latest":
        return "latest"
    if not isinstance(whole, int) or not 0 <= whole <= LARGEST_COUNT:
        raise PydanticCustomError("resume_step", f'a whole number from 0 to {LARGEST_COUNT}, or "latest"')
    return whole


def _whole_or(word: str, least: int) -> dict[str, Any]:
    return {"anyOf": [{"type": "integer", "minimum": least, "maximum": LARGEST_COUNT}, {"const": word}]}


def _levels(value: list[float]) -> tuple[float, ...]:
    return tuple(sorted(set(value)))


Number = Annotated[StrictFloat, Field(allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_whole), Field(strict=True)]
Count = Annotated[Whole, Field(ge=1, le=LARGEST_COUNT)]
Step = Annotated[Whole, Field(ge=0, le=LARGEST_COUNT)]
"""A number of completed steps."""
Position = Annotated[Number, Field(ge=0, le=LARGEST_COUNT)]
"""The x of a curve; logs that count epochs have fractions."""
Seconds = Annotated[Number, Field(ge=0, le=LARGEST_SECONDS)]
Probability = Annotated[Number, Field(ge=0, le=1)]
Weight = Annotated[Number, Field(ge=0, le=1e12)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Cadence = Annotated[Any, PlainValidator(_cadence), WithJsonSchema(_whole_or("never", 1))]
ResumeStep = Annotated[Any, PlainValidator(_resume_step), WithJsonSchema(_whole_or("latest", 0))]
Level = Annotated[Number, Field(gt=0, lt=1)]
Levels = Annotated[list[Level], Field(min_length=1, max_length=99), AfterValidator(_levels)]
"""The quantiles asked for, in any order."""

QuantileMap = Annotated[
    dict[str, float | None], Field(description='value by quantile, such as "0.1"; null: never reached')
]


class PlanFields(Request):
    """What the trainer declares about its run; absent means undeclared."""

    total_steps: Count | None = None
    validate_every: Cadence | None = None
    validate_at_end: StrictBool | None = None
    checkpoint_every: Cadence | None = None
    validation_batches: Count | None = None


class TimingsFields(Request):
    """Durations of one phase, one entry for each step (or event) logged."""

    step: Annotated[list[Step], Field(max_length=MOST_POINTS)]
    seconds: Annotated[list[Seconds | None], Field(max_length=MOST_POINTS)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.seconds) != len(self.step):
            expected = f"as many entries as step has ({len(self.step)})"
            raise InvalidInputError("/seconds", self.seconds, expected)
        return self
