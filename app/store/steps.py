"""Step records: every one is kept, none is changed."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from math import inf
from sqlite3 import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.records import Steps
from app.store import attempts, layout, rows
from app.store.facts import IntArray, StepRows

NOT_FINITE = {"inf": inf, "-inf": -inf}
"""Infinities are numbers to SQLite; NaN stays the text ``'nan'``, for a NaN would read as not reported."""

StepTuple = tuple[int, int, int, float | None, float | None, float | str | None, float | None]

NEWEST_FIRST = """
SELECT step, max(seq), ended, seconds, CASE WHEN typeof(loss) = 'text' THEN NULL ELSE loss END, lr
FROM steps WHERE attempt = ? AND step BETWEEN ? AND ?
GROUP BY step ORDER BY step DESC LIMIT ?"""
"""Of a step reported twice the last record, as SQLite takes bare columns from the row of the ``max``."""


def insert(connection: Connection, attempt: int, steps: Steps, is_new: NDArray[np.bool_]) -> IntArray:
    """Store the new records of a batch and return their steps."""
    if not is_new.any():
        return np.empty(0, dtype=np.int64)
    tuples = list(compress(_tuples(attempt, steps), is_new.tolist()))
    rows.insert(connection, "steps", tuples)
    stored = np.array(steps.step, dtype=np.int64)[is_new]
    newest = int(np.array(steps.seq, dtype=np.int64)[is_new].argmax())
    ended = max((row[3] for row in tuples if row[3] is not None), default=None)
    _note(connection, attempt, stored, tuples[newest], ended)
    return stored


def recent(connection: Connection, run: str, limit: int) -> StepRows:
    """Return the last ``limit`` steps up to where the newest attempt is, in step order."""
    rows_of_run = attempts.with_steps(connection, run)
    found: list[tuple[Any, ...]] = []
    position = rows_of_run[-1].last_step if rows_of_run else 0
    for segment in reversed(layout.segments(rows_of_run)):
        wanted = (segment.attempt, segment.low, min(segment.high - 1, position), limit - len(found))
        found += connection.execute(NEWEST_FIRST, wanted)
    return _step_rows(found[::-1])


def count(connection: Connection, run: str) -> int:
    """Return how many step records a run has, over all attempts."""
    return sum(row.step_records for row in attempts.with_steps(connection, run))


def count_beyond(connection: Connection, run: int, total_steps: int) -> int:
    """Return how many step records lie beyond the declared end."""
    query = (
        "SELECT count(*) FROM attempts AS a JOIN steps ON steps.attempt = a.key"
        " WHERE a.run = ? AND steps.step > ?"
    )
    counted: int = connection.execute(query, (run, total_steps)).fetchone()[0]
    return counted


def _tuples(attempt: int, steps: Steps) -> Iterator[StepTuple]:
    losses = [NOT_FINITE.get(loss, loss) for loss in steps.column("loss")]
    columns: Iterable[Sequence[Any]] = (steps.step, steps.seq, steps.column("ended"), steps.column("seconds"))
    return zip([attempt] * steps.length, *columns, losses, steps.column("lr"), strict=True)


def _note(
    connection: Connection, attempt: int, stored: IntArray, newest: StepTuple, ended: float | None
) -> None:
    """Keep what an attempt's steps come to: their number, bounds, and where it is now."""
    connection.execute(
        "UPDATE attempts SET step_records = step_records + :count,"
        " first_step = min(coalesce(first_step, :low), :low),"
        " highest_step = max(coalesce(highest_step, :high), :high),"
        " last_step = CASE WHEN :seq > coalesce(last_step_seq, -1) THEN :step ELSE last_step END,"
        " last_step_seq = max(coalesce(last_step_seq, -1), :seq),"
        " last_ended = coalesce(max(coalesce(last_ended, :ended), :ended), last_ended)"
        " WHERE key = :key",
        {"count": len(stored), "low": int(stored.min()), "high": int(stored.max()), "seq": newest[2],
         "step": newest[1], "ended": ended, "key": attempt},
    )  # fmt: skip


def _step_rows(rows: Sequence[tuple[Any, ...]]) -> StepRows:
    table = np.array(rows, dtype=float).reshape(-1, 6)
    return StepRows(table[:, 0].astype(np.int64), table[:, 2], table[:, 3], table[:, 4], table[:, 5])
