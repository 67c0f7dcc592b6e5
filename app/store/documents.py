"""Documents of a run: one current value a kind, and a history of values."""

from collections.abc import Mapping
from sqlite3 import Connection
from typing import Any

from app.store.codec import decode, encode


def put(connection: Connection, run: str, kind: str, data: Mapping[str, Any], at: float) -> None:
    """Keep the current document of a kind in place of the last one."""
    connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)", (run, kind, encode(data), at))


def one(connection: Connection, run: str, kind: str) -> tuple[dict[str, Any], float] | None:
    """Return the current document of a kind and when it was put, in epoch seconds."""
    row = connection.execute(
        "SELECT data, at FROM documents WHERE run = ? AND kind = ?", (run, kind)
    ).fetchone()
    return (decode(row[0]), row[1]) if row else None


def append(connection: Connection, run: str, kind: str, at: float, data: Mapping[str, Any]) -> None:
    """Append to the history of a kind."""
    connection.execute(
        "INSERT INTO history (run, kind, at, data) VALUES (?, ?, ?, ?)", (run, kind, at, encode(data))
    )


def history(connection: Connection, run: str, kind: str, limit: int) -> list[tuple[float, dict[str, Any]]]:
    """Return the last ``limit`` values of a kind with their epoch seconds; the newest comes last."""
    rows = connection.execute(
        "SELECT at, data FROM history WHERE run = ? AND kind = ? ORDER BY at DESC, key DESC LIMIT ?",
        (run, kind, limit),
    )
    return [(at, decode(data)) for at, data in rows][::-1]


def of_kind(connection: Connection, kind: str, user: str, limit: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the current documents of a kind of a user's runs, each with its run's id, the newest first."""
    rows = connection.execute(
        "SELECT run, data FROM documents JOIN runs ON runs.id = run"
        " WHERE kind = ? AND user = ? ORDER BY at DESC, run LIMIT ?",
        (kind, user, limit),
    )
    return [(run, decode(data)) for run, data in rows]
