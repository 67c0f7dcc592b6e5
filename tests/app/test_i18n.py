"""The languages of the pages."""

import string
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from app.i18n import CATALOGUES, preferred_language, translations
from app.pages.problem_words import ASKED_FOR, CONTRADICTED, FIELD, MISSING, SENTENCES
from planner.reasons import TEMPLATES

KEYWORDS = {"say": None, "say_n": (1, 2)}


def texts(root: Path) -> set[str]:
    """Return every text that is said in the code and in the templates; of a pair, the singular."""
    code = extract_from_dir(root / "app", [("**.py", "python")], keywords=KEYWORDS)
    pages = extract_from_dir(root / "templates", [("**.html", "jinja2.ext:babel_extract")], keywords=KEYWORDS)
    found = {message if isinstance(message, str) else message[0] for _, _, message, _, _ in (*code, *pages)}
    return found | set(TEMPLATES.values()) | {FIELD, MISSING, *ASKED_FOR, *CONTRADICTED, *SENTENCES}


def fields(text: str) -> set[str]:
    """Return the names a text is filled with."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def french() -> dict[str, list[str]]:
    """Return the French forms by their English text."""
    with (CATALOGUES / "fr" / "LC_MESSAGES" / "cutloss.po").open("rb") as file:
        catalogue = read_po(file)
    return {
        message.id if isinstance(message.id, str) else message.id[0]: [message.string]
        if isinstance(message.string, str)
        else list(message.string)
        for message in catalogue
        if message.id
    }


def test_every_text_is_there_in_french(root: Path) -> None:
    """The catalogue holds exactly the texts that are said, each with a translation."""
    told = french()
    assert texts(root) == set(told)
    assert [] == [text for text, forms in told.items() if not all(forms)]


def test_a_translation_is_filled_with_what_its_text_is() -> None:
    """A French form names no other fields than its English text, and leaves none out but a count."""
    wrong = [
        text
        for text, forms in french().items()
        for form in forms
        if fields(form) - fields(text) or fields(text) - fields(form) - {"n"}
    ]
    assert [] == wrong


@pytest.mark.parametrize(
    ("header", "chosen", "expected"),
    [
        ("", None, "en"),
        ("fr-CH, fr;q=0.9, en;q=0.8", None, "fr"),
        ("de, en;q=0.4, fr;q=0.6", None, "fr"),
        ("fr;q=0, de", None, "en"),
        ("fr", "en", "en"),
        ("fr", "xx", "fr"),
        (";;q=x,,fr;q=nonsense", None, "en"),
    ],
)
def test_the_language_is_the_readers(header: str, chosen: str | None, expected: str) -> None:
    """A choice goes before the browser's wish, its wish before English; malformed headers do no harm."""
    assert expected == preferred_language(header, chosen)


def test_a_catalogue_is_compiled_in_memory() -> None:
    """French texts come out although no compiled catalogue is kept."""
    assert "Corriger et relancer" == translations("fr").gettext("Fix and relaunch")
    assert [] == list(CATALOGUES.rglob("*.mo"))
