"""``/actions``: the audit log of what was done, the newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response
from markupsafe import Markup

from app.pages.stage_words import stage_words
from app.pages.visit import VisitDep
from app.parts import StoreDep
from app.store.facts import AuditEntry, AuditFilter
from app.words import DAY, Words

ENTRIES_A_PAGE = 50
MOST_PAGES = 10_000
Outcome = Literal["", "accepted", "refused"]
Since = Literal["", "1", "7", "30"]
"""Days."""

CAME_ABOUT, CAME_TO_NOTHING = frozenset({"accepted", "done"}), frozenset({"refused", "failed", "rolled_back"})
"""Outcomes that are final; any other is a stage on the way to one."""

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in words."""

    entry: AuditEntry
    action: Markup
    outcome: Markup
    icon: str
    detail: Markup


@dataclass(frozen=True, slots=True)
class Choice:
    """One select of the form: what may be chosen, and what is."""

    name: str
    label: Markup
    options: list[tuple[str, Markup]]
    value: str


@dataclass(frozen=True, slots=True)
class PageOfActions:
    """One page of the log, and what it was narrowed to."""

    lines: list[Line]
    asked: Mapping[str, str]
    choices: list[Choice]
    number: int
    has_more: bool

    @property
    def is_narrowed(self) -> bool:
        """Whether some entries may be left out."""
        return any(self.asked.values())

    def query(self, number: int) -> str:
        """Return the query of another page of the same choice."""
        fields: dict[str, Any] = {name: value for name, value in self.asked.items() if value}
        return urlencode({**fields, "page": number})


@router.get("/actions")
def show_actions(  # noqa: PLR0913, PLR0917 - the query's fields
    visit: VisitDep,
    store: StoreDep,
    run: Annotated[str, Query(max_length=200)] = "",
    action: Annotated[str, Query(max_length=100)] = "",
    outcome: Outcome = "",
    since: Since = "",
    page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1,
) -> Response:
    """Show what this user has done, or had refused."""
    words, asked = visit.words, {"run": run.strip(), "action": action, "outcome": outcome, "since": since}
    start = words.now - DAY * int(since) if since else 0.0
    wanted = AuditFilter(visit.user, asked["run"], action, outcome, start)
    found = store.audit(ENTRIES_A_PAGE + 1, (page - 1) * ENTRIES_A_PAGE, wanted)
    lines = [_line(entry, words) for entry in found[:ENTRIES_A_PAGE]]
    choices = _choices(asked, store.audited_actions(visit.user), words)
    told = PageOfActions(lines, asked, choices, page, len(found) > ENTRIES_A_PAGE)
    return visit.page("actions.html", page=told)


def _choices(asked: Mapping[str, str], actions: list[str], words: Words) -> list[Choice]:
    named = [("", words.say("Any action")), *((one, action_name(one, words)) for one in actions)]
    outcomes = [
        ("", words.say("Any outcome")),
        *((one, _outcome(one, words)) for one in ("accepted", "refused")),
    ]
    days = [
        ("1", words.say("Last 24 hours")),
        ("7", words.say("Last 7 days")),
        ("30", words.say("Last 30 days")),
    ]
    return [
        Choice("action", words.say("Action"), named, asked["action"]),
        Choice("outcome", words.say("Outcome"), outcomes, asked["outcome"]),
        Choice("since", words.say("When"), [("", words.say("Any time")), *days], asked["since"]),
    ]


def action_name(action: str, words: Words) -> Markup:
    """Return an action in words; one that is not known here stays as it was written."""
    named: Mapping[str, Markup] = {
        "attempt": words.say("Attempt without leave"),
        "scenario": words.say("Scenario kept"),
        "command": words.say("Command to the trainer"),
        "relaunch": words.say("Relaunch"),
        "rollback": words.say("Relaunch taken back"),
        "job hold": words.say("Job held"),
        "job release": words.say("Job released"),
        "job requeue": words.say("Job requeued"),
        "job time-limit": words.say("Time limit lowered"),
        "job cancel": words.say("Job cancelled"),
        "job checkpoint-cancel": words.say("Saved and cancelled"),
        "follow log": words.say("Log followed"),
        "follow log no longer": words.say("Log followed no longer"),
        "alert settings": words.say("Alert settings changed"),
        "alert channel added": words.say("Alert channel added"),
        "alert channel removed": words.say("Alert channel removed"),
        "alert channel tested": words.say("Alert channel tested"),
        "alerts muted": words.say("Alerts muted"),
        "alerts unmuted": words.say("Alerts no longer muted"),
    }
    return named.get(action) or words.plain(action)


def _line(entry: AuditEntry, words: Words) -> Line:
    told = (entry.detail.get(name) for name in ("words", "reason", "name", "command"))
    detail = next((str(text) for text in told if text), "")
    return Line(
        entry,
        action_name(entry.action, words),
        _outcome(entry.outcome, words),
        _icon(entry.outcome),
        stage_words(detail, words),
    )


def _icon(outcome: str) -> str:
    if outcome in CAME_ABOUT:
        return "i-done"
    return "i-cross" if outcome in CAME_TO_NOTHING else "i-dot"


def _outcome(outcome: str, words: Words) -> Markup:
    named: Mapping[str, Markup] = {
        "accepted": words.say("accepted"),
        "refused": words.say("refused"),
        "done": words.say("done"),
        "failed": words.say("failed"),
        "rolled_back": words.say("undone"),
    }
    return named.get(outcome) or words.say("under way")
