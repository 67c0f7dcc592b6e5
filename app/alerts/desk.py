"""What a person may ask of alerts: their choices, their channels, what they were told."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import asdict

from app.alerts import channels
from app.alerts.message import trial_message
from app.alerts.trials import Trials
from app.audit import Audit
from app.errors import ConflictError, ForbiddenError, NotFoundError
from app.schemas.alerts import AlertSettings, ChannelFields
from app.store import Store
from app.store.facts import Alert, AlertChannel
from app.words import Words, zone

MOST_CHANNELS = 20


class AlertDesk:
    """The choices behind the page, the API and the rules.

    Args:
        store: the store.
        audit: the log of changes; no address ever gets into it.
        clock: epoch seconds.
        owner: who runs the service: only they may have it send something to an address.
        schemes: kinds of channel a site accepts; none: every kind that leaves this machine.
        public_url: of the pages, for links.
    """

    def __init__(  # noqa: PLR0913 - the parts it works with, wired once
        self,
        store: Store,
        audit: Audit,
        clock: Callable[[], float],
        *,
        owner: str,
        schemes: Collection[str] = (),
        public_url: str = "",
    ) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self._owner = owner
        self._schemes = frozenset(scheme.lower() for scheme in schemes)
        self._public_url = public_url
        self._trials = Trials()

    def settings(self, user: str) -> AlertSettings:
        """Return a person's settings, the defaults before they chose any."""
        kept = self._store.alerts.settings(user)
        return AlertSettings() if kept is None else AlertSettings.model_validate(kept)

    def has_chosen(self, user: str) -> bool:
        """Say whether a person has chosen anything yet."""
        return self._store.alerts.settings(user) is not None

    def put_settings(self, user: str, settings: AlertSettings) -> None:
        """Keep a person's settings."""
        data = settings.model_dump(mode="json")
        with self._audit.action(user, "alert settings", "", settings=data):
            self._store.alerts.put_settings(user, data, self._clock())

    def may_change_channels(self, user: str) -> bool:
        """Say whether a person may have the service send something to an address of their choice."""
        return user == self._owner

    def channels(self, user: str) -> list[AlertChannel]:
        """Return a person's channels."""
        return self._store.alerts.channels(user)

    def add_channel(self, user: str, fields: ChannelFields) -> AlertChannel:
        """Add a channel.

        Raises:
            ForbiddenError: the service is somebody else's.
            InvalidInputError: its address is not understood, or of a kind the site does not accept.
            ConflictError: there are as many as there may be.
        """
        url = fields.url.get_secret_value()
        with self._audit.action(user, "alert channel added", "", name=fields.name):
            self._allow(user)
            if len(self.channels(user)) >= MOST_CHANNELS:
                raise ConflictError(f"There are {MOST_CHANNELS} channels already; remove one first.")
            shown = channels.check(url, self._schemes)
            added = AlertChannel(
                secrets.token_hex(6), user, fields.name, url, shown.kind, shown.shown, self._clock()
            )
            self._store.alerts.add_channel(added)
        return added

    def remove_channel(self, user: str, id_: str) -> None:
        """Forget a channel and its address.

        Raises:
            NotFoundError: there is no such channel, or it is another person's.
        """
        channel = self._own(user, id_)
        with self._audit.action(user, "alert channel removed", "", name=channel.name):
            self._store.alerts.remove_channel(channel.id)

    def test_channel(self, user: str, id_: str) -> AlertChannel:
        """Send a test on a channel, wait for what it says, and return the channel with that.

        Raises:
            NotFoundError: there is no such channel, or it is another person's.
            ForbiddenError: the service is somebody else's.
        """
        channel = self._own(user, id_)
        settings = self.settings(user)
        words = Words(settings.language, self._clock(), zone(settings.time_zone))
        message = trial_message(words, self._public_url)
        with self._audit.action(user, "alert channel tested", "", name=channel.name):
            self._allow(user)
            sent = self._trials.send(channel.url, message.title, message.text)
        self._store.alerts.put_tested(channel.id, {"at": self._clock(), **asdict(sent)})
        return self._own(user, id_)

    def close(self) -> None:
        """Wait no longer for what a channel says of a test: the service ends."""
        self._trials.close()

    def mute(self, user: str, run_id: str, *, is_muted: bool) -> None:
        """Keep alerts of a run back, or no longer; the run is the person's own."""
        with self._audit.action(user, "alerts muted" if is_muted else "alerts unmuted", run_id):
            self._store.alerts.mute(user, run_id, is_muted=is_muted)

    def muted(self, user: str) -> list[str]:
        """Return the ids of the muted runs."""
        return self._store.alerts.muted(user)

    def recent(self, user: str, limit: int = 50, offset: int = 0, run: str | None = None) -> list[Alert]:
        """Return what a person was told, the newest first."""
        return self._store.alerts.recent(user, limit, offset, run)

    def due_between(self, user: str, after: float, until: float) -> list[Alert]:
        """Return what came due for a person after one moment and by another."""
        return self._store.alerts.due_between(user, after, until)

    def _allow(self, user: str) -> None:
        if not self.may_change_channels(user):
            raise ForbiddenError(f"Only {self._owner}, who runs this service, may have it send messages.")

    def _own(self, user: str, id_: str) -> AlertChannel:
        found = self._store.alerts.channel(id_)
        if found is None or found.user != user:
            raise NotFoundError(f"There is no channel {id_[:40]!r}.")
        return found
