"""Numbers in words."""

import pytest
from cutloss.words import duration, interval, percent, sureness, table


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59.6, "1 min"), (61, "1 min 1 s"), (6180, "1 h 43 min"), (3600, "1 h"), (90_000, "1 d 1 h"),
     (86_405, "1 d 5 s"), (-90, "-1 min 30 s"), (None, "unknown")],
)  # fmt: skip
def test_a_duration_is_said_in_its_two_largest_units(seconds: float | None, expected: str) -> None:
    """Nobody reads 6,180 s."""
    assert expected == duration(seconds)


@pytest.mark.parametrize(
    ("probability", "expected"),
    [(0.934, "93%"), (0.99, "99%"), (0.991, "over 99%"), (1.0, "over 99%"), (0.01, "1%"), (0.009, "under 1%"),
     (0.0, "under 1%"), (None, "unknown")],
)  # fmt: skip
def test_what_is_nearly_certain_is_not_called_certain(probability: float | None, expected: str) -> None:
    """A probability never reads 100 % or 0 %, not where every future drawn agrees: as on the pages."""
    assert expected == sureness(probability)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(1.0, "100%"), (0.9999, "over 99%"), (0.5, "50%"), (0.0001, "under 1%"), (0.0, "0%")],
)
def test_only_all_of_it_is_all_of_it(share: float, expected: str) -> None:
    """A share that was counted may be all or none; what only rounds to it is not."""
    assert expected == percent(share)


def test_an_interval_names_its_coverage() -> None:
    """The median stands first, then the widest range that was given."""
    assert "1 h (80%: 50 min to 2 h)" == interval({"0.9": 7200, "0.1": 3000, "0.5": 3600})
    assert ["1 h", "unknown", "unknown"] == [
        interval({"0.1": 3600, "0.9": 3600}),
        interval({}),
        interval(None),
    ]


def test_a_range_without_an_end_says_so() -> None:
    """A quantile that is never reached is unknown, not zero."""
    assert "1 h (80%: 50 min to unknown)" == interval({"0.9": None, "0.1": 3000, "0.5": 3600})


def test_columns_are_aligned() -> None:
    """Every cell of a column starts at the same place."""
    assert "A    B\nxyz  1" == table([("A", "B"), ("xyz", "1")])
