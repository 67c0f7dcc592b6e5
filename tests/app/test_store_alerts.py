"""What is stored of alerts: settings, channels, episodes, alerts and their deliveries."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.store import Store, open_store
from app.store.alerts import NewAlert
from app.store.facts import AlertChannel, Delivery, Episode

CHANNEL = AlertChannel("c1", "ada", "phone", "json://u:secret@h/p", "JSON", "h", 1.0)
OPEN = Episode("k", 5.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Yield a store on disk."""
    opened = open_store(tmp_path / "s.sqlite3")
    yield opened
    opened.close()


def alert(user: str = "ada", run: str = "r", due: float = 10.0, channels: int = 1) -> NewAlert:
    """Return an alert to be sent on so many channels."""
    told = [(f"c{n}", f"channel {n}") for n in range(1, channels + 1)]
    return NewAlert(
        user, run, f"name of {run}", "limit", {"within_limit": 0.2}, is_alarm=False, at=9.0, due=due,
        channels=told,
    )  # fmt: skip


def test_settings_and_channels_are_each_persons_own(store: Store) -> None:
    """Nobody sees another's; a channel that was tested keeps what came of it."""
    store.alerts.put_settings("ada", {"runs": "a*"}, 1.0)
    store.alerts.add_channel(CHANNEL)
    store.alerts.add_channel(replace(CHANNEL, id="c2", user="eve"))
    store.alerts.put_tested("c1", {"ok": True})
    assert ({"runs": "a*"}, None) == (store.alerts.settings("ada"), store.alerts.settings("eve"))
    assert [replace(CHANNEL, tested={"ok": True})] == store.alerts.channels("ada")
    store.alerts.remove_channel("c1")
    assert None is store.alerts.channel("c1")


def test_a_channel_does_not_print_its_address() -> None:
    """The text of a channel, as a log or an error would show it, has no address."""
    assert "secret" not in repr(CHANNEL)


def test_mutes(store: Store) -> None:
    """A run is muted until it is not, however often either is said."""
    for is_muted in (True, True):
        store.alerts.mute("ada", "r", is_muted=is_muted)
    assert (["r"], []) == (store.alerts.muted("ada"), store.alerts.muted("eve"))
    store.alerts.mute("ada", "r", is_muted=False)
    assert [] == store.alerts.muted("ada")


def test_an_episode_and_its_alert_are_kept_together(store: Store) -> None:
    """Beginning an episode gives its alert with a delivery a channel; its end leaves when it began."""
    id_ = store.alerts.begin("r", "limit", OPEN, alert(channels=2))
    assert {"limit": OPEN} == store.alerts.episodes("r")
    (kept,) = store.alerts.recent("ada")
    assert (id_, "name of r", {"within_limit": 0.2}) == (kept.id, kept.name, kept.data)
    assert ["c1", "c2"] == [delivery.channel for delivery in kept.deliveries]
    store.alerts.end("r", "limit")
    assert {"limit": Episode(None, 5.0)} == store.alerts.episodes("r")


def test_an_episode_may_be_kept_without_an_alert(store: Store) -> None:
    """What is not to be told leaves no alert."""
    assert None is store.alerts.begin("r", "limit", OPEN)
    assert [] == store.alerts.recent("ada")


def test_deliveries_are_due_until_they_are_settled(store: Store) -> None:
    """Each channel is settled by itself; a failed try comes again when it is due, a given-up one never."""
    id_ = store.alerts.begin("r", "limit", OPEN, alert(channels=2))
    assert [] == store.alerts.pending(9.9)
    ((found),) = store.alerts.pending(10.0)
    first, second = found.deliveries
    store.alerts.settle([id_], replace(first, state="sent", sent_at=11.0, next_try=None))
    store.alerts.settle([id_], replace(second, next_try=40.0, error="no answer"))
    assert [] == store.alerts.pending(39.0)
    ((again),) = store.alerts.pending(40.0)
    assert [Delivery("c2", "channel 2", "pending", 1, 40.0, None, "no answer")] == list(again.deliveries)
    store.alerts.settle([id_], replace(second, state="failed", next_try=None, error="gone"))
    assert [] == store.alerts.pending(1e9)
    assert ["sent", "failed"] == [one.state for one in store.alerts.recent("ada")[0].deliveries]


