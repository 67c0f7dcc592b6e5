"""The layout of a curve covers every step once, at sizes that fall where they should."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.attempts import AttemptRow
from app.store.layout import SIZES, Piece, Segment, given_up, pieces, segments, zones


def attempt(key: int, first: int, highest: int, records: int | None = None) -> AttemptRow:
    """Build an attempt that reported each step of its range, unless said otherwise."""
    return AttemptRow(key, first, highest, highest, records or highest - first + 1)


attempts = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=6).map(
    lambda ranges: [attempt(key, low, low + length) for key, (low, length) in enumerate(ranges)]
)


def covered(found: list[Piece]) -> list[tuple[int, int]]:
    """Return the ranges of pieces, joined where they touch."""
    joined: list[tuple[int, int]] = []
    for piece in found:
        if joined and joined[-1][1] == piece.low:
            joined[-1] = (joined[-1][0], piece.high)
        else:
            joined.append((piece.low, piece.high))
    return joined


class TestSegments:
    """The newest attempt whose range holds a step stands for it."""

    def test_a_resume_cuts_the_older_attempt(self) -> None:
        """The older attempt keeps what lies before and after the newer one."""
        found = segments([attempt(1, 0, 99), attempt(2, 50, 59)])
        assert [Segment(1, 0, 50), Segment(2, 50, 60), Segment(1, 60, 100)] == found

    def test_a_fresh_start_hides_nothing_it_did_not_repeat(self) -> None:
        """An attempt from step 0 replaces what it repeats."""
        assert [Segment(2, 0, 10), Segment(1, 10, 100)] == segments([attempt(1, 0, 99), attempt(2, 0, 9)])

    @settings(deadline=None)  # a busy machine breaks no property
    @given(attempts)
    def test_the_newest_wins_everywhere(self, given_attempts: list[AttemptRow]) -> None:
        """Segments are in order, disjoint, and each end belongs to the newest attempt there."""
        found = segments(given_attempts)
        assert all(one.high <= other.low for one, other in pairwise(found))
        for segment in found:
            for step in (segment.low, segment.high - 1):
                newest = max(row.key for row in given_attempts if row.first_step <= step <= row.highest_step)
                assert newest == segment.attempt


class TestGivenUp:
    """What an attempt did and what no longer counts."""

    def test_a_newer_attempt_repeats_it_or_it_lies_beyond_where_the_run_is(self) -> None:
        """The first came to 99, the second repeats 50 to 59 and is there: all the first did from 50 on."""
        found = given_up([attempt(1, 0, 99), attempt(2, 50, 59)])
        assert {1: [(50, 100)], 2: []} == {key: covered(read) for key, read in found.items()}

    @settings(deadline=None)  # a busy machine breaks no property
    @given(attempts)
    def test_it_is_what_the_curve_does_not_hold(self, given_attempts: list[AttemptRow]) -> None:
        """What an attempt has on the curve, up to where the run is, and what it gave up are all it did."""
        found, end = given_up(given_attempts), given_attempts[-1].last_step + 1
        for row in given_attempts:
            kept = [one for one in segments(given_attempts) if one.attempt == row.key and one.low < end]
            steps = sum(min(one.high, end) - one.low for one in kept)
            lost = sum(piece.high - piece.low for piece in found[row.key])
            assert row.highest_step + 1 - row.first_step == steps + lost


class TestZones:
    """Fine at both ends, coarse between."""

    @settings(deadline=None)  # a busy machine breaks no property
    @given(st.integers(0, 10**7), st.integers(1, 10**8), st.integers(1, 200))
    def test_zones_cover_the_range_once(self, first: int, length: int, reach: int) -> None:
        """Zones follow each other without gap, raw at both ends, and change size at whole blocks."""
        found = zones(first, first + length, reach)
        assert (first, first + length) == (found[0].low, found[-1].high)
        assert all(one.high == other.low for one, other in pairwise(found))
        assert (1, 1) == (found[0].size, found[-1].size)
        assert all(one.high % max(one.size, other.size) == 0 for one, other in pairwise(found))


class TestPieces:
    """What is read covers each segment exactly, in whole stored blocks."""

    @settings(deadline=None)  # a busy machine breaks no property
    @given(attempts, st.integers(20, 2000))
    def test_pieces_cover_the_segments(self, given_attempts: list[AttemptRow], budget: int) -> None:
        """Every step of every segment is read once, from its attempt, in whole blocks of a stored size."""
        found = pieces(given_attempts, budget)
        whole = [Piece(s.attempt, 1, s.low, s.high, 1) for s in segments(given_attempts)]
        assert covered(whole) == covered(found)
        assert all(piece.size in SIZES and piece.size <= piece.shown for piece in found)
        assert all(piece.low % piece.size == 0 == piece.high % piece.size for piece in found)

    def test_what_is_read_does_not_grow_with_the_run(self) -> None:
        """A run of a hundred million steps takes no more rows than one of ten thousand and a half."""
        read = [
            sum((piece.high - piece.low) // piece.size for piece in pieces([attempt(1, 0, length)], 1500))
            for length in (10_000, 1_000_000, 100_000_000)
        ]
        assert max(read) <= 1.5 * read[0]

    def test_no_attempt_is_nothing_to_read(self) -> None:
        """A run without steps has no pieces."""
        assert [] == pieces([], 1500)
