"""From what rules find to alerts: one for each run, rule and episode."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial

from app.alerts.facts import Facts, Finding, Pulse
from app.alerts.quiet import quiet_until
from app.alerts.rules import OF_FACTS, OF_PULSE
from app.schemas.alerts import AlertSettings, RuleName
from app.store import Store
from app.store.alerts import NewAlert
from app.store.facts import Episode, Run
from app.words import zone

GAP_SECONDS = 600.0
"""Two episodes of one rule in one run begin at least this far apart: what flutters is told once."""
OLD_SECONDS = 43_200.0
"""What came to be longer ago is no news: a service that comes back does not tell of last week."""

SettingsOf = Callable[[str], AlertSettings]


class Watch:
    """Asks the rules and keeps their episodes, so that each is told once, restarts included.

    Args:
        store: keeps episodes and alerts.
        settings_of: returns a person's settings.
        tell: called with the id of a run of which there is a new alert.
    """

    def __init__(self, store: Store, settings_of: SettingsOf, tell: Callable[[str], None]) -> None:
        self._store = store
        self._settings_of = settings_of
        self._tell = tell
        self._episodes: dict[str, dict[str, Episode]] = {}

    def look(self, run: Run, facts: Facts) -> list[int]:
        """Ask the rules of a run that was computed anew, and return the ids of new alerts."""
        settings = self._settings_of(run.user)
        asked = {rule: partial(ask, facts, settings) for rule, ask in OF_FACTS.items()}
        return self._ask(run, settings, asked, facts.now)

    def listen(self, run: Run, pulse: Pulse) -> list[int]:
        """Ask the rules that need nothing to come, and return the ids of new alerts."""
        settings = self._settings_of(run.user)
        asked = {rule: partial(ask, pulse, settings) for rule, ask in OF_PULSE.items()}
        return self._ask(run, settings, asked, pulse.now)

    def episode(self, run_id: str, rule: RuleName) -> str | None:
        """Return the key of the episode that goes on."""
        known = self._known(run_id).get(rule)
        return known.key if known is not None else None

    def forget(self, run_ids: set[str]) -> None:
        """Keep in memory only what is known of these runs."""
        self._episodes = {run: known for run, known in self._episodes.items() if run in run_ids}

    def _ask(
        self,
        run: Run,
        settings: AlertSettings,
        asked: Mapping[RuleName, Callable[[str | None], Finding | None]],
        now: float,
    ) -> list[int]:
        told = []
        for rule, ask in asked.items():
            if not getattr(settings.rules, rule):
                continue
            episode = self._known(run.id).get(rule)
            key = episode.key if episode is not None else None
            finding = ask(key)
            if finding is None and key is not None:
                self._end(run.id, rule)
            elif finding is not None and finding.key != key and not _flutters(episode, now):
                told += self._begin(run, rule, finding, settings, now)
        if told:
            self._tell(run.id)
        return told

    def _begin(
        self, run: Run, rule: RuleName, finding: Finding, settings: AlertSettings, now: float
    ) -> list[int]:
        since = now if finding.since is None else finding.since
        is_told = now - since <= OLD_SECONDS and self._is_wanted(run, settings)
        episode = Episode(finding.key, now)
        alert = self._alert(run, rule, finding, settings, now) if is_told else None
        id_ = self._store.alerts.begin(run.id, rule, episode, alert)
        self._known(run.id)[rule] = episode
        return [] if id_ is None else [id_]

    def _alert(
        self, run: Run, rule: RuleName, finding: Finding, settings: AlertSettings, now: float
    ) -> NewAlert:
        hours = settings.quiet
        passes = hours is not None and hours.alarms_pass and finding.is_alarm
        held = None if passes else quiet_until(now, hours, zone(settings.time_zone))
        return NewAlert(
            user=run.user,
            run=run.id,
            name=run.name,
            rule=rule,
            data=finding.data,
            is_alarm=finding.is_alarm,
            at=now,
            due=now if held is None else held,
            channels=[(one.id, one.name) for one in self._store.alerts.channels(run.user)],
        )

    def _is_wanted(self, run: Run, settings: AlertSettings) -> bool:
        patterns = [pattern.lower() for pattern in settings.patterns]
        names = (run.name.lower(), run.id.lower())
        fits = not patterns or any(fnmatchcase(name, one) for one in patterns for name in names)
        return fits and run.id not in self._store.alerts.muted(run.user)

    def _end(self, run_id: str, rule: RuleName) -> None:
        self._store.alerts.end(run_id, rule)
        known = self._known(run_id)
        known[rule] = replace(known[rule], key=None)

    def _known(self, run_id: str) -> dict[str, Episode]:
        if run_id not in self._episodes:
            self._episodes[run_id] = self._store.alerts.episodes(run_id)
        return self._episodes[run_id]


def _flutters(episode: Episode | None, now: float) -> bool:
    return episode is not None and now - episode.at < GAP_SECONDS
