"""How far an attempt's clock is from the service's."""

from sqlite3 import Connection


def m004_clocks(connection: Connection) -> None:
    """Add what each attempt's clock was seen to be behind by, in seconds; NULL where nothing tells it."""
    connection.execute("ALTER TABLE attempts ADD COLUMN clock_behind REAL")
