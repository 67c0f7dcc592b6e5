"""The languages of the pages: gettext catalogues, and which one a reader gets."""

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

CATALOGUES = Path(__file__).parent / "locale"
SOURCE_LANGUAGE = "en"
LANGUAGES: Mapping[str, str] = {"en": "English", "fr": "Français"}
"""Language codes and their own names; the texts in the code are English."""

LONGEST_HEADER = 500
FIRM = {
    " :": "\u00a0:",
    " ;": "\u00a0;",
    " ?": "\u00a0?",
    " !": "\u00a0!",
    " %": "\u00a0%",
    "« ": "«\u00a0",
    " »": "\u00a0»",
}
"""French sets a space before these signs, at which no line may end."""


@cache
def translations(language: str) -> NullTranslations:
    """Return the catalogue of a language, compiled in memory: no compiled file is kept or shipped."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    source = CATALOGUES / language / "LC_MESSAGES" / "cutloss.po"
    with source.open("rb") as file:
        catalogue = read_po(file, locale=language)
    for message in catalogue:
        forms = message.string
        message.string = _firm(forms) if isinstance(forms, str) else [_firm(form) for form in forms or ()]
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled, domain="cutloss")


def preferred_language(accept_language: str, chosen: str | None = None) -> str:
    """Return the language to write in: the one chosen, else the best the browser accepts, else English.

    Args:
        accept_language: the header as sent; malformed parts are passed over.
        chosen: the reader's own choice, if any; an unknown one does not count.
    """
    if chosen is not None and chosen in LANGUAGES:
        return chosen
    ranked = sorted(_weighted(accept_language[:LONGEST_HEADER]), key=lambda pair: -pair[1])
    wanted = [language for language, weight in ranked if weight > 0]
    agreed = negotiate_locale(wanted, list(LANGUAGES), sep="-")
    return agreed or SOURCE_LANGUAGE


def _weighted(header: str) -> list[tuple[str, float]]:
    parts = (part.partition(";") for part in header.split(","))
    return [(language.strip(), _weight(rest)) for language, _, rest in parts if language.strip()]


def _weight(rest: str) -> float:
    _, _, value = rest.partition("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0


def _firm(text: str) -> str:
    for loose, firm in FIRM.items():
        text = text.replace(loose, firm)
    return text
