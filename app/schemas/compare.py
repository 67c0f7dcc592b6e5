"""``POST /api/v1/compare``: the call."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.base import (
    LARGEST_SECONDS,
    Count,
    Levels,
    Name,
    Number,
    PlanFields,
    Position,
    Positions,
    Probability,
    Request,
    ResumeStep,
    Seconds,
    SomeNumbers,
    Step,
    Weight,
)
from app.schemas.numbers import column, saying
from planner.errors import InvalidInputError

MOST_SCENARIOS = 50
MOST_MILESTONES = 1_000
SCRIPT = r"^[A-Za-z0-9_./@%+=:,~][A-Za-z0-9_./@%+=:,~ -]*$"
"""What can be shown as part of a command and copied as it stands."""


def _duration(value: object) -> tuple[float, float]:
    """Return a duration as its 10 % and 90 % ends; a plain number is exact."""
    ends = [_seconds(end) for end in (value if isinstance(value, list) else [value, value])]
    if len(ends) != 2:  # noqa: PLR2004 - a pair
        raise PydanticCustomError("duration", _DURATION)
    low, high = ends
    if low > high:
        raise PydanticCustomError("duration_order", "a pair whose low is at most its high")
    return low, high


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST_SECONDS:
        raise PydanticCustomError("duration", _DURATION)
    return float(value)


_DURATION = f"seconds from 0 to {LARGEST_SECONDS:.0f}, or a pair [low, high] of them"
_SECONDS_SCHEMA = {"type": "number", "minimum": 0, "maximum": LARGEST_SECONDS}
_PAIR_SCHEMA = {"type": "array", "items": _SECONDS_SCHEMA, "minItems": 2, "maxItems": 2}
Duration = Annotated[
    Any,
    PlainValidator(_duration),
    WithJsonSchema({"anyOf": [_SECONDS_SCHEMA, _PAIR_SCHEMA]}),
]
"""Exact seconds, or the 10 %–90 % range of an uncertain duration."""


class PaceFields(Request):
    """Measured rates; a part may be absent where its count is 0."""

    step_seconds: Duration | None = None
    validation_seconds: Duration | None = None
    checkpoint_seconds: Duration | None = None
    startup_seconds: Duration | None = None


class PointsFields(Request):
    """A curve by its points, to be forecast."""

    steps: Positions
    losses: SomeNumbers

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.losses) != len(self.steps):
            expected = f"as many entries as steps has ({len(self.steps)})"
            raise InvalidInputError("/losses", self.losses, expected)
        return self


Milestone = Annotated[
    tuple[Position, Number | None, Number], saying("a milestone: [step, lowest loss or null, highest loss]")
]


class CurveChoice(Request):
    """A scenario's loss curve: one of milestones, points, or a stored run.

    A stored run's curve is aligned at the step the scenario starts from (a relaunch's ``resume_step``):
    from there on it does what that run did after its ``from_step``. Without one both count the same steps.
    """

    milestones: Annotated[list[Milestone], column(MOST_MILESTONES, 1)] | None = None
    points: PointsFields | None = None
    run: Name | None = None
    from_step: Annotated[
        Step | None, Field(description="step of that run from which on the scenario does what it did")
    ] = None
    from_loss: Annotated[
        Number | None,
        Field(
            description="loss the scenario starts at, measured by a test of the fix, say: it does what that "
            "run does from where its own loss is that low"
        ),
    ] = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = [name for name, value in self if value is not None and not name.startswith("from_")]
        if len(given) != 1:
            raise InvalidInputError("", given, "exactly one of milestones, points, run")
        if self.from_step is not None and self.run is None:
            raise InvalidInputError("/from_step", self.from_step, "from_step only beside run")
        if self.from_loss is not None and (self.run is None or self.from_step is not None):
            raise InvalidInputError(
                "/from_loss", self.from_loss, "from_loss only beside run, without from_step"
            )
        self._check_milestones()
        return self

    def _check_milestones(self) -> None:
        before = -1.0
        for index, (step, low, high) in enumerate(self.milestones or ()):
            if step <= before:
                raise InvalidInputError(f"/milestones/{index}/0", step, "a step beyond the one before")
            if low is not None and low > high:
                raise InvalidInputError(f"/milestones/{index}", [step, low, high], "low at most high")
            before = step


class ContinueFields(Request):
    """Let the job run."""

    name: Name
    action: Literal["continue"]
    curve: CurveChoice | None = None
    plan: PlanFields | None = None
    validations_left: Step | None = None


class RelaunchFields(Request):
    """Cancel, fix and relaunch."""

    name: Name
    action: Literal["relaunch"]
    edit_seconds: Duration
    test_seconds: Duration
    queue_seconds: Duration
    plan: PlanFields | None = None
    pace: PaceFields | None = None
    resume_step: ResumeStep = 0
    curve: CurveChoice | None = None
    cancel: Literal["now", "at_relaunch"] = "now"
    success_probability: Probability = 1.0


class StopFields(Request):
    """Give up."""

    name: Name
    action: Literal["stop"]


ScenarioFields = Annotated[ContinueFields | RelaunchFields | StopFields, Field(discriminator="action")]


class TargetFields(Request):
    """The loss that decides when a scenario is done."""

    loss: Number
    of: Literal["val", "train"]


class EconomicsFields(Request):
    """What time costs."""

    gpus: Weight
    gpu_hour_price: Weight | None = None
    currency: Annotated[str, Field(strict=True, max_length=20)] | None = None
    watts_per_gpu: Weight | None = None
    grams_co2_per_kwh: Weight | None = None
    attention_hour_price: Weight | None = None


class ObjectiveFields(Request):
    """How much time and cost weigh in the choice."""

    time: Weight = 1.0
    cost: Weight = 0.0


class CriterionFields(Request):
    """A further criterion: a score for each scenario, by its name."""

    name: Name
    weight: Weight
    scores: Annotated[dict[Name, Number], Field(max_length=MOST_SCENARIOS)]


JobId = Annotated[
    str,
    Field(strict=True, pattern=r"^[0-9]{1,18}(_[0-9]{1,9})?$", description="a job's id"),
    saying('a job id of digits in quotes, such as "13503904" or "13503904_7"'),
]


class CompareRequest(Request):
    """A running job and what could be done about it."""

    job: JobId | None = None
    script: (
        Annotated[
            str,
            Field(
                pattern=SCRIPT,
                max_length=500,
                description="batch script and its arguments, to be submitted corrected",
            ),
            saying(
                "a path and arguments of letters, digits and ./@%+=:,~_-, which no shell reads in another way"
            ),
        ]
        | None
    ) = None
    elapsed_seconds: Seconds | None = None
    at_step: Step
    plan: PlanFields
    pace: PaceFields
    target: TargetFields | None = None
    scenarios: Annotated[list[ScenarioFields], Field(min_length=1, max_length=MOST_SCENARIOS)]
    economics: EconomicsFields | None = None
    objective: ObjectiveFields | None = None
    attention_seconds: Seconds | None = None
    experiments: Count | None = None
    criteria: Annotated[list[CriterionFields], Field(max_length=100)] | None = None
    quantiles: Levels | None = None
    seed: Annotated[Step, Field(description="same body and seed, same bytes")] = 0

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [scenario.name for scenario in self.scenarios]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise InvalidInputError(f"/scenarios/{index}/name", name, "a name of its own")
        self._check_criteria(names)
        return self

    def _check_criteria(self, scenarios: list[str]) -> None:
        known: set[str] = set()
        for index, criterion in enumerate(self.criteria or ()):
            if criterion.name in known:
                raise InvalidInputError(f"/criteria/{index}/name", criterion.name, "a name of its own")
            known.add(criterion.name)
            for name in criterion.scores:
                if name not in scenarios:
                    pointer = f"/criteria/{index}/scores"
                    raise InvalidInputError(pointer, name, "scores by the names of the scenarios")
