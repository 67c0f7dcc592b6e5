"""The wire form of what a reporter sends: columns of records, one batch at a time.

Unknown fields and kinds are kept apart and counted, so that an older service takes a newer client. The
models check the bytes of a body in one pass; a batch of 1,000 steps takes about a third of a millisecond.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from app.rate_schedule import DeclaredSchedule
from app.schemas.numbers import EXACT, column, number, saying, whole
from planner.errors import InvalidInputError

LONGEST_SECONDS = 1e9
"""About thirty years."""
LATEST_EPOCH = 1e11
"""The year 5138: milliseconds where seconds were meant are refused."""
MOST_RECORDS = 1_000_000
"""In one column; a body of 32 MB holds fewer."""
LARGEST_OBJECT_BYTES = 4 * 1024 * 1024
"""One note's data or one validation's metrics, as JSON; an audit names every parameter of a model."""

RUN_ID = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$"
"""A run's id is safe in a URL, as the name of a folder and as an argument: no dot or dash comes first."""
OLDER_RUN_ID = r"^[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$"
"""What ids could be before: runs that have one stay readable and may go on, new ones are refused."""
LONGEST_RUN_ID = 100
NOTE_KINDS = frozenset({"plan", "startup", "progress", "command", "audit", "finish", "warning"})


Count = Annotated[int, whole(0, EXACT)]
Positive = Annotated[int, whole(1, EXACT)]
Seconds = Annotated[float, number(f"seconds from 0 to {LONGEST_SECONDS:.0f}", ge=0, le=LONGEST_SECONDS)]
Epoch = Annotated[float, number(f"epoch seconds, from 0 to {LATEST_EPOCH:.0f}", ge=0, le=LATEST_EPOCH)]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Number = Annotated[Finite, saying("a finite number or null")]
Loss = Annotated[
    Finite | Literal["nan", "inf", "-inf"], Field(union_mode="left_to_right"),
    saying('a finite number, "nan", "inf", "-inf" or null'),
]  # fmt: skip
Text = Annotated[str, Field(strict=True, max_length=200)]
Word = Annotated[
    str, Field(strict=True, min_length=1, max_length=200), saying("a text of 1 to 200 characters")
]
FilePath = Annotated[str, Field(strict=True, max_length=4096)]
PositiveOrUnknown = Annotated[Positive | None, saying("a whole number of at least 1, or null")]
Cadence = Annotated[
    Positive | Literal["never"] | None, saying('a whole number of at least 1, "never" or null')
]
Flag = Annotated[bool, Field(strict=True)]
Object = dict[str, Any]


_bounded = column(MOST_RECORDS)
Counts = Annotated[list[Count], _bounded]
Epochs = Annotated[list[Epoch], _bounded]
SomeEpochs = Annotated[list[Epoch | None], _bounded]
AllSeconds = Annotated[list[Seconds], _bounded]
SomeSeconds = Annotated[list[Seconds | None], _bounded]
SomeLosses = Annotated[list[Loss | None], _bounded]
SomeNumbers = Annotated[list[Number | None], _bounded]
Texts = Annotated[list[Text], _bounded]
SomePaths = Annotated[list[FilePath | None], _bounded]
Objects = Annotated[list[Object], _bounded]
SomeObjects = Annotated[list[Object | None], _bounded]


class Wire(BaseModel):
    """A part of a batch; what it does not know lands in ``model_extra``."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @property
    def unknown_fields(self) -> int:
        """How many fields it did not know."""
        return len(self.model_extra or {})


class Columns(Wire):
    """Records of one kind, one list a field, all of one length; an absent column is unknown throughout."""

    seq: Counts = []

    @property
    def length(self) -> int:
        """How many records."""
        return len(self.seq)

    def column(self, name: str) -> list[Any]:
        """Return a column, ``None`` in every place where it was not sent."""
        values: list[Any] | None = getattr(self, name)
        return [None] * self.length if values is None else values

    def check_lengths(self, pointer: str) -> None:
        """Refuse columns of unequal lengths.

        Raises:
            InvalidInputError: a column is shorter or longer than ``seq``.
        """
        for name in type(self).model_fields:
            values = getattr(self, name)
            if values is not None and len(values) != self.length:
                found = f"{len(values)} items"
                raise InvalidInputError(f"{pointer}/{name}", found, f"as many items as in seq: {self.length}")


class Steps(Columns):
    """Optimizer steps."""

    step: Counts = []
    ended: SomeEpochs | None = None
    seconds: SomeSeconds | None = None
    loss: SomeLosses | None = None
    lr: SomeNumbers | None = None


class Validations(Columns):
    """Validations."""

    step: Counts = []
    started: Epochs = []
    seconds: SomeSeconds | None = None
    loss: SomeLosses | None = None
    metrics: SomeObjects | None = None


class Checkpoints(Columns):
    """Saved checkpoints."""

    step: Counts = []
    started: Epochs = []
    seconds: SomeSeconds | None = None
    path: SomePaths | None = None


class Spans(Columns):
    """Timed stretches of a phase."""

    phase: Texts = []
    started: Epochs = []
    seconds: AllSeconds = []


class Notes(Columns):
    """Notes of any kind; those of an unknown kind are counted and not kept."""

    kind: Texts = []
    data: Objects = []


class DeclaredEarlyStopping(Wire):
    """What ends a run once validations improve no more."""

    patience: Positive
    min_delta: Annotated[float, number("a number of at least 0", ge=0)] | None = None
    monitor: Text | None = None
    mode: Literal["min", "max"] | None = None


class DeclaredPlan(Wire):
    """What a note of kind ``plan`` may say; absent or ``null`` is undeclared."""

    name: Text | None = None
    total_steps: PositiveOrUnknown = None
    validate_every: Cadence = None
    validate_at_end: Flag | None = None
    checkpoint_every: Cadence = None
    validation_batches: PositiveOrUnknown = None
    max_seconds: Annotated[float, number("seconds above 0", gt=0, le=LONGEST_SECONDS)] | None = None
    early_stopping: DeclaredEarlyStopping | None = None
    target_loss: Number | None = None
    target_of: Literal["train", "val"] | None = None
    lr_schedule: DeclaredSchedule | None = None
    like: Text | None = None
    replaces: Text | None = None


class Job(Wire):
    """The scheduler's job an attempt runs in; further fields are kept as sent."""

    cluster: Word
    id: Annotated[Word | Annotated[int, Field(strict=True, ge=0)], saying("a job's number or name")]


