"""What an open page is told of new alerts: browsers make notifications of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.sse import ServerSentEvent

from app.alerts.message import texts_of

if TYPE_CHECKING:
    from app.alerts.desk import AlertDesk
    from app.pages.visit import Visit

MOST_SINGLY = 3
"""More alerts at once than these are one notification."""


class AlertNews:
    """Alerts that come due while a page is open: in quiet hours none, at their end all that were held.

    Args:
        visit: the page's.
    """

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._alerts: AlertDesk = visit.request.app.state.alerts
        self._until = visit.later().words.now

    def take(self) -> list[ServerSentEvent]:
        """Return the events since the last call, none where there is nothing to tell."""
        now = self._visit.later()
        since, self._until = self._until, now.words.now
        found = self._alerts.due_between(self._visit.user, since, self._until)
        if not found:
            return []
        told: list[dict[str, Any]] = []
        for alert in found:
            title, text = texts_of(alert, now.words)
            link = now.link(f"/runs/{alert.run}")
            told.append({"id": alert.id, "due": alert.due, "title": title, "text": text, "link": link})
        if len(told) > MOST_SINGLY:
            title = now.words.say_n("{n} alert", "{n} alerts", len(told)).unescape()
            names = ", ".join(dict.fromkeys(alert.name for alert in found))
            newest = {"id": found[-1].id, "due": max(alert.due for alert in found)}
            told = [{**newest, "title": f"cutloss: {title}", "text": names, "link": now.link("/alerts")}]
        return [ServerSentEvent(event="alerts", data=told)]
