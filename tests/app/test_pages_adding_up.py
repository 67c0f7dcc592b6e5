"""Parts of a duration that add up as they are read."""

import pytest

from app.pages.adding_up import adding_up


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([2400.4, 929.7, 838.1, 6743.0], [2400.0, 960.0, 780.0, 6780.0]),
        ([100.0, 100.0, 100.0], [120.0, 60.0, 120.0]),
        ([40.4, 40.4, 40.4], [40.0, 41.0, 40.0]),
        ([3900.0, 7410.0], [3900.0, 7380.0]),
        ([], []),
    ],
)
def test_parts_add_up_to_the_sum_as_it_is_told(parts: list[float], told: list[float]) -> None:
    """Rounded to minutes from five minutes on, else to seconds, parts sum to the rounded whole."""
    unit = 60 if sum(parts) >= 300 else 1
    assert told == adding_up(parts)
    assert unit * round(sum(parts) / unit) == sum(told)
