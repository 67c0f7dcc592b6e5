"""Which blocks of which size make up a run's curve: few, whatever its length, and finest at both ends.

All ranges are half-open: ``low`` is in, ``high`` is not. Pure; the queries are in ``blocks``.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from app.store.attempts import AttemptRow

SIZES = (1, 16, 256, 4096, 65536)
"""Steps in a block; 1 is the record itself."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Steps that one attempt stands for, the newest there."""

    attempt: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Zone:
    """Steps shown at one block size."""

    low: int
    high: int
    size: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Blocks of one attempt to read: ``[low, high)`` begins and ends at multiples of ``size``.

    ``shown`` is the size of the blocks they are merged into.
    """

    attempt: int
    size: int
    low: int
    high: int
    shown: int


def segments(attempts: Sequence[AttemptRow]) -> list[Segment]:
    """Return who stands for which steps, in step order: the newest attempt whose range holds a step.

    Args:
        attempts: in the order of their start.
    """
    owned: list[Segment] = []
    for attempt in reversed(attempts):
        gaps = _gaps(owned, attempt.first_step, attempt.highest_step + 1)
        owned += [Segment(attempt.key, low, high) for low, high in gaps]
        owned.sort(key=lambda segment: segment.low)
    return owned


def pieces(attempts: Sequence[AttemptRow], budget: int) -> list[Piece]:
    """Return what to read for a curve of about ``budget`` blocks, in step order."""
    owned = segments(attempts)
    if not owned:
        return []
    first, last = owned[0].low, owned[-1].high
    steps = sum(attempt.highest_step + 1 - attempt.first_step for attempt in attempts)
    stride = steps / sum(attempt.step_records for attempt in attempts)
    found = _fitting_zones(first, last, max(stride, 1.0), budget)
    return [piece for segment in owned for zone in found for piece in _pieces_of(segment, zone)]


def pieces_between(attempts: Sequence[AttemptRow], low: int, high: int, budget: int) -> list[Piece]:
    """Return what to read of the steps ``[low, high)``: the finest blocks of which few enough cover them."""
    size = next((size for size in SIZES if (high - low) / size <= budget), SIZES[-1])
    zone = Zone(_down(low, size), _up(high, size), size)
    return [piece for segment in segments(attempts) for piece in _pieces_of(segment, zone)]


def given_up(attempts: Sequence[AttemptRow]) -> dict[int, list[Piece]]:
    """Return what to read of the steps that were done and no longer count, by the attempt that did them.

    A newer attempt does them again, or they lie beyond where the run is now.
    """
    end = attempts[-1].last_step + 1 if attempts else 0
    counting: dict[int, list[Segment]] = {}
    for one in segments(attempts):
        if one.low < end:
            counting.setdefault(one.attempt, []).append(Segment(one.attempt, one.low, min(one.high, end)))
    top, found = len(SIZES) - 1, {}
    for attempt in attempts:
        gaps = _gaps(counting.get(attempt.key, []), attempt.first_step, attempt.highest_step + 1)
        found[attempt.key] = [piece for gap in gaps for piece in _cover(attempt.key, *gap, top, SIZES[top])]
    return found


def zones(first: int, high: int, reach: int) -> list[Zone]:
    """Return the zones of ``[first, high)``: a size is used ``reach`` of its blocks away from both ends."""
    rising: list[Zone] = []
    falling: list[Zone] = []
    middle = Zone(first, high, SIZES[0])
    for fine, coarse in pairwise(SIZES):
        low_end, high_end = _up(first + reach * coarse, coarse), _down(high - reach * coarse, coarse)
        if low_end >= high_end:
            break
        rising.append(Zone(middle.low, low_end, fine))
        falling.append(Zone(high_end, middle.high, fine))
        middle = Zone(low_end, high_end, coarse)
    return [*rising, middle, *reversed(falling)]


def _fitting_zones(first: int, high: int, stride: float, budget: int) -> list[Zone]:
    def expected_blocks(reach: int) -> int:
        # One more a zone: its ends rarely fall on a record.
        found = zones(first, high, reach)
        return sum(ceil((zone.high - zone.low) / max(zone.size, stride)) + 1 for zone in found)

    # The further the fine zones reach, the more blocks: the longest reach that keeps to the budget.
    reaches = range(1, high - first + 1)
    fitting = bisect_right(reaches, budget, key=expected_blocks)
    return zones(first, high, max(fitting, 1))


def _pieces_of(segment: Segment, zone: Zone) -> Iterator[Piece]:
    low, high = max(segment.low, zone.low), min(segment.high, zone.high)
    return _cover(segment.attempt, low, high, SIZES.index(zone.size), zone.size)


def _cover(attempt: int, low: int, high: int, level: int, shown: int) -> Iterator[Piece]:
    """Yield the largest stored blocks that cover a range exactly."""
    if low >= high:
        return
    size = SIZES[level]
    inner_low, inner_high = _up(low, size), _down(high, size)
    if inner_low >= inner_high:
        yield from _cover(attempt, low, high, level - 1, shown)
        return
    yield from _cover(attempt, low, inner_low, level - 1, shown)
    yield Piece(attempt, size, inner_low, inner_high, shown)
    yield from _cover(attempt, inner_high, high, level - 1, shown)


def _gaps(owned: Sequence[Segment], low: int, high: int) -> list[tuple[int, int]]:
    gaps = []
    for segment in owned:
        if segment.low > low:
            gaps.append((low, min(segment.low, high)))
        low = max(low, segment.high)
        if low >= high:
            break
    return [(begin, end) for begin, end in [*gaps, (low, high)] if begin < end]


def _up(step: int, size: int) -> int:
    return -(-step // size) * size


def _down(step: int, size: int) -> int:
    return step // size * size
