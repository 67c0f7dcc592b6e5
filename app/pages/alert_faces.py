"""Channels and recent alerts, made ready to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.alerts.message import texts_of

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.alerts.desk import AlertDesk
    from app.store.facts import Alert, AlertChannel, Delivery
    from app.words import Words

RECENT = 50


@dataclass(frozen=True, slots=True)
class ChannelFace:
    """A channel: where it leads, and what came of its last test."""

    id: str
    name: str
    place: str
    tested: Markup | None
    error: str | None
    is_failing: bool


@dataclass(frozen=True, slots=True)
class DeliveryFace:
    """How far an alert has come on a channel, in words; ``style`` is sent, held or failed."""

    text: Markup
    style: str
    error: str | None


@dataclass(frozen=True, slots=True)
class AlertFace:
    """One alert of the list."""

    run: str
    name: str
    title: str
    text: str
    at: float
    is_alarm: bool
    deliveries: list[DeliveryFace]


@dataclass(frozen=True, slots=True)
class AlertsFace:
    """The page, but for the form of choices."""

    title: Markup
    lead: Markup
    channels: list[ChannelFace]
    recent: list[AlertFace]
    muted: list[str]
    may_change_channels: bool
    version: str


def alerts_face(alerts: AlertDesk, user: str, words: Words) -> AlertsFace:
    """Return what the page shows a person."""
    told, kept = alerts.recent(user, RECENT), alerts.channels(user)
    failing = _failing(told)
    channels = [_channel(one, failing, words) for one in kept]
    recent = [_alert(one, words) for one in told]
    title, lead = _title(channels, words)
    version = "-".join(f"{one.id}.{sum(d.tries for d in one.deliveries)}" for one in told[:RECENT])
    return AlertsFace(
        title, lead, channels, recent, alerts.muted(user), alerts.may_change_channels(user), version
    )


def _title(channels: list[ChannelFace], words: Words) -> tuple[Markup, Markup]:
    if not channels:
        return (
            words.say("Alerts reach you on this page only"),
            words.say("Add a channel, or let this browser notify you, to hear of them elsewhere."),
        )
    failing = [one.name for one in channels if one.is_failing]
    if failing:
        names = ", ".join(failing)
        return (
            words.say("{names} does not take alerts", names=names),
            words.say("What was not taken is sent again, ever more rarely. Test the channel to see why."),
        )
    return (
        words.say_n("Alerts go to {n} channel", "Alerts go to {n} channels", len(channels)),
        words.say("Each is told once, when it begins."),
    )


def _failing(told: list[Alert]) -> dict[str, str]:
    """Return why by the ids of the channels whose newest alert was not taken."""
    newest: dict[str, Delivery] = {}
    for alert in told:
        for delivery in alert.deliveries:
            if delivery.tries:
                newest.setdefault(delivery.channel, delivery)
    return {name: one.error or "" for name, one in newest.items() if one.state != "sent"}


def _channel(channel: AlertChannel, failing: dict[str, str], words: Words) -> ChannelFace:
    place = " · ".join(part for part in (channel.kind, channel.shown) if part)
    why, tested = failing.get(channel.id), channel.tested
    if tested is None:
        text = None if why is None else words.say("The last alert was not taken.")
        return ChannelFace(channel.id, channel.name, place, text, why, why is not None)
    clock, seconds = words.clock(tested["at"]), words.duration(tested["seconds"])
    if tested["ok"]:
        text = words.say("Test at {clock}: taken, in {seconds}.", clock=clock, seconds=seconds)
    else:
        text = words.say("Test at {clock}: not taken.", clock=clock)
    is_failing = why is not None or not tested["ok"]
    return ChannelFace(channel.id, channel.name, place, text, tested["error"], is_failing)


def _alert(alert: Alert, words: Words) -> AlertFace:
    title, text = texts_of(alert, words)
    deliveries = [_delivery(one, alert, words) for one in alert.deliveries]
    name, _, short = title.rpartition(": ")
    return AlertFace(alert.run, name, short, text, alert.at, alert.is_alarm, deliveries)


def _delivery(delivery: Delivery, alert: Alert, words: Words) -> DeliveryFace:
    name = delivery.name
    if delivery.state == "sent" and delivery.sent_at is not None:
        text = words.say("{channel}: sent {clock}", channel=name, clock=words.clock(delivery.sent_at))
        return DeliveryFace(text, "sent", None)
    if delivery.state == "failed" or delivery.next_try is None:
        text = words.say_n(
            "{channel}: given up after {n} try", "{channel}: given up after {n} tries", delivery.tries,
            channel=name,
        )  # fmt: skip
        return DeliveryFace(text, "failed", delivery.error)
    clock = words.clock(delivery.next_try)
    if delivery.tries:
        text = words.say("{channel}: not taken, again at {clock}", channel=name, clock=clock)
        return DeliveryFace(text, "failed", None)
    if delivery.next_try > alert.at:
        return DeliveryFace(
            words.say("{channel}: held until {clock}", channel=name, clock=clock), "held", None
        )
    return DeliveryFace(words.say("{channel}: being sent", channel=name), "held", None)
