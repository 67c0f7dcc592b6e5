"""A number of seconds, known exactly or as a range."""

import numpy as np
import pytest

from planner.duration import LONGEST_SECONDS, NORMAL_90, Duration, check_duration, exactly
from planner.errors import InvalidInputError

ENDS = np.array([-NORMAL_90, 0.0, NORMAL_90])


def test_pair_is_the_middle_eighty_percent_of_a_lognormal() -> None:
    """The ends are the 10 % and 90 % quantiles, and the median is their geometric mean."""
    duration = Duration(100, 400)
    assert pytest.approx([100, 200, 400]) == duration.at_score(ENDS)
    assert pytest.approx(200) == duration.median


def test_pair_from_zero_is_a_normal() -> None:
    """Where low is 0 the median is half of high, and what would be negative is 0."""
    duration = Duration(0, 400)
    assert pytest.approx([0, 200, 400]) == duration.at_score(ENDS)
    assert [0.0] == duration.at_score(np.array([-3.0]))
    assert 200 == duration.median


def test_equal_ends_are_exact() -> None:
    """A duration with equal ends is that number at every score."""
    assert exactly(0.1).is_exact
    assert [0.1, 0.1, 0.1] == exactly(0.1).at_score(ENDS).tolist()


def test_widest_pair_stays_finite() -> None:
    """However wide a pair, its draws are finite numbers."""
    assert np.isfinite(Duration(1e-300, LONGEST_SECONDS).at_score(np.array([-9.0, 9.0]))).all()


@pytest.mark.parametrize(
    ("duration", "value"),
    [
        (exactly(-1), -1),
        (Duration(2, 1), [2, 1]),
        (Duration(-1, 1), [-1, 1]),
        (exactly(float("inf")), float("inf")),
        (exactly(2 * LONGEST_SECONDS), 2 * LONGEST_SECONDS),
    ],
)
def test_contradicting_ends_are_refused(duration: Duration, value: object) -> None:
    """Negative, infinite and swapped ends are refused, with the value as it was sent."""
    with pytest.raises(InvalidInputError) as refused:
        check_duration("/queue_seconds", duration)
    assert ("/queue_seconds", value) == (refused.value.pointer, refused.value.value)


def test_unknown_duration_is_fine() -> None:
    """A duration that is not known is no contradiction."""
    check_duration("/queue_seconds", None)
