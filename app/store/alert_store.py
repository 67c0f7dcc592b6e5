"""The interface to what is stored of alerts."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from app.store import alert_channels, alerts
from app.store.alerts import NewAlert
from app.store.connection import Caller
from app.store.facts import Alert, AlertChannel, Delivery, Episode


class AlertStore:
    """Settings, channels, episodes and alerts; methods block and are whole or not at all, as the store's.

    Args:
        writer: runs what changes something.
        readers: runs what does not.
    """

    def __init__(self, writer: Caller, readers: Caller) -> None:
        self._write = writer.call
        self._read = readers.call

    def settings(self, user: str) -> dict[str, Any] | None:
        """Return a user's settings, ``None`` before there were any."""
        return self._read(partial(alert_channels.settings, user=user))

    def put_settings(self, user: str, data: Mapping[str, Any], at: float) -> None:
        """Keep a user's settings in place of the last ones."""
        self._write(partial(alert_channels.put_settings, user=user, data=data, at=at))

    def channels(self, user: str) -> list[AlertChannel]:
        """Return a user's channels in the order they were made."""
        return self._read(partial(alert_channels.channels, user=user))

    def channel(self, id_: str) -> AlertChannel | None:
        """Return a channel."""
        return self._read(partial(alert_channels.channel, id_=id_))

    def add_channel(self, channel: AlertChannel) -> None:
        """Keep a channel."""
        self._write(partial(alert_channels.add_channel, added=channel))

    def remove_channel(self, id_: str) -> None:
        """Forget a channel, its address and what was still to be sent on it."""
        self._write(partial(alert_channels.remove_channel, id_=id_))

    def put_tested(self, id_: str, outcome: Mapping[str, Any]) -> None:
        """Keep what came of a channel's last test."""
        self._write(partial(alert_channels.put_tested, id_=id_, outcome=outcome))

    def mute(self, user: str, run: str, *, is_muted: bool) -> None:
        """Keep whether a user's alerts of a run are kept back."""
        self._write(partial(alert_channels.mute, user=user, run=run, is_muted=is_muted))

    def muted(self, user: str) -> list[str]:
        """Return the ids of a user's muted runs."""
        return self._read(partial(alert_channels.muted, user=user))

    def episodes(self, run: str) -> dict[str, Episode]:
        """Return how each rule stands with a run; a rule that never found anything is left out."""
        return self._read(partial(alerts.episodes, run=run))

    def begin(self, run: str, rule: str, episode: Episode, alert: NewAlert | None = None) -> int | None:
        """Keep an episode and the alert it gives rise to, both or none, and return the alert's id."""
        return self._write(partial(alerts.begin, run=run, rule=rule, episode=episode, alert=alert))

    def end(self, run: str, rule: str) -> None:
        """Say that no episode of a rule goes on in a run."""
        self._write(partial(alerts.end, run=run, rule=rule))

    def recent(self, user: str, limit: int = 50, offset: int = 0, run: str | None = None) -> list[Alert]:
        """Return a user's alerts with their deliveries, the newest first."""
        return self._read(partial(alerts.recent, user=user, limit=limit, offset=offset, run=run))

    def due_between(self, user: str, after: float, until: float) -> list[Alert]:
        """Return a user's alerts that came due after one moment and by another, oldest first."""
        return self._read(partial(alerts.due_between, user=user, after=after, until=until))

    def pending(self, now: float) -> list[Alert]:
        """Return alerts to be sent now, each with the deliveries that are due, oldest first."""
        return self._read(partial(alerts.pending, now=now))

    def settle(self, ids: Sequence[int], delivery: Delivery) -> None:
        """Keep how far alerts have come on a channel; one more time was tried."""
        self._write(partial(alerts.settle, alerts=ids, delivery=delivery))

    def put_off(self, ids: Sequence[int], channel: str, until: float) -> None:
        """Have alerts sent on a channel later; that is no try."""
        self._write(partial(alerts.put_off, alerts=ids, channel=channel, until=until))

    def sent_since(self, channel: str, since: float) -> list[float]:
        """Return when messages were sent on a channel since a moment."""
        return self._read(partial(alerts.sent_since, channel=channel, since=since))

    def prune(self, before: float, most: int) -> int:
        """Forget alerts of before a moment, and of each user all but the ``most`` newest; return how many."""
        return self._write(partial(alerts.prune, before=before, most=most))
