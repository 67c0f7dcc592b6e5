"""``/actions``: the audit log of what was done, the newest first."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.pages.visit import VisitDep
from app.parts import StoreDep
from app.store.facts import AuditEntry

ENTRIES_A_PAGE = 50
MOST_PAGES = 10_000

router = APIRouter()


@dataclass(frozen=True, slots=True)
class PageOfActions:
    """One page of the log, and what it was filtered by."""

    entries: list[AuditEntry]
    subject: str
    number: int
    has_more: bool

    def query(self, number: int) -> str:
        """Return the query of another page of the same filter."""
        fields = {"run": self.subject} if self.subject else {}
        return urlencode({**fields, "page": number})


@router.get("/actions")
def show_actions(
    visit: VisitDep,
    store: StoreDep,
    run: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1,
) -> Response:
    """Show what this user has done, or had refused."""
    first, subject = (page - 1) * ENTRIES_A_PAGE, run.strip()
    own = store.audit(ENTRIES_A_PAGE + 1, first, visit.user, subject)
    told = PageOfActions(own[:ENTRIES_A_PAGE], subject, page, len(own) > ENTRIES_A_PAGE)
    return visit.page("actions.html", page=told)
