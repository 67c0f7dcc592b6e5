"""What a person asks for: commands to the trainer, a relaunch."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.base import LARGEST_COUNT, Answer, Flag, Name, QuantileMap, Request, Seconds
from app.schemas.job_actions import Signal
from planner.errors import InvalidInputError

LARGEST_SCRIPT = 1_000_000
LONGEST_TEXT = 10_000


def _scalar(value: object) -> object:
    """Return a JSON scalar; what a trainer can be told is one word or one number."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= LONGEST_TEXT:
        return value
    if isinstance(value, int | float) and abs(value) <= LARGEST_COUNT:
        return value
    raise PydanticCustomError(
        "scalar", f"null, true, false, a text or a number from -{LARGEST_COUNT} to {LARGEST_COUNT}"
    )


Scalar = Annotated[
    Any,
    PlainValidator(_scalar),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": -LARGEST_COUNT, "maximum": LARGEST_COUNT},
                {"type": "string", "maxLength": LONGEST_TEXT},
                {"type": ["boolean", "null"]},
            ]
        }
    ),
]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Texts = Annotated[dict[str, Text], Field(max_length=100)]


class CommandFields(Request):
    """Something to ask of the trainer; ``set`` takes a name and a value."""

    command: Literal["checkpoint", "stop", "set"]
    name: Name | None = None
    value: Scalar = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.command == "set" and self.name is None:
            raise InvalidInputError("/name", None, "the name of what is to be set")
        if self.command != "set" and (self.name, self.value) != (None, None):
            raise InvalidInputError("/name", self.name, f"neither name nor value with {self.command}")
        return self


class RelaunchOrder(Request):
    """A corrected job; ``options`` and ``script_args`` absent: those the running job was submitted with."""

    script: Annotated[
        str, Field(min_length=1, max_length=LARGEST_SCRIPT, description="exactly what will run")
    ]
    options: Annotated[Texts, Field(description="sbatch options, long names without dashes")] | None = None
    script_args: Annotated[tuple[Text, ...], Field(max_length=100)] | None = None
    work_dir: Text | None = None
    environment: Texts | None = None
    order: Annotated[
        Literal["handover", "overlap", "keep"],
        Field(
            description="overlap: the new job starts first, and the old one ends once the new one trains;"
            " keep: the script is a command line that takes the running one's place in a supervised job"
        ),
    ] = "handover"
    ask_checkpoint: Annotated[
        Flag, Field(description="whether the running job is asked for a checkpoint first")
    ] = True
    checkpoint_wait_seconds: Annotated[
        Seconds | None, Field(description="how long its answer is waited for; null: as the service is set")
    ] = None
    signal: Annotated[
        Signal | None,
        Field(description="sent to the running job when its trainer does not answer; null: none is sent"),
    ] = None
    without_answer: Literal["proceed", "abort"] = "proceed"
    sha256: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9a-f]{64}$",
            description="what the check said would run; anything else is refused. null: not confirmed",
        ),
    ] = None
    edit_seconds: Annotated[
        Seconds | None, Field(description="what the correction took; the next comparison starts from it")
    ] = None
    test_seconds: Annotated[Seconds | None, Field(description="what its test took")] = None


class CommandAnswer(Answer):
    """A command and how it stands."""

    id: str
    run: str
    command: Literal["checkpoint", "stop", "set"]
    name: str | None
    value: Any
    created: float
    state: Literal["pending", "done", "refused"]
    answer: dict[str, Any] | None


class StageAnswer(Answer):
    """One state a replacement entered: when (epoch seconds), and why in words."""

    state: str
    at: float
    words: str


class ReplacementAnswer(Answer):
    """A replacement as it stands."""

    id: str
    run: str
    state: str
    created: float
    updated: float
    cluster: str
    order: Literal["handover", "overlap", "cancel", "keep"]
    sha256: str
    signal: str | None
    old_id: str
    new_id: str | None
    checkpoint: dict[str, Any] | None
    checks: list[dict[str, Any]]
    reason: str | None
    doubtful: bool
    is_active: bool
    is_reversible: bool
    old_ended: float | None
    new_started: float | None
    stages: list[StageAnswer]


class PartOutcomeAnswer(Answer):
    """One part of a relaunch: what was predicted of it, and what it took; null is unknown."""

    part: Literal["edit", "test", "queue", "startup", "finish"]
    predicted_seconds: QuantileMap | None
    realised_seconds: float | None


class FixOutcomeAnswer(Answer):
    """A relaunch as it was predicted at the click (``clicked``, epoch seconds), and as it went.

    ``finish`` counts from the click to the end of all steps.
    """

    replacement: str
    run: str
    new_run: str | None
    clicked: float
    parts: list[PartOutcomeAnswer]
    continue_seconds: QuantileMap | None
    action: str | None
    probability: float | None


class AuditAnswer(Answer):
    """One line of the audit log."""

    at: float
    user: str
    action: str
    subject: str
    outcome: str
    detail: dict[str, Any]


class AuditResponse(Answer):
    """The audit log of the caller's actions, the newest first."""

    entries: list[AuditAnswer]


class UsualAnswer(Answer):
    """What a part of a fix usually takes, 8 times in 10, and whose times that was learned from."""

    low_seconds: float
    high_seconds: float
    source: Literal["partition", "user", "job", "settings"]
    count: int


class UsualFixAnswer(Answer):
    """What a fix usually takes, part by part."""

    edit: UsualAnswer
    test: UsualAnswer
    queue: UsualAnswer


class FixesAnswer(Answer):
    """A person's relaunches, predicted and realised, the newest first; what their next one starts from."""

    fixes: list[FixOutcomeAnswer]
    usual: UsualFixAnswer
