"""``/``: all runs."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode
from zlib import crc32

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.auth import log_in, page_user
from app.pages.rows import Listing, listing
from app.pages.visit import Visit, words_for
from app.parts import PlansDep, StoreDep
from app.plans import Plans
from app.store import Store

ROWS_A_PAGE = 25
LONGEST_SEARCH = 200

router = APIRouter()


@dataclass(frozen=True, slots=True)
class PageOfRuns:
    """One page of the list.

    Attributes:
        listing: its rows.
        ids: of the runs in the order shown: while it stays, rows change in place.
        search: what was searched for, empty for all.
        number: of the page, from 1.
        has_more: whether another follows.
        version: changes whenever anything shown changes.
    """

    listing: Listing
    ids: tuple[str, ...]
    search: str
    number: int
    has_more: bool
    version: str

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.listing.groups

    def query(self, number: int) -> str:
        """Return the query of another page of the same search."""
        fields = {"q": self.search} if self.search else {}
        return urlencode(fields if number == 1 else {**fields, "page": number})


def page_of_runs(visit: Visit, store: Store, plans: Plans, search: str, number: int) -> PageOfRuns:
    """Return one page of a reader's runs."""
    offset = (number - 1) * ROWS_A_PAGE
    runs = store.runs(visit.user, ROWS_A_PAGE + 1, offset, search or None)
    rows = plans.rows(runs[:ROWS_A_PAGE])
    told = listing(rows, visit.words)
    ids = tuple(f"{group.key}/{row.id}" for group in told.groups for row in group.rows)
    version = f"{crc32(repr([(row.run.id, row.version) for row in rows]).encode()):08x}"
    return PageOfRuns(told, ids, search, number, len(runs) > ROWS_A_PAGE, version)


@router.get("/")
def show_runs(  # noqa: PLR0913, PLR0917 - the query's fields
    request: Request,
    store: StoreDep,
    plans: PlansDep,
    q: Annotated[str, Query(max_length=LONGEST_SEARCH)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    token: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Show all runs; with the token of the printed link, sign the browser in first."""
    if token is not None:
        return log_in(request, token)
    visit = Visit(request, words_for(request), page_user(request))
    return visit.page("runs.html", page=page_of_runs(visit, store, plans, q.strip(), page))
