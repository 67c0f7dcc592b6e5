"""Notes: what an attempt says of itself, as JSON."""

from itertools import compress
from sqlite3 import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.records import NOTE_KINDS, Notes
from app.store import rows
from app.store.codec import decode, encode
from app.store.facts import Note

READ = """
SELECT a.id, n.seq, n.kind, n.data
FROM runs JOIN attempts AS a ON a.run = runs.key JOIN notes AS n ON n.attempt = a.key
WHERE runs.id = :run AND (:kind IS NULL OR n.kind = :kind)
ORDER BY a.started DESC, a.key DESC, n.seq DESC LIMIT :limit"""

NEWEST = """
SELECT n.data FROM attempts AS a JOIN notes AS n ON n.attempt = a.key
WHERE a.run = ? AND n.kind = ?
ORDER BY a.started DESC, a.key DESC, n.seq DESC LIMIT 1"""

NEWEST_OF_ATTEMPT = """
SELECT data FROM notes WHERE attempt = ? AND kind = ? ORDER BY seq DESC LIMIT 1"""


def insert(
    connection: Connection, attempt: int, records: Notes, is_new: NDArray[np.bool_]
) -> list[tuple[str, dict[str, Any]]]:
    """Store the new notes of a batch whose kind is known and return kind and data of each."""
    columns = zip(records.seq, records.kind, records.data, strict=True)
    fresh = [row for row in compress(columns, is_new.tolist()) if row[1] in NOTE_KINDS]
    rows.insert(connection, "notes", [(attempt, seq, kind, encode(data)) for seq, kind, data in fresh])
    return [(kind, data) for _, kind, data in fresh]


def listed(connection: Connection, run: str, kind: str | None, limit: int) -> list[Note]:
    """Return a run's last ``limit`` notes, of one kind where it is named; the newest comes last."""
    found = connection.execute(READ, {"run": run, "kind": kind, "limit": limit})
    return [Note(attempt, seq, kind_, decode(data)) for attempt, seq, kind_, data in found][::-1]


def newest(connection: Connection, run: int, kind: str) -> dict[str, Any] | None:
    """Return the data of a run's newest note of a kind, over all attempts."""
    return _first(connection.execute(NEWEST, (run, kind)).fetchone())


def newest_of_attempt(connection: Connection, attempt: int, kind: str) -> dict[str, Any] | None:
    """Return the data of an attempt's newest note of a kind."""
    return _first(connection.execute(NEWEST_OF_ATTEMPT, (attempt, kind)).fetchone())


def _first(row: tuple[str] | None) -> dict[str, Any] | None:
    data: dict[str, Any] | None = decode(row[0]) if row else None
    return data
