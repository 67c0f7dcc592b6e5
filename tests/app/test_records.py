"""The wire form of records: what is taken, what is refused and how that is said."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from app.records import LARGEST_OBJECT_BYTES, RecordBatch, checked, read_batch
from planner.errors import InvalidInputError

COUNT = "a whole number from 0 to 9007199254740991"


def body(**kinds: Any) -> bytes:
    """Write a batch; numbers that are not finite become the bare words Python writes."""
    return json.dumps({"v": 1, "attempt": "a", "attempt_started": 1.0, **kinds}).encode()


def steps(**columns: Any) -> bytes:
    """Write a batch of one step, some of its columns replaced."""
    return body(steps={"seq": [1], "step": [1], "ended": [1.0], "seconds": [1.0], "loss": [1.0], **columns})


def refused(sent: bytes) -> list[tuple[str, str]]:
    """Return pointer and expectation of everything that was refused."""
    try:
        read_batch(sent)
    except ValidationError as error:
        return [("/".join(map(str, ("", *item["loc"]))), item["msg"]) for item in error.errors()]
    except InvalidInputError as error:
        return [(error.pointer, error.expected)]
    return []


class TestTaken:
    """What a reporter may send."""

    def test_an_empty_batch_is_the_heartbeat(self) -> None:
        """No kind of record is required."""
        batch = read_batch(body())
        assert {"steps": 0, "validations": 0, "checkpoints": 0, "spans": 0, "notes": 0} == {
            kind: columns.length for kind, columns in batch.columns()
        }

    def test_losses_that_are_not_finite_travel_as_words(self) -> None:
        """The words come back as they were sent."""
        columns = {"seq": [1, 2, 3, 4], "step": [1, 2, 3, 4], "loss": ["nan", "inf", "-inf", None]}
        assert ["nan", "inf", "-inf", None] == read_batch(body(steps=columns)).steps.loss

    def test_whole_numbers_may_be_written_with_a_point(self) -> None:
        """3.0 is an integer to JSON Schema."""
        assert [3] == read_batch(steps(step=[3.0])).steps.step

    def test_an_absent_column_is_unknown_throughout(self) -> None:
        """A column that was not sent reads as nulls."""
        batch = read_batch(body(steps={"seq": [1, 2], "step": [1, 2]}))
        assert [None, None] == batch.steps.column("loss")

    def test_unknown_fields_and_kinds_are_counted(self) -> None:
        """Fields at any level, kinds of records and kinds of notes."""
        notes = {"seq": [4], "kind": ["poem"], "data": [{}], "mood": []}
        batch = read_batch(body(colour="red", gauges={"seq": [7, "x", True], "value": []}, notes=notes))
        assert {"unknown_fields": 2, "unknown_kinds": 2} == batch.unknown
        assert [7] == batch.ignored_seqs

    def test_the_scheduler_s_own_fields_stay_with_the_job(self) -> None:
        """Only cluster and id are required of a job."""
        job = {"cluster": "c", "id": "12", "restart_count": 1}
        read = read_batch(body(job=job)).job
        assert read is not None
        assert job == read.model_dump()

    def test_a_plan_may_leave_anything_undeclared(self) -> None:
        """Null, absent and fields of a newer client are fine."""
        data = {"total_steps": None, "validate_every": "never", "lr_schedule": [[0, 0.1]], "mood": "good"}
        assert [] == refused(body(notes={"seq": [1], "kind": ["plan"], "data": [data]}))


@pytest.mark.parametrize(
    ("sent", "pointer", "expected"),
    [
        (steps(step=[float("nan")]), "/steps/step/0", COUNT),
        (steps(step=["1"]), "/steps/step/0", COUNT),
        (steps(step=[True]), "/steps/step/0", COUNT),
        (steps(step=[1.5]), "/steps/step/0", COUNT),
        (steps(step=[-1]), "/steps/step/0", COUNT),
        (steps(step=[None]), "/steps/step/0", COUNT),
        (steps(step=[2**60]), "/steps/step/0", COUNT),
        (steps(seq=[2**53]), "/steps/seq/0", COUNT),
        (steps(seq=[2**53 + 1]), "/steps/seq/0", COUNT),
        (steps(seq=[-1]), "/steps/seq/0", COUNT),
        (steps(seconds=[-0.1]), "/steps/seconds/0", "seconds from 0 to 1000000000"),
        (steps(seconds=[float("inf")]), "/steps/seconds/0", "seconds from 0 to 1000000000"),
        (steps(seconds=["1"]), "/steps/seconds/0", "seconds from 0 to 1000000000"),
        (steps(ended=[1.7e12]), "/steps/ended/0", "epoch seconds, from 0 to 100000000000"),
        (steps(loss=["big"]), "/steps/loss/0", 'a finite number, "nan", "inf", "-inf" or null'),
        (steps(loss=[float("nan")]), "/steps/loss/0", 'a finite number, "nan", "inf", "-inf" or null'),
        (steps(loss=[False]), "/steps/loss/0", 'a finite number, "nan", "inf", "-inf" or null'),
        (steps(lr=["nan"]), "/steps/lr/0", "a finite number or null"),
        (steps(loss=[1.0, 2.0]), "/steps/loss", "as many items as in seq: 1"),
        (body(steps={"seq": [1]}), "/steps/step", "as many items as in seq: 1"),
        (body(spans={"seq": [1], "phase": ["x"]}), "/spans/started", "as many items as in seq: 1"),
        (body(attempt=""), "/attempt", "a text of 1 to 200 characters"),
        (body(attempt_started=None), "/attempt_started", "epoch seconds, from 0 to 100000000000"),
        (body(job={"cluster": "c"}), "/job/id", "Field required"),
        (body(job={"cluster": "c", "id": True}), "/job/id", "a job's number or name"),
        (body(v=2), "/v", "1, the version of the records that are read here"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(sent: bytes, pointer: str, expected: str) -> None:
    """A refusal says which field, and what was expected there."""
    assert [(pointer, expected)] == refused(sent)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("total_steps", 0, "a whole number of at least 1, or null"),
        ("validate_every", 0, 'a whole number of at least 1, "never" or null'),
        ("checkpoint_every", "often", 'a whole number of at least 1, "never" or null'),
        ("validation_batches", -3, "a whole number of at least 1, or null"),
        ("target_loss", "low", "a finite number or null"),
        ("target_of", "test", "Input should be 'train' or 'val'"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(field: str, value: object, expected: str) -> None:
    """A declared plan is checked where it comes in, and the note is named."""
    notes = {"seq": [1, 2], "kind": ["warning", "plan"], "data": [{}, {field: value}]}
    assert [(f"/notes/data/1/{field}", expected)] == refused(body(notes=notes))


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"v":1}'])
def test_what_is_no_batch_is_refused(sent: bytes) -> None:
    """Neither broken JSON nor another shape comes through."""
    assert refused(sent)


def test_one_wrong_item_ends_a_column() -> None:
    """A body full of wrong items makes one error a column, not a million."""
    count = 50_000
    wrong = ["x"] * count
    assert 3 == len(refused(body(steps={"seq": wrong, "step": wrong, "ended": wrong})))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"text": "x" * LARGEST_OBJECT_BYTES}, f"at most {LARGEST_OBJECT_BYTES} bytes of JSON"),
        ({"count": 2**70}, "whole numbers of 64 bits, not too deeply nested"),
    ],
)
def test_an_object_that_cannot_be_kept_is_refused(data: dict[str, Any], expected: str) -> None:
    """Notes, metrics and the job are bounded."""
    assert [("/notes/data/0", expected)] == refused(
        body(notes={"seq": [1], "kind": ["audit"], "data": [data]})
    )
    metrics = {"seq": [1], "step": [1], "started": [1.0], "metrics": [data]}
    assert [("/validations/metrics/0", expected)] == refused(body(validations=metrics))
    assert [("/job", expected)] == refused(body(job={"cluster": "c", "id": "1", **data}))


def test_a_batch_built_from_python_obeys_the_same_rules() -> None:
    """Records from a spool are checked as those from a request."""
    wrong = {"v": 1, "attempt": "a", "attempt_started": 1.0, "steps": {"seq": [1], "step": [True]}}
    with pytest.raises(ValidationError, match="a whole number"):
        checked(RecordBatch.model_validate(wrong))
