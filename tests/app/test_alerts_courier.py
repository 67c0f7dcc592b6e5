"""Sending: each alert once, together where several are due, again where it failed, never too many."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.alerts.channels import Sent, send
from app.alerts.courier import CHANNELS_AT_ONCE, HOUR, RETRY_SECONDS, STOP_SECONDS, Courier
from app.alerts.message import LONGEST_LIST
from app.schemas.alerts import AlertSettings
from app.store import Store, open_store
from app.store.alerts import NewAlert
from app.store.facts import Alert, AlertChannel, Episode
from tests.app.receivers import Webhook, webhook

NOW = 1_000_000.0
PATIENCE_SECONDS = 30.0


class Post:
    """A courier over a store, at a time the tests choose, with what it counted."""

    def __init__(self, store: Store, handing_over: Callable[..., Sent] = send, **settings: Any) -> None:
        self.now = NOW
        self.store = store
        self.counted: list[tuple[str, bool]] = []
        self.settings = AlertSettings(**settings)
        self.courier = Courier(
            store, lambda _: self.settings, lambda: self.now, count=self._count,
            public_url="https://cutloss.example.org", handing_over=handing_over,
        )  # fmt: skip

    def _count(self, rule: str, *, is_sent: bool) -> None:
        self.counted.append((rule, is_sent))

    def channel(self, hook: Webhook, name: str = "c1") -> None:
        """Add a channel of Ada's that leads to a webhook."""
        url = f"json://127.0.0.1:{hook.port}/{name}"
        self.store.alerts.add_channel(AlertChannel(name, "ada", name, url, "JSON", "h", 1.0))

    def raise_alert(self, run: str = "r", due: float = NOW, *channels: str) -> None:
        """Keep an alert to be sent."""
        told = [(name, name) for name in channels or ("c1",)]
        data = {
            "word": "failed",
            "job_state": None,
            "job": None,
            "step": 5,
            "total_steps": 9,
            "seconds": 60.0,
        }
        alert = NewAlert(
            "ada", run, f"name of {run}", "ended", data, is_alarm=True, at=due, due=due, channels=told
        )
        self.store.alerts.begin(run, "ended", Episode("k", due), alert)

    def round(self, now: float) -> None:
        """Send what is due at a moment, and wait until it is sent."""
        self.now = now
        for sending in self.courier.round():
            sending.result(30)

    def alerts(self) -> list[Alert]:
        """Return Ada's alerts, oldest first."""
        return self.store.alerts.recent("ada", 100)[::-1]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Yield a store on disk."""
    opened = open_store(tmp_path / "s.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """Yield a webhook."""
    with webhook() as listening:
        yield listening


@pytest.fixture
def post(store: Store, hook: Webhook) -> Iterator[Post]:
    """Yield a courier with a channel that leads to the webhook."""
    made = Post(store)
    made.channel(hook)
    yield made
    made.courier.close()


def test_an_alert_is_sent_once_over_restarts(post: Post, store: Store, hook: Webhook) -> None:
    """What was sent is not sent again, not even by the service that starts next."""
    post.raise_alert()
    post.round(NOW)
    post.round(NOW + 60)
    again = Post(store)
    again.round(NOW + 120)
    again.courier.close()
    (body,) = hook.bodies
    assert "name of r: failed" == body["title"]
    assert "After 1 min, at step 5 of 9.\nhttps://cutloss.example.org/runs/r" == (
        body["message"].replace("\u00a0", " ")
    )
    assert [("sent", NOW, 1)] == [
        (one.state, one.sent_at, one.tries) for alert in post.alerts() for one in alert.deliveries
    ]
    assert [("ended", True)] == post.counted


def test_what_is_due_together_is_one_message(post: Post, hook: Webhook) -> None:
    """At the end of quiet hours what was held back comes as one digest, its times and lines in order."""
    for number in range(3):
        post.raise_alert(f"run{number}", NOW + 100)
    post.raise_alert("later", NOW + 1_000)
    post.round(NOW)
    assert [] == hook.bodies
    post.round(NOW + 100)
    (body,) = hook.bodies
    assert "cutloss: 3 alerts" == body["title"]
    told = body["message"].splitlines()
    assert ["run0" in told[0], "run2" in told[2], told[3]] == [
        True, True, "https://cutloss.example.org/alerts",
    ]  # fmt: skip


def test_a_digest_is_bounded(post: Post, hook: Webhook) -> None:
    """A cluster that goes down gives one message of bearable length."""
    for number in range(LONGEST_LIST + 7):
        post.raise_alert(f"run{number}")
    post.round(NOW)
    (body,) = hook.bodies
    assert LONGEST_LIST + 2 == len(body["message"].splitlines())
    assert "and 7 more" in body["message"]


def test_a_failure_is_tried_again_later_and_later(post: Post, hook: Webhook) -> None:
    """Each pause is longer than the last; then the alert is given up, with what was said last."""
    hook.status = 503
    post.raise_alert()
    at = NOW
    for tries, pause in enumerate(RETRY_SECONDS, start=1):
        post.round(at)
        (delivery,) = post.alerts()[0].deliveries
        assert ("pending", tries, at + pause) == (delivery.state, delivery.tries, delivery.next_try)
        assert "503" in (delivery.error or "")
        post.round(at + pause - 1)
        assert tries == len(hook.bodies)
        at += pause
    post.round(at)
    (delivery,) = post.alerts()[0].deliveries
    assert ("failed", len(RETRY_SECONDS) + 1) == (delivery.state, delivery.tries)
    post.round(at + 10 * HOUR)
    assert len(RETRY_SECONDS) + 1 == len(hook.bodies)
    assert {("ended", False)} == set(post.counted)


def test_a_failed_alert_arrives_when_the_channel_is_back(post: Post, hook: Webhook) -> None:
    """A webhook that was down for a moment gets the alert at the next try."""
    hook.status = 500
    post.raise_alert()
    post.round(NOW)
    hook.status = 200
    post.round(NOW + RETRY_SECONDS[0])
    assert ["sent"] == [one.state for one in post.alerts()[0].deliveries]
    assert [("ended", False), ("ended", True)] == post.counted


def test_a_channel_that_fails_holds_up_no_other(post: Post, hook: Webhook) -> None:
    """Each channel has its own tries."""
    with webhook() as broken:
        broken.status = 500
        post.channel(broken, "c2")
        post.raise_alert("r", NOW, "c1", "c2")
        post.round(NOW)
        states = {one.channel: one.state for one in post.alerts()[0].deliveries}
        assert ({"c1": "sent", "c2": "pending"}, 1) == (states, len(hook.bodies))


def test_no_more_messages_an_hour_than_wanted(store: Store, hook: Webhook) -> None:
    """What is over comes together when the hour has passed; nothing is lost."""
    post = Post(store, messages_per_hour=3)
    post.channel(hook)
    for minute in range(10):
        post.raise_alert(f"run{minute}", NOW + 60 * minute)
        post.round(NOW + 60 * minute)
    assert 3 == len(hook.bodies)
    post.round(NOW + HOUR)
    assert 4 == len(hook.bodies)
    assert "cutloss: 7 alerts" == hook.bodies[3]["title"]
    post.courier.close()


def test_the_persons_language(store: Store, hook: Webhook) -> None:
    """Who reads French gets French."""
    post = Post(store, language="fr")
    post.channel(hook)
    post.raise_alert()
    post.round(NOW)
    post.courier.close()
    assert "name of r: échoué" == hook.bodies[0]["title"]
    assert hook.bodies[0]["message"].startswith("Après")


def test_a_removed_channel_is_left_alone(post: Post, store: Store, hook: Webhook) -> None:
    """Between two rounds a channel may go; what was to be sent on it goes with it."""
    post.raise_alert()
    store.alerts.remove_channel("c1")
    post.round(NOW)
    assert [] == hook.bodies


def test_the_log_tells_kinds_not_addresses(
    post: Post, hook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each message leaves a line with its channel's kind, whatever became of it, and never its address."""
    post.raise_alert()
    post.round(NOW)
    hook.status = 500
    post.raise_alert("other", NOW + 1)
    post.round(NOW + 1)
    logged = capsys.readouterr().out
    assert ("alerts_sent" in logged, "alerts_not_taken" in logged, "JSON" in logged) == (True, True, True)
    assert f":{hook.port}/c1" not in logged + json.dumps([str(alert) for alert in post.alerts()])


