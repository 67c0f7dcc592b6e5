"""How far each spool file has been read."""

from sqlite3 import Connection

from app.store.facts import SpoolMark


def put(connection: Connection, mark: SpoolMark) -> None:
    """Keep how far a file has been read."""
    connection.execute(
        "INSERT OR REPLACE INTO spools VALUES (?, ?, ?, ?)",
        (mark.path, mark.inode, mark.position, mark.bad_lines),
    )


def one(connection: Connection, path: str) -> SpoolMark | None:
    """Return how far a file has been read, ``None`` where it was never opened."""
    row = connection.execute(
        "SELECT path, inode, position, bad_lines FROM spools WHERE path = ?", (path,)
    ).fetchone()
    return SpoolMark(*row) if row else None
