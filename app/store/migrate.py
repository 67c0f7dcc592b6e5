"""Bring a database to the schema this version knows."""

import time
from collections.abc import Sequence
from sqlite3 import Connection

from app.migrations import MIGRATIONS, Migration
from app.store.connection import Transaction
from app.store.errors import NewerSchemaError

TABLE = "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied REAL NOT NULL) WITHOUT ROWID"


def migrate(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> list[str]:
    """Apply what is pending, each with its record in one transaction, and return the names.

    Raises:
        NewerSchemaError: the database has migrations this version does not know.
    """
    connection.execute(TABLE)
    unknown = applied(connection) - {migration.__name__ for migration in migrations}
    if unknown:
        raise NewerSchemaError(f"the store has {sorted(unknown)}, which this version does not know")
    return [migration.__name__ for migration in migrations if _apply(connection, migration)]


def applied(connection: Connection) -> set[str]:
    """Return the names of the migrations the database has."""
    return {name for (name,) in connection.execute("SELECT name FROM migrations")}


def _apply(connection: Connection, migration: Migration) -> bool:
    with Transaction(connection, "IMMEDIATE"):
        # Asked inside the transaction: another process may be starting at the same moment.
        if migration.__name__ in applied(connection):
            return False
        migration(connection)
        connection.execute("INSERT INTO migrations VALUES (?, ?)", (migration.__name__, time.time()))
    return True
