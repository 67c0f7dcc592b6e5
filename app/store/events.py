"""Validations and checkpoints: what happens after some steps, one row each."""

from collections.abc import Sequence
from itertools import compress
from sqlite3 import Connection
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.records import Checkpoints, Validations
from app.store import rows
from app.store.codec import decode, encode
from app.store.facts import Checkpoint, Validation
from app.store.steps import NOT_FINITE

T = TypeVar("T", Validation, Checkpoint)

READ_VALIDATIONS = """
SELECT a.id, v.step, v.started, v.seconds, v.loss, v.metrics
FROM runs JOIN attempts AS a ON a.run = runs.key JOIN validations AS v ON v.attempt = a.key
WHERE runs.id = ? ORDER BY a.started, a.key, v.seq"""

READ_CHECKPOINTS = """
SELECT a.id, c.step, c.started, c.seconds, c.path
FROM runs JOIN attempts AS a ON a.run = runs.key JOIN checkpoints AS c ON c.attempt = a.key
WHERE runs.id = ? ORDER BY a.started, a.key, c.seq"""


def insert_validations(
    connection: Connection, attempt: int, records: Validations, is_new: NDArray[np.bool_]
) -> None:
    """Store the new validations of a batch."""
    losses = [NOT_FINITE.get(loss, loss) for loss in records.column("loss")]
    metrics = [encode(item or {}) for item in records.column("metrics")]
    columns = (records.seq, records.step, records.started, records.column("seconds"), losses, metrics)
    _insert(connection, "validations", attempt, columns, is_new)


def insert_checkpoints(
    connection: Connection, attempt: int, records: Checkpoints, is_new: NDArray[np.bool_]
) -> None:
    """Store the new checkpoints of a batch."""
    seconds, paths = records.column("seconds"), records.column("path")
    columns = (records.seq, records.step, records.started, seconds, paths)
    _insert(connection, "checkpoints", attempt, columns, is_new)


def validations(connection: Connection, run: str) -> list[Validation]:
    """Return a run's validations in step order; of a repeated step the newest attempt's last one."""
    found = connection.execute(READ_VALIDATIONS, (run,))
    return _newest(
        [
            Validation(
                attempt, step, started, seconds, None if loss is None else float(loss), decode(metrics)
            )
            for attempt, step, started, seconds, loss, metrics in found
        ]
    )


def checkpoints(connection: Connection, run: str) -> list[Checkpoint]:
    """Return a run's checkpoints in step order; of a repeated step the newest attempt's last one."""
    return _newest([Checkpoint(*row) for row in connection.execute(READ_CHECKPOINTS, (run,))])


def _insert(
    connection: Connection,
    table: str,
    attempt: int,
    columns: Sequence[Sequence[Any]],
    is_new: NDArray[np.bool_],
) -> None:
    records = zip([attempt] * len(is_new), *columns, strict=True)
    rows.insert(connection, table, list(compress(records, is_new.tolist())))


def _newest(found: list[T]) -> list[T]:
    by_step = {item.step: item for item in found}  # of equal steps the last stays
    return [by_step[step] for step in sorted(by_step)]
