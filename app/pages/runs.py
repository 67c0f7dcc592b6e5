"""``/``: all runs."""

from dataclasses import dataclass
from typing import Annotated
from zlib import crc32

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.auth import log_in, page_user
from app.pages.rows import Listing, listing
from app.pages.run_filter import FilterDep, RunFilter, sort_choices, state_choices, verdict_choices
from app.pages.visit import Visit, words_for
from app.parts import PlansDep, StoreDep
from app.plans import Plans
from app.store import Store

ROWS_A_PAGE = 25
MOST_RUNS = 5_000
"""Runs a list chooses from, those heard of last; older ones are found by the search."""
FIRST_SECONDS, YOUNG_SECONDS = 0.1, 10.0
"""How long a reader waits for rows that were not computed lately; the rest follows on the open page."""

router = APIRouter()


@dataclass(frozen=True, slots=True)
class PageOfRuns:
    """One page of the list.

    Attributes:
        listing: its rows.
        ids: of the runs in the order shown: while it stays, rows change in place.
        chosen: what it was narrowed to.
        count: how many runs there are on all pages.
        pages: how many pages.
        version: changes whenever anything shown changes.
        is_being_computed: whether a row shows bare facts only.
        chosen_from: of how many runs, those heard of last, it chooses; ``None``: of all.
    """

    listing: Listing
    ids: tuple[str, ...]
    chosen: RunFilter
    count: int
    pages: int
    version: str
    is_being_computed: bool
    chosen_from: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.listing.groups


def page_of_runs(  # noqa: PLR0913 - given by name where it matters
    visit: Visit,
    store: Store,
    plans: Plans,
    chosen: RunFilter,
    *,
    within_seconds: float,
    young_seconds: float = 0.0,
) -> PageOfRuns:
    """Return one page of a reader's runs; rows that are not young are computed anew, for so long at most."""
    runs = store.runs(visit.user, MOST_RUNS, 0, chosen.q or None)
    found = chosen.applied(plans.glances(runs))
    pages = max(1, -(-len(found) // ROWS_A_PAGE))
    first = (min(chosen.page, pages) - 1) * ROWS_A_PAGE
    shown = [one.run for one in found[first : first + ROWS_A_PAGE]]
    rows = plans.rows(shown, within_seconds, young_seconds)
    told = listing(rows, found, visit.words, grouped=not chosen.sort)
    ids = tuple(f"{group.key}/{row.id}" for group in told.groups for row in group.rows)
    version = f"{crc32(repr((len(found), [(row.run.id, row.version) for row in rows])).encode()):08x}"
    is_being_computed = any(row.reason == "not_computed_yet" for row in rows)
    chosen_from = MOST_RUNS if len(runs) == MOST_RUNS else None
    return PageOfRuns(told, ids, chosen, len(found), pages, version, is_being_computed, chosen_from)


@router.get("/")
def show_runs(
    request: Request,
    store: StoreDep,
    plans: PlansDep,
    chosen: FilterDep,
    token: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Show all runs; with the token of the printed link, sign the browser in first."""
    if token is not None:
        return log_in(request, token)
    visit = Visit(request, words_for(request), page_user(request))
    choices = [
        ("state", visit.words.say("State"), state_choices(visit.words), chosen.state),
        ("verdict", visit.words.say("Verdict"), verdict_choices(visit.words), chosen.verdict),
        ("sort", visit.words.say("Order"), sort_choices(visit.words), chosen.sort),
    ]
    shown = page_of_runs(
        visit, store, plans, chosen, within_seconds=FIRST_SECONDS, young_seconds=YOUNG_SECONDS
    )
    return visit.page("runs.html", page=shown, choices=choices)
