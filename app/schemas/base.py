"""The kinds of number the wire knows, and the model every request is made of."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.numbers import column, number, saying, whole
from planner.errors import InvalidInputError

LARGEST_COUNT = 10**12
LARGEST_SECONDS = 1e9
"""Thirty years: what is longer is a clock time or a mistake."""
MOST_POINTS = 5_000_000
MOST_FIELDS = 100
MOST_KNOTS = 10_000
LONGEST_NAME = 200


class Request(BaseModel):
    """A part of a call: unknown fields are refused, null means absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _bound(cls, value: object) -> object:
        """Refuse an object of very many fields at once: each would be named in an error of its own."""
        if isinstance(value, dict) and len(value) > MOST_FIELDS:
            raise PydanticCustomError("expected", f"an object of at most {MOST_FIELDS} fields")
        return value


class Answer(BaseModel):
    """A part of an answer, read from a record of the planner."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())


def _levels(value: list[float]) -> tuple[float, ...]:
    return tuple(sorted(set(value)))


def _increasing(schedule: list[tuple[float, float]]) -> list[tuple[float, float]]:
    for index, ((before, _), (step, _)) in enumerate(pairwise(schedule), 1):
        if step <= before:
            raise InvalidInputError(f"/{index}/0", step, f"a step beyond the one before, {before:g}")
    return schedule


Number = Annotated[float, number("a finite number")]
Count = Annotated[int, whole(1, LARGEST_COUNT)]
Step = Annotated[int, whole(0, LARGEST_COUNT)]
"""A number of completed steps."""
Position = Annotated[float, number(f"a number from 0 to {LARGEST_COUNT}", ge=0, le=LARGEST_COUNT)]
"""The x of a curve; logs that count epochs have fractions."""
Seconds = Annotated[float, number(f"seconds from 0 to {LARGEST_SECONDS:.0f}", ge=0, le=LARGEST_SECONDS)]
Limit = Annotated[float, number(f"seconds above 0, at most {LARGEST_SECONDS:.0f}", gt=0, le=LARGEST_SECONDS)]
"""None of it is no limit: that is null."""
Probability = Annotated[float, number("a probability from 0 to 1", ge=0, le=1)]
Weight = Annotated[float, number(f"a number from 0 to {LARGEST_COUNT}", ge=0, le=LARGEST_COUNT)]
Rate = Annotated[float, number("a learning rate of at least 0", ge=0)]
Name = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=LONGEST_NAME),
    saying(f"a text of 1 to {LONGEST_NAME} characters"),
]
Cadence = Annotated[Count | Literal["never"], saying(f'a whole number from 1 to {LARGEST_COUNT}, or "never"')]
ResumeStep = Annotated[
    Step | Literal["latest"], saying(f'a whole number from 0 to {LARGEST_COUNT}, or "latest"')
]
Flag = Annotated[StrictBool, saying("true or false")]
Level = Annotated[float, number("a number above 0 and below 1", gt=0, lt=1)]
Levels = Annotated[list[Level], column(99, 1), AfterValidator(_levels)]
"""The quantiles asked for, in any order."""

Counts = Annotated[list[Step], column(MOST_POINTS)]
Positions = Annotated[list[Position], column(MOST_POINTS)]
SomeSeconds = Annotated[list[Seconds | None], column(MOST_POINTS)]
SomeNumbers = Annotated[list[Number | None], column(MOST_POINTS)]
SomeRates = Annotated[list[Rate | None], column(MOST_POINTS)]

QuantileMap = Annotated[
    dict[str, float | None], Field(description='value by quantile, such as "0.1"; null: never reached')
]


Knot = Annotated[tuple[Position, Rate], saying("a pair [step, learning rate], both at least 0")]
Schedule = Annotated[list[Knot], column(MOST_KNOTS), AfterValidator(_increasing)]
"""The learning rate over the steps, piecewise linear."""


class PlanFields(Request):
    """What the trainer declares about its run; absent means undeclared."""

    total_steps: Count | None = None
    validate_every: Cadence | None = None
    validate_at_end: Flag | None = None
    checkpoint_every: Cadence | None = None
    validation_batches: Count | None = None


class TimingsFields(Request):
    """Durations of one phase, one entry for each step (or event) logged."""

    step: Counts
    seconds: SomeSeconds

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.seconds) != len(self.step):
            expected = f"as many entries as step has ({len(self.step)})"
            raise InvalidInputError("/seconds", self.seconds, expected)
        return self
