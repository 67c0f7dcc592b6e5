"""The page that says what went wrong, in the reader's language."""

import html
import re
from pathlib import Path
from typing import Any

import pytest

import app
from app.pages.problem_words import SENTENCES, told
from app.words import Words

LOGIN = "/?token=login-token-of-the-tests"
FRENCH, ENGLISH = Words("fr"), Words("en")
SOURCE = "\n".join(path.read_text("utf-8") for path in Path(app.__file__).parent.rglob("*.py"))


COMMON = {
    "There is no run 'x'.": "Il n’y a pas d’entraînement 'x'.",
    "job 7 is COMPLETED: it has ended": "le job 7 est COMPLETED : il est terminé",
    "/query/page is 0; expected a number of at least 1.": (
        "/query/page : 0 ; attendu : un nombre d’au moins 1."
    ),
    "/a is missing; expected this field. /b is 1; expected a text.": (
        "/a : absent ; attendu : ce champ. /b : 1 ; attendu : un texte."
    ),
    '/run is "a{b}"; expected the id of one of your runs.': (
        '/run : "a{b}" ; attendu : the id of one of your runs.'
    ),
    '/x is "a is b; expected c"; expected a text.': '/x : "a is b; expected c" ; attendu : un texte.',
    "sbatch: error: {nobody} translates this.": "sbatch: error: {nobody} translates this.",
    "": "",
}


def plain(text: str) -> str:
    """Return a text with ordinary spaces and without a page's escapes."""
    return html.unescape(text).replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize("detail", COMMON)
def test_a_common_problem_is_told_in_the_readers_language(detail: str) -> None:
    """What is common is translated with what it names; what is rare stays as it came."""
    assert COMMON[detail] == plain(told(detail, FRENCH))
    assert detail == told(detail, ENGLISH)


def test_a_text_of_great_length_stays_as_it_came() -> None:
    """To recognise it would hold up everybody else: the time grows with the square of the length."""
    endless = f"/{'x. /a is ' * 20_000}"
    assert endless == told(endless, FRENCH)


@pytest.mark.parametrize("text", SENTENCES)
def test_each_translated_problem_is_one_that_is_told(text: str) -> None:
    """A text that no error says any more would leave its successor untranslated, unnoticed."""
    longest = max(re.split(r"\{\w+\}", text), key=len)
    assert 2 <= SOURCE.count(longest), longest


async def test_problems_of_pages_come_in_french(service: Any) -> None:
    """A run that is not there, a wrong address, nobody signed in: no English under a French title."""
    visitor = service.client
    visitor.headers.update({"accept": "text/html", "accept-language": "fr"})
    assert "Ouvrez le lien affiché par `cutlossd serve`" in plain((await visitor.get("/")).text)
    assert 200 == (await visitor.get(LOGIN, follow_redirects=True)).status_code
    for path, problem in (
        ("/runs/nothing", "Il n’y a pas d’entraînement 'nothing'."),
        ("/?page=0", '/query/page : "0" ; attendu : un nombre d’au moins 1.'),
    ):
        assert problem in plain((await visitor.get(path)).text)
    refused = await visitor.post("/alerts", data={"csrf_token": "0"})
    assert "Ce formulaire est périmé ou vient d’ailleurs" in plain(refused.text)
