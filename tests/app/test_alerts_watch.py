"""From findings to alerts: each episode is told once, at the right time, to whom it is of use."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.alerts.facts import Pulse
from app.alerts.watch import GAP_SECONDS, OLD_SECONDS, Watch
from app.schemas.alerts import AlertSettings, QuietHours, RuleSwitches
from app.slurm.scheduler import JobFacts
from app.store import Store, open_store
from app.store.facts import Alert, AlertChannel, JobKey, Run

EVENING = datetime(2026, 1, 10, 20, 0, tzinfo=ZoneInfo("Europe/Zurich")).timestamp()
MIDNIGHT, MORNING = EVENING + 4 * 3_600, EVENING + 11 * 3_600
RUN = Run("r-1", "TopoFlow", "ada", EVENING, {}, 3, EVENING, None, JobKey("demo", "77"), None, {})
NIGHT = QuietHours(start="22:00", end="07:00")


class Desk:
    """Somebody's settings, changed by the tests."""

    def __init__(self) -> None:
        self.chosen = AlertSettings(time_zone="Europe/Zurich")

    def settings(self, user: str) -> AlertSettings:
        """Return the settings of whoever it is."""
        assert "ada" == user
        return self.chosen


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Yield a store with a channel of Ada's."""
    opened = open_store(tmp_path / "s.sqlite3")
    opened.alerts.add_channel(AlertChannel("c1", "ada", "phone", "json://h", "JSON", "h", 1.0))
    yield opened
    opened.close()


@pytest.fixture
def desk() -> Desk:
    """Return Ada's settings."""
    return Desk()


@pytest.fixture
def watch(store: Store, desk: Desk) -> Watch:
    """Return a watch that tells nobody."""
    return Watch(store, desk.settings, lambda _: None)


def ended(at: float, word: str = "finished", run: Run = RUN, job: str = "77") -> tuple[Run, Pulse]:
    """Return a run that ended just now, and its pulse."""
    over = replace(run, finished=word, last_record_at=at, job=JobKey("demo", job))
    return over, Pulse(at, over, None, None, None, None, 60.0, 0.0)


def running(at: float) -> tuple[Run, Pulse]:
    """Return the run going on."""
    alive = replace(RUN, last_record_at=at)
    return alive, Pulse(at, alive, JobFacts("77", "demo", "RUNNING"), None, None, None, 60.0, 0.0)


def told(store: Store) -> list[Alert]:
    """Return Ada's alerts, oldest first."""
    return store.alerts.recent("ada")[::-1]


def test_an_episode_is_told_once_over_restarts(store: Store, desk: Desk, watch: Watch) -> None:
    """However often it is looked at, and by whichever service, one end is one alert on each channel."""
    for at in (EVENING, EVENING + 60):
        watch.listen(*ended(at))
    Watch(store, desk.settings, lambda _: None).listen(*ended(EVENING + 1_000))
    (alert,) = told(store)
    assert ("ended", "TopoFlow", EVENING) == (alert.rule, alert.name, alert.due)
    assert ["phone"] == [delivery.name for delivery in alert.deliveries]


def test_a_new_episode_is_told_again_though_not_at_once(store: Store, watch: Watch) -> None:
    """A job that fails, is requeued and fails again is told of twice; within ten minutes only once."""
    watch.listen(*ended(EVENING, "failed"))
    watch.listen(*running(EVENING + 100))
    watch.listen(*ended(EVENING + 200, "failed"))
    assert 1 == len(told(store))
    watch.listen(*ended(EVENING + GAP_SECONDS, "failed"))
    assert 2 == len(told(store))


def test_quiet_hours_hold_back(store: Store, desk: Desk, watch: Watch) -> None:
    """At midnight an end waits for the morning; without quiet hours, and in the evening, it does not."""
    desk.chosen = AlertSettings(time_zone="Europe/Zurich", quiet=NIGHT)
    watch.listen(*ended(EVENING, run=replace(RUN, id="evening")))
    watch.listen(*ended(MIDNIGHT, run=replace(RUN, id="night")))
    desk.chosen = AlertSettings(time_zone="Europe/Zurich")
    watch.listen(*ended(MIDNIGHT, run=replace(RUN, id="always")))
    assert [EVENING, MORNING, MIDNIGHT] == [alert.due for alert in told(store)]
    assert [alert.due for alert in told(store)] == [a.deliveries[0].next_try for a in told(store)]


@pytest.mark.parametrize(("passes", "due"), [(True, MIDNIGHT), (False, MORNING)])
def test_an_alarm_may_wake(store: Store, desk: Desk, watch: Watch, passes: bool, due: float) -> None:
    """A failure passes quiet hours where that is wanted, and only there."""
    desk.chosen = AlertSettings(
        time_zone="Europe/Zurich", quiet=NIGHT.model_copy(update={"alarms_pass": passes})
    )
    watch.listen(*ended(MIDNIGHT, "failed"))
    assert [(True, due)] == [(alert.is_alarm, alert.due) for alert in told(store)]


@pytest.mark.parametrize(
    ("runs", "is_told"),
    [
        ("", True),
        ("*", True),
        ("topo*", True),
        ("x, TOPO*", True),
        ("r-1", True),
        ("topo", False),
        ("x?", False),
    ],
)
def test_which_runs(store: Store, desk: Desk, watch: Watch, runs: str, is_told: bool) -> None:
    """Patterns are of names or ids, whatever the case; without any every run counts."""
    desk.chosen = AlertSettings(runs=runs)
    watch.listen(*ended(EVENING))
    assert is_told == bool(told(store))


def test_a_muted_run_is_not_told_of_afterwards(store: Store, watch: Watch) -> None:
    """What a muted run did is no news when it is no longer muted; another run's is told."""
    store.alerts.mute("ada", "r-1", is_muted=True)
    watch.listen(*ended(EVENING))
    watch.listen(*ended(EVENING, run=replace(RUN, id="r-2")))
    store.alerts.mute("ada", "r-1", is_muted=False)
    watch.listen(*ended(EVENING + 2_000))
    assert ["r-2"] == [alert.run for alert in told(store)]


def test_a_rule_that_is_off_finds_nothing(store: Store, desk: Desk, watch: Watch) -> None:
    """Who does not want to hear of ends hears of none."""
    desk.chosen = AlertSettings(rules=RuleSwitches(ended=False))
    watch.listen(*ended(EVENING))
    assert [] == told(store)


def test_old_news_is_not_told(store: Store, watch: Watch) -> None:
    """A service that starts after a week does not tell of what ended in it; of the last hours it does."""
    for name, age in (("old", OLD_SECONDS + 60), ("new", OLD_SECONDS - 60)):
        over, pulse = ended(EVENING - age, run=replace(RUN, id=name))
        watch.listen(over, replace(pulse, now=EVENING))
    assert ["new"] == [alert.run for alert in told(store)]


def test_whoever_watches_is_told(store: Store, desk: Desk) -> None:
    """A new alert is published once, with its run; a look without news is not."""
    published: list[Any] = []
    watch = Watch(store, desk.settings, published.append)
    watch.listen(*ended(EVENING))
    watch.listen(*ended(EVENING + 60))
    assert ["r-1"] == published


def test_memory_is_given_up(store: Store, watch: Watch) -> None:
    """Episodes of runs that are no longer looked at are read again when they are."""
    watch.listen(*ended(EVENING))
    watch.forget(set())
    assert "finished-77" == watch.episode("r-1", "ended")
    watch.listen(*ended(EVENING + 5_000))
    assert 1 == len(told(store))
