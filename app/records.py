"""The wire form of what a reporter sends: columns of records, one batch at a time.

Unknown fields and kinds are kept apart and counted, so that an older service takes a newer client. The
models check the bytes of a body in one pass; a batch of 1,000 steps takes about a third of a millisecond.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema, ValidationError
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError

from planner.errors import InvalidInputError

LARGEST_COUNT = 2**53
"""Above it a JSON number is no longer exact."""
LONGEST_SECONDS = 1e9
"""About thirty years."""
LATEST_EPOCH = 1e11
"""The year 5138: milliseconds where seconds were meant are refused."""
MOST_RECORDS = 1_000_000
"""In one column; a body of 32 MB holds fewer."""
LARGEST_OBJECT_BYTES = 4 * 1024 * 1024
"""One note's data or one validation's metrics, as JSON; an audit names every parameter of a model."""

RUN_ID = r"^[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$"
"""A run's id is safe in a URL and as the name of a folder: not only dots."""
LONGEST_RUN_ID = 100
NOTE_KINDS = frozenset({"plan", "startup", "progress", "command", "audit", "finish", "warning"})


def _saying(expected: str) -> GetPydanticSchema:
    """Return the annotation that answers any failure with one message."""

    def schema(source: object, handler: Any) -> CoreSchema:  # noqa: ANN401 - pydantic hands no type for it
        inner: CoreSchema = handler(source)
        return {
            "type": "custom-error", "schema": inner, "custom_error_type": "expected",
            "custom_error_message": expected,
        }  # fmt: skip

    return GetPydanticSchema(schema)


# JSON Schema calls 3.0 an integer; a strict int does not.
Whole = Annotated[float, Field(strict=True, ge=0, le=LARGEST_COUNT, multiple_of=1, allow_inf_nan=False)]
Count = Annotated[
    Annotated[int, Field(strict=True, ge=0, le=LARGEST_COUNT)] | Whole, Field(union_mode="left_to_right"),
    _saying("a whole number of at least 0"),
]  # fmt: skip
Positive = Annotated[int, Field(strict=True, ge=1, le=LARGEST_COUNT)]
Seconds = Annotated[
    float, Field(strict=True, ge=0, le=LONGEST_SECONDS, allow_inf_nan=False),
    _saying(f"seconds between 0 and {LONGEST_SECONDS:.0e}"),
]  # fmt: skip
Epoch = Annotated[
    float, Field(strict=True, ge=0, le=LATEST_EPOCH, allow_inf_nan=False), _saying("epoch seconds"),
]  # fmt: skip
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Number = Annotated[Finite, _saying("a finite number or null")]
Loss = Annotated[
    Finite | Literal["nan", "inf", "-inf"], Field(union_mode="left_to_right"),
    _saying('a finite number, "nan", "inf", "-inf" or null'),
]  # fmt: skip
Text = Annotated[str, Field(strict=True, max_length=200)]
Word = Annotated[str, Field(strict=True, min_length=1, max_length=200)]
FilePath = Annotated[str, Field(strict=True, max_length=4096)]
PositiveOrUnknown = Annotated[Positive | None, _saying("a whole number of at least 1, or null")]
Cadence = Annotated[
    Positive | Literal["never"] | None, _saying('a whole number of at least 1, "never" or null')
]
Flag = Annotated[bool, Field(strict=True)]
Object = dict[str, Any]


def _column(source: object, handler: Any) -> CoreSchema:  # noqa: ANN401 - pydantic hands no type for it
    # One wrong item is enough to refuse a column: a body of wrong items makes no list of a million errors.
    schema: CoreSchema = {**handler(source), "fail_fast": True, "max_length": MOST_RECORDS}
    return schema


_bounded = GetPydanticSchema(_column)
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


class DeclaredPlan(Wire):
    """What a note of kind ``plan`` may say; absent or ``null`` is undeclared."""

    name: Text | None = None
    total_steps: PositiveOrUnknown = None
    validate_every: Cadence = None
    validate_at_end: Flag | None = None
    checkpoint_every: Cadence = None
    validation_batches: PositiveOrUnknown = None
    target_loss: Number | None = None
    target_of: Literal["train", "val"] | None = None
    lr_schedule: list[tuple[Count, Number]] | None = None
    like: Text | None = None
    replaces: Text | None = None


class Job(Wire):
    """The scheduler's job an attempt runs in; further fields are kept as sent."""

    cluster: Word
    id: Annotated[Word | Annotated[int, Field(strict=True, ge=0)], _saying("a job's number or name")]


class RecordBatch(Wire):
    """One batch of one attempt of a run. An empty one is the heartbeat."""

    KINDS: ClassVar[tuple[str, ...]] = ("steps", "validations", "checkpoints", "spans", "notes")

    v: Literal[1]
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
        return [seq for seq in seqs if type(seq) is int and 0 <= seq <= LARGEST_COUNT]


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


def _check_plan(place: tuple[str | int, ...], data: Object) -> None:
    try:
        DeclaredPlan.model_validate(data)
    except ValidationError as error:
        moved = [_moved(item, place) for item in error.errors(include_url=False)]
        raise ValidationError.from_exception_data("RecordBatch", moved) from error


def _moved(item: ErrorDetails, place: tuple[str | int, ...]) -> InitErrorDetails:
    kind = PydanticCustomError("expected", "{message}", {"message": item["msg"]})
    return InitErrorDetails(type=kind, loc=(*place, *item["loc"]), input=item["input"])
