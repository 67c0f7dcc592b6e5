"""Spans: timed stretches of a phase, and their totals."""

from itertools import compress
from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from app.records import Spans
from app.store import rows
from app.store.facts import Span

READ = """
SELECT a.id, s.phase, s.started, s.seconds
FROM runs JOIN attempts AS a ON a.run = runs.key JOIN spans AS s ON s.attempt = a.key
WHERE runs.id = ? ORDER BY s.started DESC, a.started DESC, a.key DESC, s.seq DESC LIMIT ?"""

READ_TOTALS = """
SELECT t.phase, sum(t.seconds)
FROM runs JOIN attempts AS a ON a.run = runs.key JOIN span_totals AS t ON t.attempt = a.key
WHERE runs.id = ? GROUP BY t.phase ORDER BY t.phase"""

ADD_TO_TOTAL = """
INSERT INTO span_totals VALUES (?, ?, ?)
ON CONFLICT (attempt, phase) DO UPDATE SET seconds = seconds + excluded.seconds"""


def insert(connection: Connection, attempt: int, records: Spans, is_new: NDArray[np.bool_]) -> None:
    """Store the new spans of a batch and add them to the totals."""
    columns = zip(records.seq, records.phase, records.started, records.seconds, strict=True)
    fresh = [(attempt, *row) for row in compress(columns, is_new.tolist())]
    rows.insert(connection, "spans", fresh)
    connection.executemany(ADD_TO_TOTAL, [(attempt, phase, seconds) for _, _, phase, _, seconds in fresh])


def listed(connection: Connection, run: str, limit: int) -> list[Span]:
    """Return a run's last ``limit`` spans in the order of their start."""
    return [Span(*row) for row in connection.execute(READ, (run, limit))][::-1]


def totals(connection: Connection, run: str) -> dict[str, float]:
    """Return the seconds spent in each phase, over all attempts."""
    return dict(connection.execute(READ_TOTALS, (run,)).fetchall())
