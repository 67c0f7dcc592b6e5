"""The wire record: what may come from a training, and what leaves for the service."""

import json
import math
from typing import Any

import pytest
from cutloss.records import columns, decode, duration, encode, finite, measured, plain, whole


class Scalar:
    """Something that ``float()`` reads, as a tensor is."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __float__(self) -> float:
        return self.value


class BrokenScalar:
    """A tensor on a device that failed."""

    def __float__(self) -> float:
        raise RuntimeError("device-side assert")


@pytest.mark.parametrize(
    ("given", "expected"),
    [(7, 7), (7.0, 7), (True, 1), (-1, None), (7.5, None), ("7x", None), (None, None), (math.nan, None),
     (math.inf, None), (2**60, None), (object(), None), (Scalar(3.0), 3)],
)  # fmt: skip
def test_a_step_is_a_whole_number_or_nothing(given: object, expected: int | None) -> None:
    """What is no whole number from 0 on is no step."""
    assert expected == whole(given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(0.5, 0.5), (Scalar(0.25), 0.25), (math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"),
     (None, None), ("no", None), (BrokenScalar(), None), ([1, 2], None)],
)  # fmt: skip
def test_a_loss_that_is_not_finite_travels_as_a_word(given: object, expected: object) -> None:
    """NaN and the infinities are facts worth keeping; what holds no number is unknown."""
    assert expected == measured(given)


def test_seconds_are_never_negative_and_never_infinite() -> None:
    """A clock that went back gives no duration."""
    assert [0.25, None, None, None] == [duration(value) for value in (0.25, -1e-9, math.inf, None)]
    assert finite(math.nan) is None


def test_any_note_becomes_json() -> None:
    """A note may hold anything; it is made plain, and no depth or loop of it hurts."""
    loop: dict[str, Any] = {"nan": math.nan, 3: {1}, "object": ValueError, "scalar": Scalar(2.5)}
    loop["self"] = loop
    found = plain(loop)
    assert ("nan", [1], str(ValueError), 2.5) == (found["nan"], found["3"], found["object"], found["scalar"])
    json.dumps(found, allow_nan=False)


def test_a_line_survives_its_way() -> None:
    """Decoding gives back what was encoded, to the last digit."""
    record = {
        "k": "step",
        "seq": 1,
        "step": 1,
        "ended": 1.5,
        "seconds": None,
        "loss": 0.1 + 0.2,
        "lr": 1e-300,
    }
    assert record == decode(encode(record))


@pytest.mark.parametrize(
    "line", [b"", b"\n", b'{"k":"step","se', b"[]", b'{"v":1,"run":"r"}', b'{"k":"x","seq":1}']
)
def test_a_torn_line_is_no_record(line: bytes) -> None:
    """A header, a torn line or an unknown kind is left out."""
    assert decode(line) is None


def test_batches_are_columns_of_equal_length() -> None:
    """Each kind of record becomes one block with one column a field; what is absent is null."""
    records = [
        {"k": "step", "seq": 1, "step": 5},
        {"k": "span", "seq": 2, "phase": "data"},
        {"k": "step", "seq": 3},
    ]
    blocks = columns(records)
    assert {"steps", "spans"} == set(blocks)
    assert ([1, 3], [5, None], [None, None]) == (
        blocks["steps"]["seq"], blocks["steps"]["step"], blocks["steps"]["loss"]
    )  # fmt: skip
