"""Block means of steps, kept at ingest and read in a bounded number.

A batch does not add to the blocks it touches: it has them computed again from the records, each size from the
one below. So they depend on what is stored and not on the order in which it came, a record that replaces an
earlier one of its step is not counted twice, and the sums gather no rounding.
"""

from collections.abc import Sequence
from itertools import pairwise
from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from app.store import attempts
from app.store.facts import FloatArray, IntArray, StepBlocks
from app.store.layout import SIZES, Piece, given_up, pieces, pieces_between

# Beyond this a loss counts as not finite: a sum of 65,536 of its squares would overflow.
LARGEST_LOSS = "1e150"

# Of a step reported twice within an attempt (it went back in its own process) the last record counts.
RECORDS = f"""
SELECT step, max(seq), ended, seconds, loss, lr,
  CASE WHEN typeof(loss) = 'real' AND abs(loss) <= {LARGEST_LOSS} THEN loss END AS finite
FROM steps WHERE attempt = :attempt AND step BETWEEN :low AND :high GROUP BY step"""  # noqa: S608 - a constant

FROM_RECORDS = f"""
INSERT OR REPLACE INTO blocks
SELECT :attempt, :size, b.block, b.first_step, b.last_step, b.count, b.loss_count, b.finite_count,
  b.loss_sum, b.loss_squares, b.loss_min, b.loss_max,
  b.seconds_count, b.seconds_sum, b.seconds_squares, b.seconds_min, b.seconds_max, b.ended,
  (SELECT lr FROM steps WHERE attempt = :attempt AND step = b.last_step ORDER BY seq DESC LIMIT 1)
FROM (
  SELECT step / :size AS block, min(step) AS first_step, max(step) AS last_step, count(*) AS count,
    count(loss) AS loss_count, count(finite) AS finite_count, sum(finite) AS loss_sum,
    sum(finite * finite) AS loss_squares, min(finite) AS loss_min, max(finite) AS loss_max,
    count(seconds) AS seconds_count, sum(seconds) AS seconds_sum, sum(seconds * seconds) AS seconds_squares,
    min(seconds) AS seconds_min, max(seconds) AS seconds_max, max(ended) AS ended
  FROM ({RECORDS}) GROUP BY step / :size
) AS b"""  # noqa: S608 - a constant

FROM_BLOCKS = """
INSERT OR REPLACE INTO blocks
SELECT :attempt, :size, b.block, b.first_step, b.last_step, b.count, b.loss_count, b.finite_count,
  b.loss_sum, b.loss_squares, b.loss_min, b.loss_max,
  b.seconds_count, b.seconds_sum, b.seconds_squares, b.seconds_min, b.seconds_max, b.ended,
  (SELECT lr FROM blocks WHERE attempt = :attempt AND size = :below AND block = b.last_block)
FROM (
  SELECT block * :below / :size AS block, max(block) AS last_block, min(first_step) AS first_step,
    max(last_step) AS last_step, sum(count) AS count, sum(loss_count) AS loss_count,
    sum(finite_count) AS finite_count, sum(loss_sum) AS loss_sum, sum(loss_squares) AS loss_squares,
    min(loss_min) AS loss_min, max(loss_max) AS loss_max, sum(seconds_count) AS seconds_count,
    sum(seconds_sum) AS seconds_sum, sum(seconds_squares) AS seconds_squares,
    min(seconds_min) AS seconds_min, max(seconds_max) AS seconds_max, max(ended) AS ended
  FROM blocks
  WHERE attempt = :attempt AND size = :below AND block BETWEEN :low / :below AND :high / :below
  GROUP BY block * :below / :size
) AS b"""

READ_RECORDS = f"""
SELECT step, step, 1, loss IS NOT NULL, finite IS NOT NULL, finite, finite * finite, finite, finite,
  seconds IS NOT NULL, seconds, seconds * seconds, seconds, seconds, ended, lr
FROM ({RECORDS}) ORDER BY step"""  # noqa: S608 - a constant

READ_BLOCKS = """
SELECT first_step, last_step, count, loss_count, finite_count, loss_sum, loss_squares, loss_min, loss_max,
  seconds_count, seconds_sum, seconds_squares, seconds_min, seconds_max, ended, lr
FROM blocks WHERE attempt = :attempt AND size = :size AND block BETWEEN :low / :size AND :high / :size
ORDER BY block"""

(
    FIRST, LAST, COUNT, LOSS_COUNT, FINITE_COUNT, LOSS_SUM, LOSS_SQUARES, LOSS_MIN, LOSS_MAX,
    SECONDS_COUNT, SECONDS_SUM, SECONDS_SQUARES, SECONDS_MIN, SECONDS_MAX, ENDED, LR,
) = range(16)  # fmt: skip
SUMS = (
    COUNT, LOSS_COUNT, FINITE_COUNT, LOSS_SUM, LOSS_SQUARES, SECONDS_COUNT, SECONDS_SUM, SECONDS_SQUARES,
)  # fmt: skip
WIDEST_GAP = 16
"""Touched blocks this near to each other are computed again in one statement, those between as well."""


