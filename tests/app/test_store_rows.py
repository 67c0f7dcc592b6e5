"""Many rows go in as each of them would."""

import sqlite3
from contextlib import closing

import pytest

from app.store import rows


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_every_row_is_inserted_once(count: int) -> None:
    """Whole groups and what is left over."""
    given = [(number, f"row {number}", None) for number in range(count)]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE things (n INTEGER PRIMARY KEY, name TEXT, value REAL)")
        rows.insert(connection, "things", given)
        assert given == connection.execute("SELECT * FROM things ORDER BY n").fetchall()
