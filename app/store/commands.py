"""Commands: what the service asks of a trainer, and its answers."""

from collections.abc import Mapping, Sequence
from sqlite3 import Connection
from typing import Any

from app.store.codec import decode, encode
from app.store.facts import Command

ANSWERS = ("done", "refused")
COLUMNS = "id, run, command, name, value, user, created, state, answer"


def add(connection: Connection, command: Command) -> Command:
    """Store a command and return it; one whose id is known is returned as it stands."""
    connection.execute(
        f"INSERT OR IGNORE INTO commands ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
        (command.id, command.run, command.command, command.name, encode(command.value), command.user,
         command.created, command.state, None),
    )  # fmt: skip
    row = connection.execute(f"SELECT {COLUMNS} FROM commands WHERE id = ?", (command.id,)).fetchone()  # noqa: S608 - a constant
    return _command(row)


def listed(connection: Connection, run: str | None, state: str | None) -> list[Command]:
    """Return commands in the order they were given; ``None`` stands for any run, any state."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM commands WHERE (:run IS NULL OR run = :run)"  # noqa: S608 - a constant
        " AND (:state IS NULL OR state = :state) ORDER BY created, id",
        {"run": run, "state": state},
    )
    return [_command(row) for row in rows]


def take_answers(connection: Connection, run: str, answers: Sequence[Mapping[str, Any]]) -> None:
    """Close the pending commands of a run that a note answers; notes that answer none are only kept."""
    rows = [
        (answer["status"], encode(answer), str(answer.get("id")), run)
        for answer in answers
        if answer.get("status") in ANSWERS
    ]
    connection.executemany(
        "UPDATE commands SET state = ?, answer = ? WHERE id = ? AND run = ? AND state = 'pending'", rows
    )


def _command(row: tuple[Any, ...]) -> Command:
    id_, run, command, name, value, user, created, state, answer = row
    return Command(id_, run, command, name, decode(value), user, created, state, decode(answer))
