"""Quiet hours, in the person's own time."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.alerts.quiet import quiet_until
from app.schemas.alerts import QuietHours

ZURICH = ZoneInfo("Europe/Zurich")
NIGHT = QuietHours(start="22:00", end="07:00")


def at(text: str, zone: ZoneInfo = ZURICH, fold: int = 0) -> float:
    """Return the epoch seconds of a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-01-10 21:59:59", None),
        ("2026-01-10 22:00:00", "2026-01-11 07:00"),
        ("2026-01-10 23:59:59", "2026-01-11 07:00"),
        ("2026-01-11 00:00:00", "2026-01-11 07:00"),
        ("2026-01-11 06:59:59", "2026-01-11 07:00"),
        ("2026-01-11 07:00:00", None),
        ("2026-12-31 22:30:00", "2027-01-01 07:00"),
    ],
)
def test_a_night_ends_in_the_morning(now: str, until: str | None) -> None:
    """Hours over midnight hold from their first to before their last second, to the end that comes next."""
    assert (None if until is None else at(until)) == quiet_until(at(now), NIGHT, ZURICH)


def test_hours_within_a_day() -> None:
    """A siesta holds on its own day."""
    siesta = QuietHours(start="12:00", end="13:30")
    assert at("2026-06-01 13:30") == quiet_until(at("2026-06-01 12:45"), siesta, ZURICH)
    assert None is quiet_until(at("2026-06-01 13:30"), siesta, ZURICH)
    assert None is quiet_until(at("2026-06-01 02:00"), siesta, ZURICH)


def test_a_night_of_a_changed_clock() -> None:
    """The night in which summer time begins is eight hours long, the one in which it ends ten."""
    for evening, morning, hours in (
        ("2026-03-28 22:00", "2026-03-29 07:00", 8),
        ("2026-10-24 22:00", "2026-10-25 07:00", 10),
    ):
        until = quiet_until(at(evening), NIGHT, ZURICH)
        assert at(morning) == until
        assert hours * 3_600 == until - at(evening)


def test_an_end_that_does_not_exist() -> None:
    """Quiet until 02:30 in the night without a 02:30 ends when the clock shows 03:30."""
    hours = QuietHours(start="22:00", end="02:30")
    assert at("2026-03-29 03:30") == quiet_until(at("2026-03-29 01:59"), hours, ZURICH)


def test_an_end_that_comes_twice() -> None:
    """Quiet until 02:30 in the night with two of them ends with the next one that is ahead."""
    hours = QuietHours(start="22:00", end="02:30")
    first, second = at("2026-10-25 02:30"), at("2026-10-25 02:30", fold=1)
    assert 3_600 == second - first
    assert first == quiet_until(at("2026-10-25 02:10"), hours, ZURICH)
    assert second == quiet_until(at("2026-10-25 02:10", fold=1), hours, ZURICH)


def test_another_time_zone() -> None:
    """The same moment is night in one place and day in another."""
    moment = at("2026-01-10 23:00")
    assert None is quiet_until(moment, NIGHT, ZoneInfo("America/Los_Angeles"))
    assert moment < quiet_until(moment, NIGHT, ZURICH)


def test_no_quiet_hours() -> None:
    """Who has none is told at any time; hours without length are refused."""
    assert None is quiet_until(at("2026-01-10 23:00"), None, ZURICH)
    with pytest.raises(ValueError, match="another time than start"):
        QuietHours(start="22:00", end="22:00")
