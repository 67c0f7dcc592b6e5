"""What happens to one batch: each record stored once, and everything that follows from it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from sqlite3 import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.records import RecordBatch
from app.store import attempts, blocks, clocks, commands, events, notes, runs, seqs, spans, steps
from app.store.facts import Added, IntArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a batch came: when, in epoch seconds, and what was odd on the way (``bad_lines``)."""

    received: float
    oddities: Mapping[str, int] = field(default_factory=dict)


def add(connection: Connection, user: str, run_id: str, batch: RecordBatch, arrival: Arrival) -> Added:
    """Store a batch in the caller's transaction.

    Raises:
        ForeignRunError: the run is somebody else's.
    """
    run = runs.claim(connection, user, run_id, batch, arrival.received)
    attempt, changed_attempt = attempts.enter(connection, run.key, batch)
    all_seqs = np.concatenate([np.array(part, dtype=np.int64) for part in _seqs(batch)])
    is_new = seqs.admit(connection, attempt, all_seqs)
    reported, noted = _insert(connection, attempt, batch, is_new)
    blocks.refresh(connection, attempt, reported)
    clocks.note(connection, attempt, batch, arrival.received)
    commands.take_answers(connection, run_id, [data for kind, data in noted if kind == "command"])
    if changed_attempt or noted:
        runs.describe(connection, run.key)
    oddities = Counter(arrival.oddities)
    if is_new.any() or not len(is_new):  # a batch sent again is counted once
        oddities.update(batch.unknown)
    warnings = _warnings(connection, run, reported, oddities)
    changed = changed_attempt or bool(is_new.any())
    version = runs.note_batch(connection, run, warnings, arrival.received, changed=changed)
    last = attempts.note_seq(connection, attempt, int(all_seqs.max()) if len(all_seqs) else None)
    stored = int(is_new.sum())
    pending = tuple(commands.listed(connection, run_id, "pending"))
    return Added(last, stored, len(is_new) - stored, version, pending)


def _seqs(batch: RecordBatch) -> Iterable[Sequence[float]]:
    yield from (columns.seq for _, columns in batch.columns())
    yield batch.ignored_seqs


def _insert(
    connection: Connection, attempt: int, batch: RecordBatch, is_new: Mask
) -> tuple[IntArray, list[tuple[str, dict[str, Any]]]]:
    """Store the new records and return the steps reported and the notes."""
    lengths = [columns.length for _, columns in batch.columns()]
    of_steps, of_validations, of_checkpoints, of_spans, of_notes, _ = np.split(is_new, np.cumsum(lengths))
    events.insert_validations(connection, attempt, batch.validations, of_validations)
    events.insert_checkpoints(connection, attempt, batch.checkpoints, of_checkpoints)
    spans.insert(connection, attempt, batch.spans, of_spans)
    noted = notes.insert(connection, attempt, batch.notes, of_notes)
    return steps.insert(connection, attempt, batch.steps, of_steps), noted


def _warnings(
    connection: Connection, run: runs.RunRow, reported: IntArray, oddities: Mapping[str, int]
) -> Mapping[str, int]:
    """Return the run's counted oddities, this batch's among them."""
    counted = Counter(run.warnings)
    counted.update(oddities)
    total = runs.plan_of(connection, run.key).get("total_steps")
    if total != run.total_steps:
        counted["steps_beyond_total"] = 0 if total is None else steps.count_beyond(connection, run.key, total)
    elif total is not None:
        counted["steps_beyond_total"] += int((reported > total).sum())
    return {name: count for name, count in counted.items() if count}
