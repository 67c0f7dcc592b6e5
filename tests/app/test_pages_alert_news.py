"""What an open page is told of new alerts."""

from types import SimpleNamespace
from typing import Any

from app.pages.alert_news import MOST_SINGLY, AlertNews
from app.store import Store
from app.store.alerts import NewAlert
from app.store.facts import Episode
from app.words import Words

NOW = 1_000_000.0
ENDED = {"word": "failed", "job_state": None, "job": None, "step": 5, "total_steps": 9, "seconds": 60.0}


class Reader:
    """A visit whose clock the tests set."""

    user = "ada"

    def __init__(self, store: Store) -> None:
        self.now = NOW
        self.request = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(alerts=store.alerts)))

    def later(self) -> "Reader":
        """Return the same reader, now."""
        return self

    @property
    def words(self) -> Words:
        """Return English, now."""
        return Words("en", self.now)

    @staticmethod
    def link(path: str) -> str:
        """Return a path behind a proxy."""
        return f"/cutloss{path}"


def fail(store: Store, run: str, due: float, user: str = "ada") -> None:
    """Keep an alert of a run that failed, to be told at a moment."""
    alert = NewAlert(user, run, run, "ended", ENDED, is_alarm=True, at=NOW, due=due, channels=[])
    store.alerts.begin(run, "ended", Episode("k", NOW), alert)


def take(news: AlertNews) -> list[dict[str, Any]]:
    """Return what the page is told, of however many events."""
    return [one for event in news.take() for one in event.data]


def test_only_what_is_new_is_told(store: Store) -> None:
    """What came before the page was opened is no news, nor is what was told, nor another person's."""
    fail(store, "before", NOW)
    reader = Reader(store)
    news = AlertNews(reader)  # type: ignore[arg-type]  # as much of a visit as is asked
    fail(store, "mine", NOW + 1)
    fail(store, "theirs", NOW + 1, "eve")
    reader.now = NOW + 5
    told = take(news)
    assert [("mine: failed", "/cutloss/runs/mine")] == [(one["title"], one["link"]) for one in told]
    assert [] == news.take()


def test_every_notification_says_when_it_was_due(store: Store) -> None:
    """Open tabs tell by it which of them has shown an alert already, of one as of many."""
    reader = Reader(store)
    news = AlertNews(reader)  # type: ignore[arg-type]  # as much of a visit as is asked
    fail(store, "single", NOW + 1)
    reader.now = NOW + 5
    assert [NOW + 1] == [one.get("due") for one in take(news)]
    for number in range(MOST_SINGLY + 1):
        fail(store, f"run{number}", NOW + 6 + number)
    reader.now = NOW + 60
    assert [NOW + 6 + MOST_SINGLY] == [one.get("due") for one in take(news)]


def test_quiet_hours_hold_back_and_many_are_one(store: Store) -> None:
    """What is held back is told at the end of the quiet hours, as one notification where it is much."""
    reader = Reader(store)
    news = AlertNews(reader)  # type: ignore[arg-type]  # as much of a visit as is asked
    for number in range(MOST_SINGLY + 1):
        fail(store, f"run{number}", NOW + 3_600)
    reader.now = NOW + 3_599
    assert [] == news.take()
    reader.now = NOW + 3_600
    (one,) = take(news)
    assert ("cutloss: 4 alerts", "run0, run1, run2, run3", "/cutloss/alerts") == (
        one["title"], one["text"], one["link"],
    )  # fmt: skip
