"""Replacements: where each stands, kept before and after every side effect."""

from sqlite3 import Connection
from typing import Any

from app.store.codec import decode, encode
from app.store.facts import StoredReplacement

FINAL_STATES = ("done", "failed", "rolled_back")
"""In any other state a replacement is still going on."""

COLUMNS = "id, run, state, data, created, at"

LISTED = f"""
SELECT {COLUMNS} FROM replacements
WHERE (:run IS NULL OR run = :run)
  AND (NOT :active_only OR state NOT IN ({", ".join(f"'{state}'" for state in FINAL_STATES)}))
ORDER BY created DESC, id"""  # noqa: S608 - constants


def put(connection: Connection, replacement: StoredReplacement) -> None:
    """Keep where a replacement stands; when it began stays as first put."""
    connection.execute(
        f"INSERT INTO replacements ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant
        " ON CONFLICT (id) DO UPDATE SET state = excluded.state, data = excluded.data, at = excluded.at",
        (replacement.id, replacement.run, replacement.state, encode(replacement.data),
         replacement.created, replacement.at),
    )  # fmt: skip


def one(connection: Connection, id_: str) -> StoredReplacement | None:
    """Return a replacement."""
    row = connection.execute(f"SELECT {COLUMNS} FROM replacements WHERE id = ?", (id_,)).fetchone()  # noqa: S608 - a constant
    return _replacement(row) if row else None


def listed(connection: Connection, run: str | None, *, active_only: bool) -> list[StoredReplacement]:
    """Return replacements, the newest first."""
    rows = connection.execute(LISTED, {"run": run, "active_only": active_only})
    return [_replacement(row) for row in rows]


def _replacement(row: tuple[Any, ...]) -> StoredReplacement:
    id_, run, state, data, created, at = row
    return StoredReplacement(id_, run, state, decode(data), created, at)
