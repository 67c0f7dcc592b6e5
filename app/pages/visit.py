"""One visit: who reads, in which language and time zone, and how a page is rendered for them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import app
from app.auth import CSRF_FIELD, Caller, csrf_token, page_operator, page_user
from app.i18n import LANGUAGES, preferred_language
from app.links import address, link
from app.words import Words, zone

Result = TypeVar("Result")

LANGUAGE_COOKIE = "cutloss_language"
ZONE_COOKIE = "cutloss_zone"


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for a page.

    Attributes:
        request: the request.
        words: the reader's way of writing, at the moment of the request.
        caller: who asks; ``None`` on the pages that say who may not come in.
    """

    request: Request
    words: Words
    caller: Caller | None

    @property
    def user(self) -> str:
        """Whose runs are shown."""
        return self.caller.user if self.caller else ""

    def link(self, path: str) -> str:
        """Return a path of this service as the browser must ask for it."""
        return link(self.request, path)

    def render(self, template: str, **context: object) -> str:
        """Return a template rendered for this reader."""
        return environment().get_template(template).render(**self._context(), **context)

    def page(
        self,
        template: str,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        **context: object,
    ) -> HTMLResponse:
        """Return the response that shows a template."""
        return HTMLResponse(self.render(template, **context), status_code, headers)

    @staticmethod
    async def in_thread(work: Callable[[], Result]) -> Result:
        """Return what ``work`` returns, computed off the event loop."""
        return await run_in_threadpool(work)

    def later(self) -> "Visit":
        """Return this visit as of now: a stream outlives the moment it was opened."""
        words = Words(self.words.language, time.time(), self.words.timezone)
        return Visit(self.request, words, self.caller)

    def _is_muted(self, run_id: str) -> bool:
        """Say whether alerts of a run are kept back."""
        return run_id in self.request.app.state.alerts.muted(self.user)

    def _context(self) -> dict[str, Any]:
        return {
            "words": self.words,
            "say": self.words.say,
            "say_n": self.words.say_n,
            "link": self.link,
            "address": address(self.request),
            "user": self.user,
            "may_operate": self.caller is not None and self.caller.scope == "operate",
            "csrf_field": CSRF_FIELD,
            "csrf": partial(csrf_token, self.request),
            "is_muted": self._is_muted,
            "languages": LANGUAGES,
        }


def words_for(request: Request) -> Words:
    """Return the way of writing of whoever sent a request."""
    language = preferred_language(
        request.headers.get("accept-language", ""), request.cookies.get(LANGUAGE_COOKIE)
    )
    # The script writes the name percent-encoded: a cookie may hold no slash everywhere.
    return Words(language, time.time(), zone(unquote(request.cookies.get(ZONE_COOKIE, ""))))


def _visit(request: Request, caller: Annotated[Caller, Depends(page_user)]) -> Visit:
    return Visit(request, words_for(request), caller)


def _operator(request: Request, caller: Annotated[Caller, Depends(page_operator)]) -> Visit:
    return Visit(request, words_for(request), caller)


async def _form(request: Request) -> Mapping[str, str]:
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


VisitDep = Annotated[Visit, Depends(_visit)]
OperatorDep = Annotated[Visit, Depends(_operator)]
"""The visit of somebody who may act, whose form carries its token."""

FormDep = Annotated[Mapping[str, str], Depends(_form)]


@cache
def environment() -> Environment:
    """Return the template engine; templates lie beside the packages, in a wheel inside ``app``."""
    packaged = Path(app.__file__).parent / "templates"
    folder = packaged if packaged.is_dir() else packaged.parent.parent / "templates"
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
