"""What people have chosen of alerts: settings, channels, muted runs."""

from collections.abc import Mapping
from sqlite3 import Connection
from typing import Any

from app.store.codec import decode, encode
from app.store.facts import AlertChannel

COLUMNS = "id, user, name, url, kind, shown, created, tested"


def settings(connection: Connection, user: str) -> dict[str, Any] | None:
    """Return a user's settings, ``None`` before there were any."""
    row = connection.execute("SELECT data FROM alert_settings WHERE user = ?", (user,)).fetchone()
    return decode(row[0]) if row else None


def put_settings(connection: Connection, user: str, data: Mapping[str, Any], at: float) -> None:
    """Keep a user's settings in place of the last ones."""
    connection.execute("INSERT OR REPLACE INTO alert_settings VALUES (?, ?, ?)", (user, encode(data), at))


def channels(connection: Connection, user: str) -> list[AlertChannel]:
    """Return a user's channels in the order they were made."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM alert_channels WHERE user = ? ORDER BY created, id",  # noqa: S608 - constants
        (user,),
    )
    return [_channel(row) for row in rows]


def channel(connection: Connection, id_: str) -> AlertChannel | None:
    """Return a channel."""
    row = connection.execute(f"SELECT {COLUMNS} FROM alert_channels WHERE id = ?", (id_,)).fetchone()  # noqa: S608 - constants
    return _channel(row) if row else None


def add_channel(connection: Connection, added: AlertChannel) -> None:
    """Keep a channel."""
    connection.execute(
        "INSERT INTO alert_channels VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
        (added.id, added.user, added.name, added.url, added.kind, added.shown, added.created),
    )


def remove_channel(connection: Connection, id_: str) -> None:
    """Forget a channel, its address and what was still to be sent on it."""
    connection.execute("DELETE FROM alert_deliveries WHERE channel = ? AND state = 'pending'", (id_,))
    connection.execute("DELETE FROM alert_channels WHERE id = ?", (id_,))


def put_tested(connection: Connection, id_: str, outcome: Mapping[str, Any]) -> None:
    """Keep what came of a channel's last test."""
    connection.execute("UPDATE alert_channels SET tested = ? WHERE id = ?", (encode(outcome), id_))


def mute(connection: Connection, user: str, run: str, *, is_muted: bool) -> None:
    """Keep whether a user's alerts of a run are kept back."""
    if is_muted:
        connection.execute("INSERT OR IGNORE INTO alert_mutes VALUES (?, ?)", (user, run))
    else:
        connection.execute("DELETE FROM alert_mutes WHERE user = ? AND run = ?", (user, run))


def muted(connection: Connection, user: str) -> list[str]:
    """Return the ids of a user's muted runs."""
    rows = connection.execute("SELECT run FROM alert_mutes WHERE user = ? ORDER BY run", (user,))
    return [run for (run,) in rows]


def _channel(row: tuple[Any, ...]) -> AlertChannel:
    id_, user, name, url, kind, shown, created, tested = row
    return AlertChannel(id_, user, name, url, kind, shown, created, decode(tested))
