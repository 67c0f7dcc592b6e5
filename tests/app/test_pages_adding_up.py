"""Parts of a duration that add up as they are read."""

import pytest

from app.pages.adding_up import adding_up
from app.words import Words

EXACT = Words(to_the_second=True)


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
    assert told == adding_up(parts, Words())
    assert unit * round(sum(parts) / unit) == sum(told)


def test_exact_parts_are_told_to_the_second() -> None:
    """The worked example: 65 min, 1 h 52 min 30 and 2 h make 4 h 57 min 30."""
    parts = [3900.0, 6750.0, 7200.0]
    assert parts == adding_up(parts, EXACT)
    told = [EXACT.duration(seconds).replace("\u00a0", " ") for seconds in (*parts, sum(parts))]
    assert ["1 h 05", "1 h 52 min 30", "2 h", "4 h 57 min 30"] == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (45.9, "45.9 s"), (245, "4 min 05"), (330, "5 min 30"), (360, "6 min"), (3_605, "1 h 00 min 05"),
        (22_050, "6 h 07 min 30"), (172_799, "47 h 59 min 59"), (273_605, "3 d 4 h"),
    ],
)  # fmt: skip
def test_a_duration_to_the_second(seconds: float, told: str) -> None:
    """Odd seconds are told up to two days, whole minutes as ever."""
    assert told == EXACT.duration(seconds).replace("\u00a0", " ")
