"""Which runs of the list are shown, and in which order: all of it is in the URL."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlencode

from fastapi import Depends, Query
from markupsafe import Markup

from app.glances import Glance
from app.pages.badges import ORDER, badge_face
from app.pages.facts import state_text
from app.pages.list_title import GROUPS, group_name, group_of
from app.views import Badge, StateWord
from app.words import Words

LONGEST_SEARCH = 200
MOST_PAGES = 10_000
ENDED = frozenset({"finished", "failed", "stopped"})
State = Literal[
    "", "on", "ended", "live", "stale", "offline", "queued", "diverged", "finished", "failed", "stopped"
]
Verdict = Literal[
    "", "needs_you", "stop", "misses_limit", "relaunch", "check", "wait", "continue", "queued", "done"
]
Sort = Literal["", "recent", "started", "end", "name"]
Choices = list[tuple[str, Markup]]


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What a reader has chosen; ``""`` is everything, or the order of attention.

    Attributes:
        q: part of a name, an id or a job's id.
        state: how a run stands; ``on`` is every run that has not ended.
        verdict: its badge, or the group of those that need their owner.
        sort: the order.
        page: from 1.
    """

    q: str = ""
    state: State = ""
    verdict: Verdict = ""
    sort: Sort = ""
    page: int = 1

    @property
    def is_narrowed(self) -> bool:
        """Whether some runs may be left out."""
        return bool(self.q or self.state or self.verdict)

    def applied(self, runs: Sequence[Glance]) -> list[Glance]:
        """Return the runs that are wanted, in order; the search has been made before."""
        found = [one for one in runs if self._has_state(one.state_word) and self._has_verdict(one.badge)]
        return sorted(found, key=ORDERS[self.sort])

    def query(self, page: int) -> str:
        """Return the query of another page of the same choice."""
        fields: dict[str, Any] = {
            "q": self.q,
            "state": self.state,
            "verdict": self.verdict,
            "sort": self.sort,
        }
        chosen = {name: value for name, value in fields.items() if value}
        return urlencode(chosen if page == 1 else {**chosen, "page": page})

    def _has_state(self, state: StateWord) -> bool:
        if self.state == "on":
            return state not in ENDED
        return not self.state or (state in ENDED if self.state == "ended" else state == self.state)

    def _has_verdict(self, badge: Badge) -> bool:
        if self.verdict == "needs_you":
            return group_of(badge) == "needs_you"
        return not self.verdict or badge == self.verdict


def _attention(one: Glance) -> tuple[float, ...]:
    # By what does not change while a run goes on: rows that report must not change places all the time.
    moment = one.run.last_record_at if one.badge == "done" else one.run.created
    return (GROUPS.index(group_of(one.badge)), ORDER.index(one.badge), -moment)


def _name(one: Glance) -> tuple[str, str]:
    return (one.run.name.casefold(), one.run.id)


ORDERS: Mapping[Sort, Callable[[Glance], Any]] = {
    "": _attention,
    "recent": lambda one: -one.run.last_record_at,
    "started": lambda one: -one.run.created,
    "end": lambda one: math.inf if one.ends_at is None else one.ends_at,
    "name": _name,
}


def state_choices(words: Words) -> Choices:
    """Return the states to choose from, each in words."""
    named: Mapping[str, Markup] = {
        "": words.say("Any state"),
        "on": words.say("Going on"),
        "ended": words.say("Ended"),
    }
    return [(state, named.get(state) or state_text(state, words)) for state in get_args(State)]


def verdict_choices(words: Words) -> Choices:
    """Return the verdicts to choose from, each in words."""
    named: Mapping[str, Markup] = {"": words.say("Any verdict"), "needs_you": group_name("needs_you", words)}
    return [
        (verdict, named.get(verdict) or badge_face(verdict, words).word.capitalize())
        for verdict in get_args(Verdict)
    ]


def sort_choices(words: Words) -> Choices:
    """Return the orders to choose from, each in words."""
    named: Mapping[Sort, Markup] = {
        "": words.say("Most urgent first"),
        "recent": words.say("Latest news first"),
        "started": words.say("Newest first"),
        "end": words.say("Ends soonest first"),
        "name": words.say("By name"),
    }
    return list(named.items())


def _chosen(
    q: Annotated[str, Query(max_length=LONGEST_SEARCH)] = "",
    state: State = "",
    verdict: Verdict = "",
    sort: Sort = "",
    page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1,
) -> RunFilter:
    return RunFilter(q.strip(), state, verdict, sort, page)


FilterDep = Annotated[RunFilter, Depends(_chosen)]
