"""Numbers, durations and clock times in a reader's language and time zone."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from app.i18n import SOURCE_LANGUAGE, translations

if TYPE_CHECKING:
    from planner.quantiles import Quantiles

NBSP = "\u00a0"
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
SECONDS_MATTER_BELOW = 300.0
"""An end this near is told with its seconds."""


def zone(name: str | None) -> tzinfo | None:
    """Return a time zone by its IANA name; ``None``, the service's own, where there is no such zone."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Words:
    """A reader's way of writing.

    Attributes:
        language: code of the language.
        now: epoch seconds at which the reader looks.
        timezone: of the reader; ``None`` is the service's own.
        to_the_second: whether durations are told to the second: where all they are made of is exact.
    """

    language: str = SOURCE_LANGUAGE
    now: float = 0.0
    timezone: tzinfo | None = field(default=UTC)
    to_the_second: bool = False

    def say(self, text: str, **values: object) -> Markup:
        """Return a text in the reader's language, its ``{names}`` filled in and escaped."""
        return Markup(translations(self.language).gettext(text)).format(**values)  # noqa: S704 - own texts

    def translated(self, text: str) -> str:
        """Return a text, or a template, in the reader's language; one that nobody has translated stays."""
        return translations(self.language).gettext(text)

    def say_n(self, one: str, many: str, count: int, **values: object) -> Markup:
        """Return the form of a text that goes with a count; ``{n}`` is the count."""
        text = translations(self.language).ngettext(one, many, count)
        return Markup(text).format(n=self.whole(count), **values)  # noqa: S704 - own texts

    def plain(self, text: str) -> Markup:
        """Return a text that is nobody's to translate, such as a name or a number, escaped."""
        return escape(text)

    def whole(self, value: float) -> str:
        """Return a whole number."""
        return _firm(format_decimal(round(value), "#,##0", locale=_locale(self.language)))

    def decimal(self, value: float, digits: int = 1) -> str:
        """Return a number with at most so many digits after the point."""
        places = "." + "#" * digits if digits else ""
        return _firm(format_decimal(value, "#,##0" + places, locale=_locale(self.language)))

    def significant(self, value: float, digits: int = 3) -> str:
        """Return a number of any size with so many significant digits, such as 0.34, 2.76 or 1.2e-05."""
        if not math.isfinite(value):
            return self.not_finite(value)
        if value < 0:
            return f"−{self.significant(-value, digits)}"
        if value != 0 and not 1e-4 <= value < 1e6:  # noqa: PLR2004 - beyond these an exponent reads better
            return f"{value:.{digits - 1}e}".replace(".", self.decimal(0.5)[1])
        decimals = 0 if value == 0 else max(0, digits - 1 - math.floor(math.log10(value)))
        return _firm(format_decimal(abs(value), "#,##0." + "0" * decimals, locale=_locale(self.language)))

    def typed(self, value: float) -> str:
        """Return a number a person chose as they would write it, without digits added."""
        digits = f"{value:.6g}"
        if not math.isfinite(value) or "e" in digits:
            return self.significant(value)
        if value < 0:
            return f"−{self.typed(-value)}"
        return self.decimal(float(digits), len(digits.partition(".")[2]))

    def not_finite(self, value: float) -> str:
        """Return the word for a number that has left the finite."""
        return "NaN" if math.isnan(value) else self.say("infinite")

    def loss(self, value: float | None) -> str:
        """Return a loss, or "not yet" where there is none."""
        return self.say("not yet") if value is None else self.significant(value)

    def percent(self, share: float) -> str:
        """Return a share in whole percent."""
        return f"{self.whole(100 * share)}{NBSP}%"

    def sureness(self, probability: float) -> str:
        """Return a probability in percent; what is nearly certain is not called certain."""
        if probability > 0.99:  # noqa: PLR2004 - what rounds to 100
            return self.say("over {percent}", percent=self.percent(0.99))
        if probability < 0.01:  # noqa: PLR2004 - what rounds to 0
            return self.say("under {percent}", percent=self.percent(0.01))
        return self.percent(probability)

    def duration(self, seconds: float) -> str:
        """Return a duration such as ``45.9 s``, ``4 min 05``, ``40 min``, ``7 h 01`` or ``3 d 4 h``.

        To the second it is ``6 h 07 min 30``.
        """
        if seconds < 0:
            return f"−{self.duration(-seconds)}"
        return self._short(seconds) if round(seconds, 1) < MINUTE else self._long(seconds)

    def unit(self, seconds: float) -> float:
        """Return the seconds to which a duration of this length is rounded; two days and more are coarser."""
        return 1.0 if self.to_the_second or round(seconds) < SECONDS_MATTER_BELOW else MINUTE

    def _short(self, seconds: float) -> str:
        if 0 < seconds < 0.9995:  # noqa: PLR2004 - what rounds to less than a second
            return f"{self.significant(seconds * 1000, 2)}{NBSP}ms"
        return f"{self.decimal(seconds)}{NBSP}s"

    def _long(self, seconds: float) -> str:
        minutes, hours = round(seconds / MINUTE), round(seconds / HOUR)
        odd = round(seconds) % 60 if self.to_the_second else 0
        if round(seconds) < SECONDS_MATTER_BELOW or (odd and round(seconds) < HOUR):
            return self._pair(*divmod(round(seconds), 60), "min")
        if odd and round(seconds) < 2 * DAY:
            hours, rest = divmod(round(seconds) // 60, 60)
            return f"{hours}{NBSP}h{NBSP}{rest:02d}{NBSP}min{NBSP}{odd:02d}"
        if minutes < 60:  # noqa: PLR2004 - minutes in an hour
            return f"{minutes}{NBSP}min"
        if minutes < 48 * 60:
            return self._pair(*divmod(minutes, 60), "h")
        days, hours = divmod(hours, 24)
        letter = self.say("d")
        told = f"{self.whole(days)}{NBSP}{letter}"
        return f"{told}{NBSP}{hours}{NBSP}h" if hours else told

    @staticmethod
    def _pair(whole: int, rest: int, unit: str) -> str:
        return f"{whole}{NBSP}{unit}{NBSP}{rest:02d}" if rest else f"{whole}{NBSP}{unit}"

    def clock(self, at: float) -> str:
        """Return a clock time; with its day where that is not today, with seconds where it is near."""
        moment, today = self._local(at), self._local(self.now)
        seconds = ":ss" if abs(at - self.now) < SECONDS_MATTER_BELOW else ""
        if moment.date() == today.date():
            return self._formatted(moment, f"HH:mm{seconds}")
        if abs(at - self.now) < 6 * DAY:
            return self._formatted(moment, f"EEE HH:mm{seconds}")
        return self._formatted(moment, "d MMM HH:mm" if abs(at - self.now) < 300 * DAY else "d MMM y")

    def moment(self, at: float) -> str:
        """Return a date and time in full."""
        return self._formatted(self._local(at), "d MMM y HH:mm:ss")

    def iso(self, at: float) -> str:
        """Return a time for machines, as HTML's ``datetime`` wants it."""
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

    def age(self, at: float) -> str:
        """Return how long ago a time is."""
        return self.say("{duration} ago", duration=self.duration(math.floor(max(0.0, self.now - at))))

    def tick(self, at: float, step_seconds: float) -> str:
        """Return the label of a tick of a clock axis whose ticks lie so many seconds apart."""
        moment = self._local(at)
        if step_seconds >= DAY:
            return self._formatted(moment, "d MMM")
        if moment.hour == moment.minute == moment.second == 0:
            return self._formatted(moment, "EEE")
        return self._formatted(moment, "HH:mm" if step_seconds >= MINUTE else "HH:mm:ss")

    def zone_offset(self, at: float) -> float:
        """Return the reader's offset from UTC at a time, in seconds: ticks are round in local time."""
        offset = self._local(at).utcoffset()
        return offset.total_seconds() if offset else 0.0

    def span(self, quantiles: Quantiles) -> tuple[float | None, float | None]:
        """Return the 10 % and 90 % quantiles: an outcome lies between them 8 times in 10."""
        return quantiles.at(0.1), quantiles.at(0.9)

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, UTC).astimezone(self.timezone)

    def _formatted(self, moment: datetime, pattern: str) -> str:
        return _firm(format_datetime(moment, pattern, tzinfo=moment.tzinfo, locale=_locale(self.language)))


@cache
def _locale(language: str) -> Locale:
    """Return a language's rules, read once: a page writes hundreds of numbers."""
    return Locale.parse(language)


def _firm(text: str) -> str:
    return text.replace(" ", NBSP)
