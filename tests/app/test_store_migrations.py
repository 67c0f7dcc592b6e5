"""Migrations are applied once, in order, each whole with its record."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.migrations import MIGRATIONS
from app.store import NewerSchemaError, open_store
from app.store.connection import connect_writer
from app.store.migrate import applied, migrate


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """Open an empty database."""
    opened = connect_writer(None)
    yield opened
    opened.close()


def m900_breaks(connection: sqlite3.Connection) -> None:
    """Create a table, then fail."""
    connection.execute("CREATE TABLE half (n INTEGER)")
    connection.execute("CREATE TABLE runs (n INTEGER)")


def test_migrations_are_numbered_in_order() -> None:
    """Names begin with m001, m002 … and live in a module of their name."""
    names = [migration.__name__ for migration in MIGRATIONS]
    assert [f"m{number:03d}_" for number in range(1, len(names) + 1)] == [name[:5] for name in names]
    assert names == [migration.__module__.rpartition(".")[2] for migration in MIGRATIONS]


def test_each_is_applied_once(connection: sqlite3.Connection) -> None:
    """A second start finds nothing to do."""
    names = [migration.__name__ for migration in MIGRATIONS]
    assert [names, []] == [migrate(connection), migrate(connection)]
    assert set(names) == applied(connection)


def test_only_what_is_pending_is_applied(connection: sqlite3.Connection) -> None:
    """A database of an older version gets what came since."""
    migrate(connection, MIGRATIONS[:1])
    assert [MIGRATIONS[1].__name__] == migrate(connection, MIGRATIONS[:2])


def test_a_broken_migration_leaves_nothing(connection: sqlite3.Connection) -> None:
    """Neither its tables nor its record stay; those before it do."""
    with pytest.raises(sqlite3.OperationalError, match="runs"):
        migrate(connection, [*MIGRATIONS, m900_breaks])
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert ("half" in tables, "runs" in tables) == (False, True)
    assert {migration.__name__ for migration in MIGRATIONS} == applied(connection)


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """An older service does not touch what it does not understand."""
    path = tmp_path / "s.sqlite3"
    open_store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO migrations VALUES ('m999_future', 1.0)")
    connection.commit()
    connection.close()
    with pytest.raises(NewerSchemaError, match="m999_future"):
        open_store(path)