def test_messages_are_counted_not_alerts(store: Store) -> None:
    """Alerts that were sent together count as one message."""
    for due in (1.0, 2.0, 3.0):
        store.alerts.begin("r", "limit", OPEN, alert(due=due))
    together, alone = store.alerts.pending(2.0), store.alerts.pending(3.0)[2:]
    for group, at in ((together, 5.0), (alone, 6.0)):
        delivery = replace(group[0].deliveries[0], state="sent", sent_at=at, next_try=None)
        store.alerts.settle([one.id for one in group], delivery)
    assert ([5.0, 6.0], [6.0]) == (store.alerts.sent_since("c1", 0.0), store.alerts.sent_since("c1", 5.0))


def test_what_is_put_off_was_not_tried(store: Store) -> None:
    """An alert that has to wait is due later, its tries unchanged."""
    id_ = store.alerts.begin("r", "limit", OPEN, alert())
    store.alerts.put_off([id_], "c1", 99.0)
    assert [] == store.alerts.pending(98.0)
    assert 0 == store.alerts.pending(99.0)[0].deliveries[0].tries


def test_a_removed_channel_gets_nothing_more(store: Store) -> None:
    """What was still to be sent on it goes with it; what was sent stays told."""
    store.alerts.add_channel(CHANNEL)
    first = store.alerts.begin("r", "limit", OPEN, alert())
    sent = store.alerts.pending(10.0)[0].deliveries[0]
    store.alerts.settle([first], replace(sent, state="sent", sent_at=11.0, next_try=None))
    store.alerts.begin("r", "limit", OPEN, alert())
    store.alerts.remove_channel("c1")
    newer, older = store.alerts.recent("ada")
    assert ((), "sent") == (newer.deliveries, older.deliveries[0].state)


def test_alerts_by_when_they_come_due(store: Store) -> None:
    """An open page asks for its user's alerts that came due since it last asked."""
    for user, due in (("ada", 10.0), ("ada", 20.0), ("eve", 15.0)):
        store.alerts.begin("r", "limit", OPEN, alert(user, due=due))
    assert [20.0] == [one.due for one in store.alerts.due_between("ada", 10.0, 20.0)]
    assert [] == store.alerts.due_between("ada", 20.0, 30.0)


def test_recent_alerts_are_paged_and_narrowed(store: Store) -> None:
    """Alerts come the newest first, a page at a time, of one run where it is named."""
    for run in ("a", "b", "a"):
        store.alerts.begin(run, "limit", OPEN, alert(run=run, channels=2))
    told = [one.run for one in store.alerts.recent("ada", 2)]
    assert (["a", "b"], ["a"]) == (told, [one.run for one in store.alerts.recent("ada", 2, 2)])
    assert [3, 1] == [one.id for one in store.alerts.recent("ada", run="a")]
    assert [] == store.alerts.recent("eve")


def test_alerts_of_long_ago_are_forgotten(store: Store) -> None:
    """With their deliveries, by age and by number for each user; what goes on is known all the same."""
    for n in range(4):
        store.alerts.begin(f"r{n}", "limit", OPEN, replace(alert(run=f"r{n}", channels=2), at=10.0 * n))
    store.alerts.begin("e", "limit", OPEN, replace(alert("eve", "e"), at=100.0))
    assert 1 == store.alerts.prune(10.0, 3)
    assert ["r3", "r2", "r1"] == [one.run for one in store.alerts.recent("ada")]
    assert 2 == store.alerts.prune(0.0, 1)
    assert (["r3"], ["e"]) == tuple([one.run for one in store.alerts.recent(user)] for user in ("ada", "eve"))
    assert [("r3", 2), ("e", 1)] == [(one.run, len(one.deliveries)) for one in store.alerts.pending(1e9)]
    assert (0, {"limit": OPEN}) == (store.alerts.prune(0.0, 1), store.alerts.episodes("r0"))
