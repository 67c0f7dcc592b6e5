"""The wire record: one line of the spool, one column entry of a batch."""

import json
import math
import operator
import struct
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

WIRE_VERSION = 1
FLOAT32 = struct.Struct("f")
GREATEST_WHOLE = 2**53
UNREADABLE = (TypeError, ValueError, RuntimeError, OverflowError)
"""What ``float()`` raises on something that is no number; a failing device raises ``RuntimeError``."""

Record = dict[str, Any]


class Kind(NamedTuple):
    """A kind of record: its block on the wire, and its fields beside ``seq``."""

    block: str
    fields: tuple[str, ...]


KINDS = {
    "step": Kind("steps", ("step", "ended", "seconds", "loss", "lr")),
    "validation": Kind("validations", ("step", "started", "seconds", "loss", "metrics")),
    "checkpoint": Kind("checkpoints", ("step", "started", "seconds", "path")),
    "span": Kind("spans", ("phase", "started", "seconds")),
    "note": Kind("notes", ("kind", "data")),
}
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def whole(value: object) -> int | None:
    """Return a count as an ``int``, ``None`` where it is no whole number from 0 to 2**53."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # anything may come; what has no index raises
    except TypeError:
        number = _whole_float(value)
    return number if 0 <= number <= GREATEST_WHOLE else None


def _whole_float(value: object) -> int:
    number = to_float(value)
    return int(number) if number is not None and number.is_integer() else -1


def to_float(value: object) -> float | None:
    """Return ``float(value)``, ``None`` where there is no number in it."""
    if value is None:
        return None
    try:
        if getattr(value, "requires_grad", False):
            # torch would warn, and a warning is printed into the training.
            value = value.detach()  # type: ignore[attr-defined]  # what requires a gradient can be detached
        return float(value)  # type: ignore[arg-type]  # a tensor, a numpy number: what float() takes
    except UNREADABLE:
        return None


def finite(value: object) -> float | None:
    """Return a finite number, ``None`` for anything else."""
    number = to_float(value)
    return short(number) if number is not None and math.isfinite(number) else None


def short(number: float) -> float:
    """Return a number without the digits that a float32 does not have; any other number as it is.

    A tensor's loss becomes a float of twice the digits, all of them noise, and noise does not compress.
    """
    try:
        is_single = FLOAT32.unpack(FLOAT32.pack(number))[0] == number
    except OverflowError:
        return number
    return float(f"{number:.9g}") if is_single else number


def duration(value: object) -> float | None:
    """Return seconds to the microsecond and to five digits, ``None`` where they are unknown or negative."""
    seconds = finite(value)
    return round(float(f"{seconds:.5g}"), 6) if seconds is not None and seconds >= 0 else None


def measured(value: object) -> float | str | None:
    """Return a loss as it travels: a number, or the word for one that is not finite."""
    number = to_float(value)
    if number is None or math.isfinite(number):
        return number if number is None else short(number)
    return "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"


def plain(value: object, depth: int = 6) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return a value as JSON can hold it: unknown objects by their text, non-finite numbers as words."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return measured(value)
    if depth and isinstance(value, Mapping):
        return {str(key): plain(item, depth - 1) for key, item in value.items()}
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth - 1) for item in value]
    if (count := whole(value)) is not None:
        return count
    number = to_float(value)
    return str(value) if number is None else measured(number)


def encode(record: Mapping[str, Any]) -> bytes:
    """Return a record as one line of the spool."""
    return _encode(record).encode() + b"\n"


def decode(line: bytes) -> Record | None:
    """Return the record of a spool line, ``None`` where the line is torn or holds none."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    known = isinstance(record, dict) and record.get("k") in KINDS and isinstance(record.get("seq"), int)
    return record if known else None


def columns(records: Iterable[Record]) -> dict[str, dict[str, list[Any]]]:
    """Return records as the wire's columnar blocks."""
    blocks: dict[str, dict[str, list[Any]]] = {}
    for record in records:
        kind = KINDS[record["k"]]
        block = blocks.setdefault(kind.block, {field: [] for field in ("seq", *kind.fields)})
        for field, column in block.items():
            column.append(record.get(field))
    return blocks
