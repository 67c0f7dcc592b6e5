"""Which seqs of an attempt are stored, as disjoint ranges: a record is known without an index of them all."""

from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from app.store.facts import IntArray

# The ranges that touch [low, high]. They are disjoint, so the only one that begins before low and may still
# reach it is the last one to begin there.
TOUCHING = """
SELECT first, last FROM seqs
WHERE attempt = :attempt AND first <= :high + 1 AND last >= :low - 1
  AND first >= coalesce((SELECT max(first) FROM seqs WHERE attempt = :attempt AND first <= :low), 0)
ORDER BY first"""


def admit(connection: Connection, attempt: int, seqs: IntArray) -> NDArray[np.bool_]:
    """Note seqs as stored and return which of them are new, shape of ``seqs``; of equal ones the first is."""
    if not len(seqs):
        return np.zeros(0, dtype=bool)
    bounds = {"attempt": attempt, "low": int(seqs.min()), "high": int(seqs.max())}
    known = np.array(connection.execute(TOUCHING, bounds).fetchall(), dtype=np.int64).reshape(-1, 2)
    is_new = ~_within(seqs, known) & _first_of_equals(seqs)
    if is_new.any():
        _replace(connection, attempt, known, union(known, seqs[is_new]))
    return is_new


def union(known: IntArray, fresh: IntArray) -> IntArray:
    """Return disjoint ranges, shape (n, 2) of first and last, that cover known ranges and fresh seqs."""
    singles = np.column_stack([fresh, fresh])
    ranges = np.concatenate([known, singles])
    ranges = ranges[np.argsort(ranges[:, 0])]
    begins = np.concatenate([[True], ranges[1:, 0] > ranges[:-1, 1] + 1])
    ends = np.concatenate([begins[1:], [True]])
    return np.column_stack([ranges[begins, 0], ranges[ends, 1]])


def _first_of_equals(seqs: IntArray) -> NDArray[np.bool_]:
    if (np.diff(seqs) > 0).all():
        return np.ones(len(seqs), dtype=bool)
    is_first = np.zeros(len(seqs), dtype=bool)
    is_first[np.unique(seqs, return_index=True)[1]] = True
    return is_first


def _within(seqs: IntArray, known: IntArray) -> NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(seqs), dtype=bool)
    place = np.searchsorted(known[:, 0], seqs, side="right") - 1
    return np.asarray((place >= 0) & (seqs <= known[np.maximum(place, 0), 1]))


def _replace(connection: Connection, attempt: int, old: IntArray, new: IntArray) -> None:
    gone = [(attempt, first) for first in old[:, 0].tolist()]
    connection.executemany("DELETE FROM seqs WHERE attempt = ? AND first = ?", gone)
    rows = [(attempt, first, last) for first, last in new.tolist()]
    connection.executemany("INSERT INTO seqs VALUES (?, ?, ?)", rows)
