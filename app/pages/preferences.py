"""What a reader may choose for themselves: the language."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.i18n import LANGUAGES
from app.links import link
from app.pages.visit import LANGUAGE_COOKIE

YEAR_SECONDS = 365 * 86_400
LONGEST_ADDRESS = 20_000
"""A what-if, or a plan with a curve from a file, is all in its address."""

router = APIRouter()


@router.get("/language/{code}")
def choose_language(
    request: Request, code: str, back: Annotated[str, Query(max_length=LONGEST_ADDRESS)] = "/"
) -> Response:
    """Remember the language and go back to the page the reader came from."""
    # Only a path of this service: "//host" and "/\host" would lead to another one.
    is_local = back.startswith("/") and not back.startswith(("//", "/\\"))
    response = RedirectResponse(link(request, _as_shown(request, back) if is_local else "/"), status_code=303)
    if code in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, code, max_age=YEAR_SECONDS, path=link(request, "/"), samesite="strict"
        )
    return response


def _as_shown(request: Request, back: str) -> str:
    """Return the address with the query the browser shows by now: a what-if goes on changing it."""
    shown, path = urlsplit(request.headers.get("referer", "")), back.partition("?")[0]
    if shown.path != link(request, path):
        return back
    return f"{path}?{shown.query}" if shown.query else path
