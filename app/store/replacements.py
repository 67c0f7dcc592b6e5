"""Replacements: where each stands, kept before and after every side effect."""

from collections.abc import Mapping
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any

from app.store.codec import decode, encode

FINAL_STATES = ("done", "failed", "rolled_back")
"""In any other state a replacement is still going on."""

LISTED = f"""
SELECT data FROM replacements
WHERE (:run IS NULL OR run = :run)
  AND (NOT :active_only OR state NOT IN ({", ".join(f"'{state}'" for state in FINAL_STATES)}))
ORDER BY created DESC, id"""  # noqa: S608 - constants

PUT = """
INSERT INTO replacements (id, run, state, data, created, at) VALUES (:id, :run, :state, :data, :at, :at)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, data = excluded.data, at = excluded.at"""


@dataclass(frozen=True, slots=True)
class StoredReplacement:
    """A replacement to keep; ``data`` is what the machine that carries it out needs to go on."""

    id: str
    run: str
    state: str
    data: Mapping[str, Any]
    at: float


def put(connection: Connection, replacement: StoredReplacement) -> None:
    """Keep where a replacement stands; when it was first put stays."""
    connection.execute(
        PUT,
        {
            "id": replacement.id,
            "run": replacement.run,
            "state": replacement.state,
            "data": encode(replacement.data),
            "at": replacement.at,
        },
    )


def one(connection: Connection, id_: str) -> dict[str, Any] | None:
    """Return a replacement's data."""
    row = connection.execute("SELECT data FROM replacements WHERE id = ?", (id_,)).fetchone()
    data: dict[str, Any] | None = decode(row[0]) if row else None
    return data


def listed(connection: Connection, run: str | None, *, active_only: bool) -> list[dict[str, Any]]:
    """Return the data of replacements, the newest first."""
    rows = connection.execute(LISTED, {"run": run, "active_only": active_only})
    return [decode(data) for (data,) in rows]
