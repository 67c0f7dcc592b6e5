"""Alerts and how far each has come on its channels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from sqlite3 import Connection
from typing import Any

from app.store.codec import decode, encode
from app.store.facts import Alert, Delivery, Episode

COLUMNS = "alerts.id, user, run, alerts.name, rule, data, alarm, at, due"
DELIVERY = "channel, alert_deliveries.name, state, tries, next_try, sent_at, error"
JOINED = f"SELECT {COLUMNS}, {DELIVERY} FROM alerts LEFT JOIN alert_deliveries ON alert = id"  # noqa: S608 - constants
WIDTH = 9

RECENT = f"""
{JOINED} WHERE id IN (
  SELECT id FROM alerts WHERE user = :user AND (:run IS NULL OR run = :run)
  ORDER BY id DESC LIMIT :limit OFFSET :offset)
ORDER BY id DESC, channel"""  # noqa: S608 - constants
DUE_BETWEEN = f"{JOINED} WHERE user = ? AND due > ? AND due <= ? ORDER BY id, channel"
OVERDUE = """
SELECT id FROM (SELECT id, at, row_number() OVER (PARTITION BY user ORDER BY id DESC) AS place FROM alerts)
WHERE at < ? OR place > ?"""
PENDING = f"{JOINED} WHERE state = 'pending' AND next_try <= ? ORDER BY id, channel"


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert to keep, and the ids and names of the channels it is to be sent to."""

    user: str
    run: str
    name: str
    rule: str
    data: Mapping[str, Any]
    is_alarm: bool
    at: float
    due: float
    channels: Sequence[tuple[str, str]]


def episodes(connection: Connection, run: str) -> dict[str, Episode]:
    """Return how each rule stands with a run."""
    rows = connection.execute("SELECT rule, key, at FROM alert_episodes WHERE run = ?", (run,))
    return {rule: Episode(key, at) for rule, key, at in rows}


def begin(
    connection: Connection, run: str, rule: str, episode: Episode, alert: NewAlert | None
) -> int | None:
    """Keep an episode and the alert it gives rise to, both or none, and return the alert's id."""
    connection.execute(
        "INSERT OR REPLACE INTO alert_episodes VALUES (?, ?, ?, ?)", (run, rule, episode.key, episode.at)
    )
    return None if alert is None else _add(connection, alert)


def end(connection: Connection, run: str, rule: str) -> None:
    """Say that no episode goes on; when the last one began stays known."""
    connection.execute("UPDATE alert_episodes SET key = NULL WHERE run = ? AND rule = ?", (run, rule))


def recent(connection: Connection, user: str, limit: int, offset: int, run: str | None) -> list[Alert]:
    """Return a user's alerts with their deliveries, the newest first."""
    values = {"user": user, "limit": limit, "offset": offset, "run": run}
    return _alerts(connection.execute(RECENT, values))


def due_between(connection: Connection, user: str, after: float, until: float) -> list[Alert]:
    """Return a user's alerts that came due after one moment and by another, oldest first."""
    return _alerts(connection.execute(DUE_BETWEEN, (user, after, until)))


def pending(connection: Connection, now: float) -> list[Alert]:
    """Return alerts to be sent now, each with the deliveries that are due, oldest first."""
    return _alerts(connection.execute(PENDING, (now,)))


def settle(connection: Connection, alerts: Sequence[int], delivery: Delivery) -> None:
    """Keep how far alerts have come on a channel; one more time was tried."""
    connection.executemany(
        "UPDATE alert_deliveries SET state = ?, tries = tries + 1, next_try = ?, sent_at = ?, error = ?"
        " WHERE alert = ? AND channel = ? AND state = 'pending'",
        [
            (delivery.state, delivery.next_try, delivery.sent_at, delivery.error, id_, delivery.channel)
            for id_ in alerts
        ],
    )


def put_off(connection: Connection, alerts: Sequence[int], channel: str, until: float) -> None:
    """Have alerts sent on a channel later; that is no try."""
    connection.executemany(
        "UPDATE alert_deliveries SET next_try = ? WHERE alert = ? AND channel = ? AND state = 'pending'",
        [(until, id_, channel) for id_ in alerts],
    )


def sent_since(connection: Connection, channel: str, since: float) -> list[float]:
    """Return when messages were sent on a channel since a moment; alerts of one message share theirs."""
    rows = connection.execute(
        "SELECT DISTINCT sent_at FROM alert_deliveries WHERE channel = ? AND sent_at > ? ORDER BY sent_at",
        (channel, since),
    )
    return [at for (at,) in rows]


def prune(connection: Connection, before: float, most: int) -> int:
    """Forget alerts of before a moment, and of each user all but the newest; return how many."""
    ids = connection.execute(OVERDUE, (before, most)).fetchall()
    connection.executemany("DELETE FROM alert_deliveries WHERE alert = ?", ids)
    connection.executemany("DELETE FROM alerts WHERE id = ?", ids)
    return len(ids)


def _add(connection: Connection, alert: NewAlert) -> int:
    added = connection.execute(
        "INSERT INTO alerts (user, run, name, rule, data, alarm, at, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            alert.user, alert.run, alert.name, alert.rule, encode(alert.data), alert.is_alarm, alert.at,
            alert.due,
        ),
    ).lastrowid  # fmt: skip
    connection.executemany(
        "INSERT INTO alert_deliveries (alert, channel, name, next_try) VALUES (?, ?, ?, ?)",
        [(added, id_, name, alert.due) for id_, name in alert.channels],
    )
    return int(added or 0)


def _alerts(rows: Iterable[tuple[Any, ...]]) -> list[Alert]:
    """Return alerts from rows of them joined with their deliveries."""
    found = []
    for _, joined in groupby(rows, key=lambda row: row[0]):
        own = list(joined)
        id_, user, run, name, rule, data, alarm, at, due = own[0][:WIDTH]
        alert = Alert(id_, user, run, name, rule, decode(data), bool(alarm), at, due)
        deliveries = tuple(Delivery(*row[WIDTH:]) for row in own if row[WIDTH] is not None)
        found.append(replace(alert, deliveries=deliveries))
    return found
