"""The page that says what went wrong."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request, Response

from app.links import READING, address
from app.pages.problem_words import told
from app.pages.visit import Visit, words_for


def error_page(request: Request, status: int, detail: str, headers: Mapping[str, str]) -> Response:
    """Return the page for an error, for a browser."""
    visit = Visit(request, words_for(request), None)
    titles = {
        HTTPStatus.UNAUTHORIZED: visit.words.say("This browser is not signed in."),
        HTTPStatus.FORBIDDEN: visit.words.say("You may not do this."),
        HTTPStatus.NOT_FOUND: visit.words.say("There is no such page."),
        HTTPStatus.CONFLICT: visit.words.say("This cannot be done now."),
        HTTPStatus.SERVICE_UNAVAILABLE: visit.words.say("The scheduler does not answer."),
    }
    title = titles.get(HTTPStatus(status)) or visit.words.say("This did not work.")
    # The framework's own word for a status says nothing that the title does not.
    shown = "" if detail == HTTPStatus(status).phrase else told(detail, visit.words)
    # To load what answers a form again is to send the form again: the way back leads to the form's page.
    back = None if request.method in READING else visit.link(address(request))
    return visit.page("problem.html", status, headers, title=title, detail=shown, status=status, back=back)
