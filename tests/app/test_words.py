"""Numbers, durations and clock times as a reader writes them."""

from datetime import UTC, datetime

import pytest

from app.words import Words, zone

NOW = datetime(2026, 11, 23, 10, 22, tzinfo=UTC).timestamp()
ENGLISH = Words("en", NOW, UTC)
FRENCH = Words("fr", NOW, UTC)


def plain(text: str) -> str:
    """Return a text with ordinary spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"), (0.012, "12 ms"), (0.9996, "1 s"), (45.9, "45.9 s"), (24, "24 s"), (59.94, "59.9 s"),
        (59.96, "1 min"), (245, "4 min 05"), (299.6, "5 min"), (300, "5 min"), (2_400, "40 min"),
        (3_569, "59 min"), (3_599, "1 h"), (25_260, "7 h 01"), (43_200, "12 h"), (172_799, "2 d"),
        (273_600, "3 d 4 h"), (-60, "−1 min"),
    ],
)  # fmt: skip
def test_durations(seconds: float, expected: str) -> None:
    """A duration has the unit one thinks in, and rounds up into the next one where it must."""
    assert expected == plain(ENGLISH.duration(seconds))


def test_durations_do_not_break_across_lines() -> None:
    """The spaces inside a duration, a percentage and a number are no-break spaces."""
    for text in (
        ENGLISH.duration(25_260),
        ENGLISH.percent(0.92),
        FRENCH.whole(28_000),
        ENGLISH.clock(NOW + 86_400),
    ):
        assert " " not in text


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (25_260, "17:23", "17:23"),
        (60, "10:23:00", "10:23:00"),
        (86_400, "Tue 10:22", "mar. 10:22"),
        (10 * 86_400, "3 Dec 10:22", "3 déc. 10:22"),
        (400 * 86_400, "28 Dec 2027", "28 déc. 2027"),
    ],
)
def test_clock_times(seconds: float, english: str, french: str) -> None:
    """A clock time has its day where that is not today, and its seconds where it is near."""
    assert (english, french) == (plain(ENGLISH.clock(NOW + seconds)), plain(FRENCH.clock(NOW + seconds)))


def test_clock_times_are_the_readers() -> None:
    """The reader's time zone counts; an unknown one is the service's own."""
    assert "18:22" == Words("en", NOW, zone("Asia/Singapore")).clock(NOW + 1e-9)[:5]
    assert zone("Nowhere/Land") is None
    assert zone("../../etc/passwd") is None


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (2.76, "2.76", "2,76"), (0.3, "0.300", "0,300"), (1234.5, "1,234", "1 234"),
        (-0.3, "−0.300", "−0,300"), (-0.00001234, "−1.23e-05", "−1,23e-05"),
        (0.00001234, "1.23e-05", "1,23e-05"),
        (0, "0", "0"), (-0.0, "0", "0"), (float("nan"), "NaN", "NaN"), (float("inf"), "infinite", "infini"),
    ],
)  # fmt: skip
def test_losses(value: float, english: str, french: str) -> None:
    """A loss keeps three digits whatever its size, and says where it is not finite."""
    assert (english, french) == (plain(ENGLISH.significant(value)), plain(FRENCH.significant(value)))


@pytest.mark.parametrize(
    ("value", "expected"), [(0.34, "0.34"), (0.8, "0.8"), (2, "2"), (1e-7, "1.00e-07"), (1e9, "1.00e+09")]
)
def test_a_number_a_person_chose_gains_no_digits(value: float, expected: str) -> None:
    """A target is shown as it was declared."""
    assert expected == ENGLISH.typed(value)


@pytest.mark.parametrize(
    ("probability", "expected"),
    [(0.92, "92 %"), (0.999, "over 99 %"), (1.0, "over 99 %"), (0.001, "under 1 %"), (0.5, "50 %")],
)
def test_what_is_nearly_certain_is_not_called_certain(probability: float, expected: str) -> None:
    """A probability never reads 0 % or 100 %."""
    assert expected == plain(ENGLISH.sureness(probability))


def test_what_is_put_into_a_text_is_escaped() -> None:
    """A run's name cannot bring markup into a page; the text's own markup stays."""
    told = ENGLISH.say("Look at <b>{name}</b> first.", name="<script>")
    assert "Look at <b>&lt;script&gt;</b> first." == told


@pytest.mark.parametrize(
    ("count", "english", "french"), [(1, "1 step", "1 pas"), (268, "268 steps", "268 pas")]
)
def test_counts_take_their_form(count: int, english: str, french: str) -> None:
    """A count goes with its singular or its plural."""
    said = [words.say_n("{n} step", "{n} steps", count) for words in (ENGLISH, FRENCH)]
    assert [english, french] == said