def refresh(connection: Connection, attempt: int, steps: IntArray) -> None:
    """Compute again, at every size, the blocks that hold these steps of an attempt."""
    if not len(steps):
        return
    touched = steps
    for below, size in pairwise(SIZES):
        touched = np.unique(touched // (size // below))
        ranges = [
            {"attempt": attempt, "size": size, "below": below, "low": low, "high": high}
            for low, high in _ranges(touched, size)
        ]
        connection.executemany(FROM_RECORDS if below == 1 else FROM_BLOCKS, ranges)


def read(
    connection: Connection, run: str, max_blocks: int, between: tuple[int, int] | None = None
) -> StepBlocks:
    """Return a run's curve in at most ``max_blocks`` blocks, the newest attempt winning, in step order.

    With ``between``, a first and a last step, it is that stretch of the curve.
    """
    found = attempts.with_steps(connection, run)
    if between is None:
        wanted = pieces(found, max_blocks)
    else:
        wanted = pieces_between(found, between[0], between[1] + 1, max_blocks)
    rows, groups = _gathered(connection, wanted)
    table = _merged(rows, groups)
    if len(table) > max_blocks:  # less even steps, or a tighter bound, than the layout can serve
        table = _merged(table, np.arange(len(table)) * max_blocks // len(table))
    return _step_blocks(table)


def given_up_seconds(connection: Connection, run: str) -> float:
    """Return the seconds of the steps that were done and then given up, each at what its own attempt took.

    Where every n-th step is reported, it stands for n of them.
    """
    found, total = attempts.with_steps(connection, run), 0.0
    wanted = given_up(found)
    for one in found:
        table, _ = _gathered(connection, wanted[one.key])
        stride = (one.highest_step - one.first_step) / max(one.step_records - 1, 1)
        total += max(stride, 1.0) * float(np.nansum(table[:, SECONDS_SUM]))
    return total


def _ranges(blocks: IntArray, size: int) -> list[tuple[int, int]]:
    """Return first and last step of each stretch of neighbouring blocks; ``blocks`` is sorted."""
    breaks = np.flatnonzero(np.diff(blocks) > WIDEST_GAP)
    lows = blocks[np.concatenate([[0], breaks + 1])] * size
    highs = blocks[np.concatenate([breaks, [len(blocks) - 1]])] * size + size - 1
    return list(zip(lows.tolist(), highs.tolist(), strict=True))


def _gathered(connection: Connection, wanted: Sequence[Piece]) -> tuple[FloatArray, IntArray]:
    """Return the stored rows, shape (n, 16), and the first step of the block each goes to, shape (n,)."""
    tables: list[FloatArray] = [np.empty((0, 16))]
    groups: list[IntArray] = [np.empty(0, dtype=np.int64)]
    for piece in wanted:
        rows = connection.execute(
            READ_RECORDS if piece.size == 1 else READ_BLOCKS,
            {"attempt": piece.attempt, "size": piece.size, "low": piece.low, "high": piece.high - 1},
        ).fetchall()
        tables.append(np.array(rows, dtype=float).reshape(-1, 16))
        groups.append(tables[-1][:, FIRST].astype(np.int64) // piece.shown * piece.shown)
    return np.concatenate(tables), np.concatenate(groups)


def _merged(table: FloatArray, groups: NDArray[np.int64]) -> FloatArray:
    """Merge neighbouring rows of one group."""
    if not len(table):
        return table
    starts = np.flatnonzero(np.concatenate([[True], np.diff(groups) != 0]))
    ends = np.concatenate([starts[1:], [len(table)]]) - 1
    merged: FloatArray = table[ends]  # the learning rate and the last step are those of the last row
    merged[:, FIRST] = table[starts, FIRST]
    merged[:, SUMS] = np.add.reduceat(np.nan_to_num(table[:, SUMS]), starts)
    for column in (LOSS_MIN, SECONDS_MIN):
        merged[:, column] = np.fmin.reduceat(table[:, column], starts)
    for column in (LOSS_MAX, SECONDS_MAX, ENDED):
        merged[:, column] = np.fmax.reduceat(table[:, column], starts)
    return merged


def _step_blocks(table: FloatArray) -> StepBlocks:
    whole = table[:, [FIRST, LAST, COUNT, LOSS_COUNT, FINITE_COUNT, SECONDS_COUNT]].astype(np.int64)
    loss_mean, loss_deviation = _moments(table[:, FINITE_COUNT], table[:, LOSS_SUM], table[:, LOSS_SQUARES])
    seconds_mean, seconds_deviation = _moments(
        table[:, SECONDS_COUNT], table[:, SECONDS_SUM], table[:, SECONDS_SQUARES]
    )
    return StepBlocks(
        first_step=whole[:, 0], last_step=whole[:, 1], count=whole[:, 2], loss_count=whole[:, 3],
        finite_count=whole[:, 4], loss_mean=loss_mean, loss_deviation=loss_deviation,
        loss_min=table[:, LOSS_MIN], loss_max=table[:, LOSS_MAX], seconds_count=whole[:, 5],
        seconds_mean=seconds_mean, seconds_deviation=seconds_deviation,
        seconds_min=table[:, SECONDS_MIN], seconds_max=table[:, SECONDS_MAX],
        ended=table[:, ENDED], lr=table[:, LR],
    )  # fmt: skip


def _moments(counts: FloatArray, sums: FloatArray, squares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean, NaN below one value, and sample standard deviation, NaN below two."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(counts > 0, sums / counts, np.nan)
        # Rounding may leave a variance of a little less than nothing.
        variances = np.maximum(squares - counts * means**2, 0.0) / (counts - 1)
    return means, np.sqrt(np.where(counts > 1, variances, np.nan))