def test_a_slow_channel_does_not_hold_the_end(
    post: Post, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that stops waits a few seconds for a channel; what it was not told of is sent again later."""
    assert STOP_SECONDS <= 5
    monkeypatch.setattr("app.alerts.courier.STOP_SECONDS", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as slow:
        slow.settimeout(PATIENCE_SECONDS)
        url = f"json://127.0.0.1:{slow.getsockname()[1]}/"
        store.alerts.add_channel(AlertChannel("slow", "ada", "slow", url, "JSON", "h", 1.0))
        post.raise_alert("r", NOW, "slow")
        (sending,) = post.courier.round()
        connection, _ = slow.accept()
        post.courier.close()
        (thread,) = [one for one in threading.enumerate() if one.name == "alerts-slow"]
        assert (False, True) == (sending.done(), thread.daemon)
        connection.close()
    sending.result(PATIENCE_SECONDS)
    assert ["pending"] == [one.state for alert in post.alerts() for one in alert.deliveries]


def test_nothing_is_sent_after_the_end(post: Post, hook: Webhook) -> None:
    """A message whose turn comes when the service ends is left for the service that starts next."""
    post.raise_alert()
    post.courier.close()
    post.round(NOW)
    assert [] == hook.bodies
    assert [("pending", 0)] == [(one.state, one.tries) for alert in post.alerts() for one in alert.deliveries]


def test_a_machine_without_threads_is_no_end(
    post: Post, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no thread is to be had the round ends well; the next that gets one sends."""

    def refuse(_: threading.Thread) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    post.raise_alert()
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuse)
        assert [] == post.courier.round()
    post.round(NOW + 1)
    assert ["name of r: failed"] == [body["title"] for body in hook.bodies]


def test_few_messages_leave_at_the_same_time(store: Store) -> None:
    """Many channels get theirs in turn, each as soon as another is done."""
    most = [0, 0]
    counting = threading.Lock()

    def handing_over(_url: str, _title: str, _text: str) -> Sent:
        with counting:
            most[0] += 1
            most[1] = max(most)
        together.wait(PATIENCE_SECONDS)
        with counting:
            most[0] -= 1
        return Sent(ok=True, seconds=0.0)

    together = threading.Barrier(CHANNELS_AT_ONCE)
    post = Post(store, handing_over)
    names = [f"c{number}" for number in range(2 * CHANNELS_AT_ONCE)]
    for name in names:
        store.alerts.add_channel(AlertChannel(name, "ada", name, "json://h", "JSON", "h", 1.0))
    post.raise_alert("r", NOW, *names)
    post.round(NOW)
    assert CHANNELS_AT_ONCE == most[1]
    assert {"sent"} == {one.state for alert in post.alerts() for one in alert.deliveries}
    post.courier.close()
