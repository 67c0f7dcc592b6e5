"""Block means hold whatever the order, are bounded, and agree with the records."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.records import RecordBatch
from app.store import Store, open_store
from app.store.facts import StepBlocks

Record = tuple[str, int, int, float | str | None, float | None]
"""Attempt, seq, step, loss, seconds."""
STARTED = {"a": 1000.0, "b": 2000.0, "c": 3000.0}


def batch_of(records: Sequence[Record]) -> RecordBatch:
    """Build a batch of records of one attempt."""
    attempt = records[0][0]
    _, seqs, steps, losses, seconds = map(list, zip(*records, strict=True))
    rates = [step / 8 for step in steps]
    columns = {"seq": seqs, "step": steps, "loss": losses, "seconds": seconds, "lr": rates}
    return RecordBatch.model_validate(
        {"v": 1, "attempt": attempt, "attempt_started": STARTED[attempt], "steps": columns}
    )


def fill(
    store: Store, steps: Sequence[int], attempt: str = "a", loss: Callable[[int], float] = float
) -> None:
    """Report steps in batches of 1,000, one second each."""
    records: list[Record] = [(attempt, seq, step, loss(step), 1.0) for seq, step in enumerate(steps)]
    for start in range(0, len(records), 1000):
        store.add("ann", "r", batch_of(records[start : start + 1000]), 5.0)


def dump(path: Path) -> list[Any]:
    """Return every stored block."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT * FROM blocks ORDER BY attempt, size, block").fetchall()
    connection.close()
    return rows


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open an empty store."""
    opened = open_store(tmp_path / "s.sqlite3")
    yield opened
    opened.close()


def assert_partition(blocks: StepBlocks, steps: Sequence[int]) -> None:
    """Check that the blocks hold each step once, in order."""
    assert len(set(steps)) == blocks.count.sum()
    assert (blocks.first_step <= blocks.last_step).all()
    assert (blocks.first_step[1:] > blocks.last_step[:-1]).all()
    assert (min(steps), max(steps)) == (blocks.first_step[0], blocks.last_step[-1])


def test_a_short_run_is_shown_raw(store: Store) -> None:
    """Up to the bound every step is its own block."""
    fill(store, range(1, 1001))
    blocks = store.step_blocks("r")
    assert [1] * 1000 == blocks.count.tolist()
    assert list(range(1, 1001)) == blocks.loss_mean.tolist()


@pytest.mark.parametrize("steps", [range(20_000), range(3, 60_000, 7), range(10**9, 10**9 + 5_000)])
@pytest.mark.parametrize("max_blocks", [300, 1500])
def test_a_long_run_is_bounded_and_whole(store: Store, steps: range, max_blocks: int) -> None:
    """Blocks stay within the bound, hold every step, use most of the bound and are raw at both ends."""
    fill(store, steps)
    blocks = store.step_blocks("r", max_blocks)
    assert_partition(blocks, steps)
    assert max_blocks // 2 <= len(blocks.count) <= max_blocks
    assert ([1] * 3, [1] * 3) == (blocks.count[:3].tolist(), blocks.count[-3:].tolist())


def test_a_block_is_the_sum_of_its_records(store: Store) -> None:
    """Means, deviations, extremes, end and learning rate are those of the records."""
    random = np.random.default_rng(7)
    losses = random.normal(2.0, 0.3, 8192)
    fill(store, range(8192), loss=lambda step: float(losses[step]))
    blocks = store.step_blocks("r", 100)
    for index, (first, last) in enumerate(zip(blocks.first_step, blocks.last_step, strict=True)):
        held = losses[first : last + 1]
        expected = [
            held.mean(),
            held.std(ddof=1) if len(held) > 1 else np.nan,
            held.min(),
            held.max(),
            last / 8,
        ]
        found = [
            blocks.loss_mean[index], blocks.loss_deviation[index], blocks.loss_min[index],
            blocks.loss_max[index], blocks.lr[index],
        ]  # fmt: skip
        np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert [1.0] * len(blocks.count) == blocks.seconds_mean.tolist()


def test_a_resume_shows_the_newest_attempt_in_long_runs(store: Store) -> None:
    """Where a resume falls inside a block, each side is its own attempt's."""
    fill(store, range(30_000), "a", lambda _: 1.0)
    fill(store, range(12_345, 20_001), "b", lambda _: 2.0)
    blocks = store.step_blocks("r", 300)
    assert_partition(blocks, range(30_000))
    total = float((blocks.loss_mean * blocks.finite_count).sum())
    assert pytest.approx(30_000 + (20_001 - 12_345)) == total
    inside = (blocks.first_step >= 12_345) & (blocks.last_step <= 20_000)
    outside = (blocks.last_step < 12_345) | (blocks.first_step > 20_000)
    assert {2.0} == set(blocks.loss_mean[inside].tolist())
    assert {1.0} == set(blocks.loss_mean[outside].tolist())


def test_losses_too_large_to_square_count_as_not_finite(store: Store) -> None:
    """A loss of 1e300 spoils no sum."""
    store.add(
        "ann", "r", batch_of([("a", 1, 1, 1e300, 1.0), ("a", 2, 2, -1e300, 1.0), ("a", 3, 3, 4.0, 1.0)]), 5.0
    )
    blocks = store.step_blocks("r", 1)
    assert ([3], [3], [1], [4.0]) == tuple(
        part.tolist() for part in (blocks.count, blocks.loss_count, blocks.finite_count, blocks.loss_mean)
    )


