"""Sending what is due: together where several are, again where it failed, never too much."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from sqlite3 import Error as SqliteError
from typing import Protocol

import structlog

from app.alerts.channels import Sent, send
from app.alerts.message import message_of
from app.schemas.alerts import AlertSettings
from app.store import Store, StoreError
from app.store.facts import Alert, AlertChannel, Delivery
from app.words import Words, zone

logger = structlog.get_logger()

RETRY_SECONDS = (30.0, 120.0, 600.0, 1_800.0, 7_200.0, 21_600.0)
"""Pauses before the second try and those after; then an alert is given up."""
HOUR = 3_600.0
CHANNELS_AT_ONCE = 4
STOP_SECONDS = 4.0
"""How long the service's end waits for messages that are under way: a channel may take 30 s to answer."""


class Count(Protocol):
    """Counts an alert that was sent or was not, by its rule."""

    def __call__(self, rule: str, *, is_sent: bool) -> None:
        """Count one."""


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What is due on one channel, each alert with its own delivery there."""

    channel: str
    alerts: Sequence[tuple[Alert, Delivery]]

    @property
    def ids(self) -> list[int]:
        return [alert.id for alert, _ in self.alerts]


class Courier:
    """Sends alerts in threads of its own; a channel gets one message at a time.

    Where the service ends between a message and the note that it was sent, the message is sent again: once
    too often rather than never. Its threads are daemons, so that a slow channel does not keep it from ending.

    Args:
        store: keeps what is due.
        settings_of: returns a person's settings.
        clock: epoch seconds.
        count: counts what was sent and what was not.
        public_url: of the pages, for links.
        handing_over: hands a message to an address.
    """

    def __init__(  # noqa: PLR0913 - the parts it works with, wired once
        self,
        store: Store,
        settings_of: Callable[[str], AlertSettings],
        clock: Callable[[], float],
        *,
        count: Count,
        public_url: str = "",
        handing_over: Callable[[str, str, str], Sent] = send,
    ) -> None:
        self._store = store
        self._settings_of = settings_of
        self._clock = clock
        self._count = count
        self._public_url = public_url
        self._handing_over = handing_over
        self._under_way: dict[str, Future[None]] = {}
        self._turns = threading.BoundedSemaphore(CHANNELS_AT_ONCE)
        self._closing = threading.Event()

    def round(self) -> list[Future[None]]:
        """Begin to send what is due, and return what is under way."""
        self._under_way = {name: one for name, one in self._under_way.items() if not one.done()}
        for parcel in _parcels(self._store.alerts.pending(self._clock())):
            if parcel.channel not in self._under_way:
                try:
                    self._under_way[parcel.channel] = self._begin(parcel)
                except RuntimeError as error:  # no thread is to be had: what is due stays due
                    logger.warning("alerts_not_begun", channel=parcel.channel, error=str(error))
        return list(self._under_way.values())

    def close(self) -> None:
        """Begin no more messages, and wait a little for those that are under way."""
        self._closing.set()
        left = wait(self._under_way.values(), STOP_SECONDS).not_done
        if left:
            logger.warning("alerts_left_under_way", channels=len(left))

    def _begin(self, parcel: _Parcel) -> Future[None]:
        done: Future[None] = Future()

        def deliver() -> None:
            try:
                with self._turns:
                    if not self._closing.is_set():
                        self._deliver(parcel)
            finally:
                done.set_result(None)

        threading.Thread(target=deliver, name=f"alerts-{parcel.channel}", daemon=True).start()
        return done

    def _deliver(self, parcel: _Parcel) -> None:
        try:
            channel = self._store.alerts.channel(parcel.channel)
            if channel is not None and not self._is_too_much(channel, parcel):
                self._send(channel, parcel)
        except (StoreError, SqliteError, ValueError) as error:
            logger.warning("alert_not_sent", channel=parcel.channel, error=type(error).__name__)

    def _is_too_much(self, channel: AlertChannel, parcel: _Parcel) -> bool:
        """Put off what would be more messages an hour than the person wants."""
        most, now = self._settings_of(channel.user).messages_per_hour, self._clock()
        sent = self._store.alerts.sent_since(channel.id, now - HOUR)
        if len(sent) < most:
            return False
        self._store.alerts.put_off(parcel.ids, channel.id, sent[-most] + HOUR)
        return True

    def _send(self, channel: AlertChannel, parcel: _Parcel) -> None:
        settings = self._settings_of(channel.user)
        words = Words(settings.language, self._clock(), zone(settings.time_zone))
        message = message_of([alert for alert, _ in parcel.alerts], words, self._public_url)
        sent = self._handing_over(channel.url, message.title, message.text)
        now = self._clock()
        for alert, delivery in parcel.alerts:
            self._store.alerts.settle([alert.id], _settled(delivery, sent, now))
            self._count(alert.rule, is_sent=sent.ok)
        logger.info(
            "alerts_sent" if sent.ok else "alerts_not_taken",
            channel=channel.id,
            kind=channel.kind,
            alerts=len(parcel.alerts),
            seconds=round(sent.seconds, 3),
            error=sent.error,
        )


def _parcels(alerts: Sequence[Alert]) -> list[_Parcel]:
    by_channel: dict[str, list[tuple[Alert, Delivery]]] = {}
    for alert in alerts:
        for delivery in alert.deliveries:
            by_channel.setdefault(delivery.channel, []).append((alert, delivery))
    return [_Parcel(channel, found) for channel, found in by_channel.items()]


def _settled(delivery: Delivery, sent: Sent, now: float) -> Delivery:
    if sent.ok:
        return replace(delivery, state="sent", sent_at=now, next_try=None, error=None)
    if delivery.tries >= len(RETRY_SECONDS):
        return replace(delivery, state="failed", next_try=None, error=sent.error)
    return replace(delivery, next_try=now + RETRY_SECONDS[delivery.tries], error=sent.error)
