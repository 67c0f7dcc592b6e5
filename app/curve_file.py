"""A loss curve from a CSV file: what is expected of a fixed run, as a tracker or a spreadsheet writes it."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.errors import TooLargeError
from planner.errors import InvalidInputError

LARGEST_BYTES = 2_000_000
MOST_KEPT = 500
"""Points of a curve that are kept: means of ever longer blocks, as a law is fitted to them."""

LARGEST_STEP, LARGEST_LOSS = 1e12, 1e30
DELIMITERS = "\t;,"
STEP_NAMES = frozenset({"step", "steps", "globalstep", "iteration", "iter", "trainerglobalstep", "x"})
LOW_NAMES, HIGH_NAMES = (
    frozenset({"low", "lower", "min", "lowest"}),
    frozenset({"high", "upper", "max", "highest"}),
)
NO_LOSS = frozenset({"", "nan", "null", "none", "-"})
NAMED = (("step", "loss"), ("step", "low", "high"))
"""The columns of a file without a header."""

EXPECTED = "columns named step and loss, or step, low and high"


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column holds what, counted from 0, and what the file calls it; ``low`` beside ``high``."""

    names: Sequence[str]
    step: int
    high: int
    low: int | None = None


def read_curve(data: bytes) -> dict[str, Any]:
    """Return the curve of a CSV file in API.md's form: points of a loss, or milestones with their ranges.

    The delimiter is a comma, a semicolon or a tab; where it is no comma, decimals may have one. Without a
    header the columns are step and loss, or step, low and high.

    Raises:
        TooLargeError: the file is larger than is read.
        InvalidInputError: it is no curve; the pointer names the line and the column, both counted from 1.
    """
    if len(data) > LARGEST_BYTES:
        raise TooLargeError(f"A curve's file may have {LARGEST_BYTES:,} bytes; this one has {len(data):,}.")
    rows = _rows(data)
    if not rows:
        raise InvalidInputError("/file", "", f"a CSV file with {EXPECTED}")
    columns, body = _columns(rows)
    if columns.low is not None:
        return {"milestones": _milestones(columns, body)}
    points = [(_number(columns, line, columns.step), _loss(columns, line)) for line in body]
    if len({step for step, loss in points if loss is not None}) < 2:  # noqa: PLR2004 - one point is no curve
        raise InvalidInputError("/file", len(points), "at least two lines with a step and a loss")
    return {"points": _kept(sorted(points, key=lambda point: point[0]))}


_Line = tuple[int, list[str]]


def _rows(data: bytes) -> list[_Line]:
    """Return the cells of each line that holds something, with its number."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InvalidInputError(f"/file/line/{line}", "bytes that are no text", "text in UTF-8") from error
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    try:
        found = list(_cells(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), delimiter))
    except csv.Error as error:
        raise InvalidInputError("/file", str(error), f"a CSV file with {EXPECTED}") from error
    return found


def _cells(reader: Any, delimiter: str) -> Iterator[_Line]:  # noqa: ANN401 - csv's reader has no public type
    for row in reader:
        cells = [cell.strip() for cell in row]
        if any(cells):
            decimals = cells if delimiter == "," else [cell.replace(",", ".") for cell in cells]
            yield reader.line_num, decimals


def _columns(rows: list[_Line]) -> tuple[_Columns, list[_Line]]:
    """Return where the columns are, and the lines below the header."""
    line, first = rows[0]
    if all(_float(cell) is not None or cell.lower() in NO_LOSS for cell in first):
        named = {len(names): names for names in NAMED}.get(len(first))
        if named is None:
            raise InvalidInputError(f"/file/line/{line}", ", ".join(first), EXPECTED)
        return _Columns(named, 0, len(first) - 1, named.index("low") if "low" in named else None), rows
    plain = ["".join(letter for letter in name.lower() if letter.isalnum()) for name in first]
    step = next((at for at, name in enumerate(plain) if name in STEP_NAMES), None)
    low = next((at for at, name in enumerate(plain) if name in LOW_NAMES), None)
    high = next((at for at, name in enumerate(plain) if name in HIGH_NAMES), None)
    losses = [at for at, name in enumerate(plain) if name.endswith("loss")]
    if step is None or (not losses and (low is None or high is None)):
        raise InvalidInputError(f"/file/line/{line}", ", ".join(first), EXPECTED)
    if low is not None and high is not None and not losses:
        return _Columns(first, step, high, low), rows[1:]
    # Of several losses the one of validation is meant: it is what a target is usually of.
    validated = [at for at in losses if any(word in plain[at] for word in ("val", "eval", "test"))]
    return _Columns(first, step, (validated or losses)[0]), rows[1:]


def _milestones(columns: _Columns, body: list[_Line]) -> list[list[float]]:
    told: list[list[float]] = []
    for line in body:
        step, high = _number(columns, line, columns.step), _number(columns, line, columns.high)
        low = _number(columns, line, columns.low or 0)
        if told and step <= told[-1][0]:
            raise _wrong(columns, line, columns.step, "a step beyond the one before")
        if low > high:
            raise _wrong(columns, line, columns.low or 0, "low at most high")
        told.append([step, low, high])
    if not told:
        raise InvalidInputError("/file", 0, "at least one line below the header")
    if len(told) > MOST_KEPT:
        raise InvalidInputError("/file", len(told), f"at most {MOST_KEPT} milestones")
    return told


def _kept(points: list[tuple[float, float | None]]) -> dict[str, list[float]]:
    """Return the curve in few points: block means over ever more of its finite losses."""
    steps, losses = (
        np.array(column, dtype=float)
        for column in zip(*((s, loss) for s, loss in points if loss is not None), strict=True)
    )
    if len(steps) <= MOST_KEPT:
        return {"steps": steps.tolist(), "losses": losses.tolist()}
    edges = np.unique(np.geomspace(1, len(steps) + 1, MOST_KEPT + 1).astype(int)) - 1
    counts = np.diff(edges)
    means = [np.add.reduceat(column, edges[:-1]) / counts for column in (steps, losses)]
    return {"steps": means[0].tolist(), "losses": means[1].tolist()}


def _number(columns: _Columns, line: _Line, column: int) -> float:
    text = line[1][column] if column < len(line[1]) else ""
    value = _float(text)
    if column == columns.step:
        if value is None or not 0 <= value <= LARGEST_STEP:
            raise _wrong(columns, line, column, f"a step from 0 to {LARGEST_STEP:g}")
    elif value is None or not 0 < value <= LARGEST_LOSS:
        raise _wrong(columns, line, column, "a positive loss")
    return value


def _loss(columns: _Columns, line: _Line) -> float | None:
    """Return a loss, ``None`` where the line holds none or it was not finite."""
    text = line[1][columns.high] if columns.high < len(line[1]) else ""
    value = _float(text)
    if text.lower() in NO_LOSS or (value is not None and not math.isfinite(value)):
        return None
    if value is None or abs(value) > LARGEST_LOSS:
        raise _wrong(columns, line, columns.high, "a number, or nothing where there is none")
    return value


def _wrong(columns: _Columns, line: _Line, column: int, expected: str) -> InvalidInputError:
    number, cells = line
    text = cells[column] if column < len(cells) else ""
    place = f"line {number}, column {column + 1} ({columns.names[column]})"
    return InvalidInputError(f"/file/line/{number}/column/{column + 1}", text, f"{expected} in {place}")


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