def test_one_block_holds_everything(store: Store) -> None:
    """A bound of one is kept."""
    fill(store, range(5000))
    blocks = store.step_blocks("r", 1)
    assert ([5000], [2499.5]) == (blocks.count.tolist(), blocks.loss_mean.tolist())


def test_unevenly_reported_steps_stay_bounded(store: Store) -> None:
    """Steps in dense bursts, where the layout's even stride does not hold, stay within the bound."""
    bursts = [start + offset for start in range(0, 10**8, 10**7) for offset in range(400)]
    fill(store, bursts)
    blocks = store.step_blocks("r", 150)
    assert_partition(blocks, bursts)
    assert len(blocks.count) <= 150


losses = st.one_of(st.floats(-1e6, 1e6), st.sampled_from(["nan", "inf", "-inf", None]))
seconds = st.one_of(st.floats(0, 1e4), st.none())


@st.composite
def reported(draw: st.DrawFn) -> list[Record]:
    """Draw the records of two attempts, with gaps, steps back and steps far apart."""
    records: list[Record] = []
    for attempt in "ab":
        steps = draw(st.lists(st.integers(0, 600) | st.integers(0, 10**6), max_size=60))
        records += [(attempt, seq, step, draw(losses), draw(seconds)) for seq, step in enumerate(steps)]
    return records


@settings(deadline=None)  # a busy machine breaks no property
@given(data=st.data(), records=reported())
def test_any_order_and_repetition_ends_in_the_same_blocks(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, records: list[Record]
) -> None:
    """However batches are cut, mixed, repeated and delayed, the blocks are those of one clean ingest."""
    clean = [[record for record in records if record[0] == attempt] for attempt in "ab"]
    repeated = records + data.draw(
        st.lists(st.sampled_from(records), max_size=20) if records else st.just([])
    )
    mixed = data.draw(st.permutations(repeated))
    parts = [[record] for record in mixed[::3]] + [mixed[1::3], mixed[2::3]]
    messy = [[record for record in part if record[0] == attempt] for part in parts for attempt in "ab"]
    dumps, curves = [], []
    for batches in (clean, messy):
        path = tmp_path_factory.mktemp("store") / "s.sqlite3"
        store = open_store(path)
        for attempt in "ab":  # numbered alike in both stores
            heartbeat = {"v": 1, "attempt": attempt, "attempt_started": STARTED[attempt]}
            store.add("ann", "r", RecordBatch.model_validate(heartbeat), 5.0)
        for part in batches:
            if part:
                store.add("ann", "r", batch_of(part), 5.0)
        curves.append(store.step_blocks("r", 40))
        store.close()
        dumps.append(dump(path))
    assert dumps[0] == dumps[1]
    for name in StepBlocks.__slots__:
        np.testing.assert_array_equal(getattr(curves[0], name), getattr(curves[1], name))


def ran(store: Store, attempt: str, steps: Sequence[int], seconds: float | None) -> None:
    """Report the steps of a process, so many seconds each."""
    records: list[Record] = [(attempt, seq, step, 1.0, seconds) for seq, step in enumerate(steps)]
    store.add("ann", "r", batch_of(records), 5.0)


def test_what_was_given_up_took_what_its_own_process_took(store: Store) -> None:
    """Three processes of different pace: the first lost 51 to 100, the second all but 51 to 60."""
    ran(store, "a", range(1, 101), 2.0)
    assert 0.0 == store.given_up_seconds("r")
    ran(store, "b", range(51, 91), 7.0)
    assert 50 * 2.0 == store.given_up_seconds("r")
    ran(store, "c", range(61, 71), 11.0)
    assert 50 * 2.0 + 30 * 7.0 == store.given_up_seconds("r")
    ran(store, "c", range(61, 200), 11.0)
    assert 50 * 2.0 + 30 * 7.0 == store.given_up_seconds("r")


def test_steps_that_two_restarts_went_behind_are_given_up_once_by_each_that_did_them(store: Store) -> None:
    """The first came to 100, the second from 91 to 95; the third goes on from 51, behind both."""
    ran(store, "a", range(1, 101), 2.0)
    ran(store, "b", range(91, 96), 7.0)
    ran(store, "c", range(51, 301), 11.0)
    assert 50 * 2.0 + 5 * 7.0 == store.given_up_seconds("r")


def test_a_sparse_record_given_up_stands_for_the_steps_between_two(store: Store) -> None:
    """Every tenth step is reported: five records from 60 to 100 are fifty steps."""
    ran(store, "a", range(10, 101, 10), 2.0)
    ran(store, "b", range(60, 121, 10), 7.0)
    assert 50 * 2.0 == store.given_up_seconds("r")


def test_what_a_given_up_step_took_is_not_guessed(store: Store) -> None:
    """Steps without seconds are no time lost; nor are those of a run that is not there."""
    ran(store, "a", range(1, 101), None)
    ran(store, "b", range(51, 91), 7.0)
    assert (0.0, 0.0) == (store.given_up_seconds("r"), store.given_up_seconds("nobody"))


def test_what_was_given_up_is_read_in_blocks(store: Store) -> None:
    """However long the stretch, and wherever it begins, it adds up to what its records hold."""
    for start in range(1, 20_001, 5_000):
        records: list[Record] = [
            ("a", step, step, 1.0, float(step % 7)) for step in range(start, start + 5_000)
        ]
        store.add("ann", "r", batch_of(records), 5.0)
    ran(store, "b", range(4_321, 4_400), 1.0)
    assert sum(float(step % 7) for step in range(4_321, 20_001)) == store.given_up_seconds("r")