class RecordBatch(Wire):
    """One batch of one attempt of a run. An empty one is the heartbeat."""

    KINDS: ClassVar[tuple[str, ...]] = ("steps", "validations", "checkpoints", "spans", "notes")

    v: Annotated[int, whole(1, 1), saying("1, the version of the records that are read here")]
    attempt: Word
    attempt_started: Epoch
    job: Job | None = None
    steps: Steps = Steps()
    validations: Validations = Validations()
    checkpoints: Checkpoints = Checkpoints()
    spans: Spans = Spans()
    notes: Notes = Notes()

    def columns(self) -> Iterator[tuple[str, Columns]]:
        """Yield each kind of record with its columns."""
        for kind in self.KINDS:
            yield kind, getattr(self, kind)

    @property
    def unknown(self) -> Mapping[str, int]:
        """How many fields, and how many kinds of records or notes, this version does not know."""
        extra = self.model_extra or {}
        kinds = sum(isinstance(value, dict) and "seq" in value for value in extra.values())
        fields = len(extra) - kinds + sum(columns.unknown_fields for _, columns in self.columns())
        notes = sum(kind not in NOTE_KINDS for kind in self.notes.kind)
        return {"unknown_fields": fields, "unknown_kinds": kinds + notes}

    @property
    def ignored_seqs(self) -> list[int]:
        """The seqs of records of unknown kinds: taken note of, so that they are acknowledged."""
        columns = [value.get("seq") for value in (self.model_extra or {}).values() if isinstance(value, dict)]
        seqs = [seq for column in columns if isinstance(column, list) for seq in column]
        return [seq for seq in seqs if type(seq) is int and 0 <= seq <= EXACT]


def read_batch(body: bytes | bytearray) -> RecordBatch:
    """Return the batch a request's body holds.

    Raises:
        pydantic.ValidationError: a field is of the wrong type or out of bounds, or the body is no JSON.
        InvalidInputError: columns differ in length, or a declared plan cannot be.
    """
    return checked(RecordBatch.model_validate_json(body))


def checked(batch: RecordBatch) -> RecordBatch:
    """Return a batch whose columns agree, whose objects can be kept and whose plans can be.

    Raises:
        pydantic.ValidationError: a declared plan holds a wrong type or a count below one.
        InvalidInputError: columns differ in length, or an object is too large.
    """
    for kind, columns in batch.columns():
        columns.check_lengths(f"/{kind}")
    if batch.job is not None:
        _check_object("/job", batch.job.model_dump())
    for index, metrics in enumerate(batch.validations.metrics or ()):
        _check_object(f"/validations/metrics/{index}", metrics)
    for index, (kind, data) in enumerate(zip(batch.notes.kind, batch.notes.data, strict=True)):
        _check_object(f"/notes/data/{index}", data)
        if kind == "plan":
            _check_plan(("notes", "data", index), data)
    return batch


def _check_object(pointer: str, value: Object | None) -> None:
    try:
        size = len(orjson.dumps(value))
    except orjson.JSONEncodeError as error:
        expected = "whole numbers of 64 bits, not too deeply nested"
        raise InvalidInputError(pointer, str(error), expected) from error
    if size > LARGEST_OBJECT_BYTES:
        raise InvalidInputError(pointer, f"{size} bytes", f"at most {LARGEST_OBJECT_BYTES} bytes of JSON")


def readable_plan(stored: Mapping[str, Any]) -> DeclaredPlan:
    """Return what a stored plan says, without the fields that an older service took and that cannot be."""
    try:
        return DeclaredPlan.model_validate(stored)
    except ValidationError as error:
        wrong = {item["loc"][0] for item in error.errors(include_url=False)}
    return DeclaredPlan.model_validate({name: value for name, value in stored.items() if name not in wrong})


def _check_plan(place: tuple[str | int, ...], data: Object) -> None:
    """Check a declared plan, and put its learning rate in the form in which it is kept."""
    try:
        plan = DeclaredPlan.model_validate(data)
        if data.get("lr_schedule") is not None:
            data["lr_schedule"] = plan.lr_schedule
    except ValidationError as error:
        moved = [_moved(item, place) for item in error.errors(include_url=False)]
        raise ValidationError.from_exception_data("RecordBatch", moved) from error


def _moved(item: ErrorDetails, place: tuple[str | int, ...]) -> InitErrorDetails:
    kind: str | PydanticCustomError = item["type"]
    if kind == "expected":
        kind = PydanticCustomError("expected", "{message}", {"message": item["msg"]})
    loc = (*place, *item["loc"])
    return InitErrorDetails(type=kind, loc=loc, input=item["input"], ctx=item.get("ctx", {}))
