"""Seqs are kept as ranges, and each is new once."""

import sqlite3
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.migrations import m001_records
from app.store.seqs import admit


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """Open a database with the tables of records."""
    opened = sqlite3.connect(":memory:")
    m001_records(opened)
    yield opened
    opened.close()


def ranges(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """Return the ranges of attempt 1."""
    return connection.execute("SELECT first, last FROM seqs WHERE attempt = 1 ORDER BY first").fetchall()


def test_seqs_in_order_stay_one_range(connection: sqlite3.Connection) -> None:
    """Batches in order need one row, however many come."""
    for start in range(0, 50, 10):
        assert admit(connection, 1, np.arange(start, start + 10)).all()
    assert [(0, 49)] == ranges(connection)


def test_attempts_do_not_share_seqs(connection: sqlite3.Connection) -> None:
    """A seq of one attempt is new to another."""
    assert [True, True] == [bool(admit(connection, attempt, np.array([5]))[0]) for attempt in (1, 2)]


@settings(deadline=None)  # a busy machine breaks no property
@given(st.lists(st.lists(st.integers(0, 40), max_size=12), max_size=12))
def test_a_seq_is_new_exactly_once(batches: list[list[int]]) -> None:
    """Whatever comes in whatever order, each seq is admitted the first time, and the ranges hold them all."""
    opened = sqlite3.connect(":memory:")
    m001_records(opened)
    seen: set[int] = set()
    for batch in batches:
        expected = []
        for seq in batch:
            expected.append(seq not in seen)
            seen.add(seq)
        assert expected == admit(opened, 1, np.array(batch, dtype=np.int64)).tolist()
    kept = ranges(opened)
    assert sorted(seen) == [seq for first, last in kept for seq in range(first, last + 1)]
    assert all(one[1] + 1 < other[0] for one, other in pairwise(kept))
    opened.close()
