"""The lookout: real runs in a real store, at times the tests choose."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.alerts.courier import Courier
from app.alerts.lookout import KEPT_SECONDS, LISTEN_EVERY, TIDY_SECONDS, Lookout
from app.alerts.watch import Watch
from app.plans import Plans
from app.records import RecordBatch
from app.schemas.alerts import AlertSettings
from app.settings import Settings
from app.slurm.scheduler import JobFacts
from app.store import Store, open_store
from app.store.facts import AlertChannel
from tests.app.receivers import Webhook, webhook
from tests.waiting import until

NOW = 1_800_000_000.0
JOB = {"cluster": "demo", "id": "77", "restart_count": 0}


class Post:
    """A lookout with its own clock over a store, and the views it heeds."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.now = NOW
        self.store = store
        chosen = AlertSettings()
        courier = Courier(store, lambda _: chosen, lambda: self.now, count=lambda *_, **__: None)
        watch = Watch(store, lambda _: chosen, lambda _: None)
        self.lookout = Lookout(store, watch, courier, lambda: self.now, 0.05, 60.0)
        self.plans = Plans(store, settings, lambda: self.now, self.lookout.heed)

    def look(self, after: float = 0.0) -> list[str]:
        """Look as often as it takes to ask every rule, and return the rules that found something new."""
        self.now += after
        ids = [id_ for _ in range(LISTEN_EVERY) for id_ in self.lookout.look()]
        rules = {alert.id: alert.rule for alert in self.store.alerts.recent("ada", 100)}
        return [rules[id_] for id_ in ids]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Yield a store on disk."""
    opened = open_store(tmp_path / "s.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def post(store: Store, settings: Settings) -> Iterator[Post]:
    """Yield a lookout that was not started."""
    made = Post(store, settings)
    yield made
    made.lookout.close()


@pytest.fixture
def report(store: Store, post: Post, make_batch: Callable[..., Any]) -> Callable[..., None]:
    """Return what stores steps of a run that ended just now, ten seconds each, and has it looked at."""

    def add(run: str, steps: int, **parts: Any) -> None:
        body = make_batch(0, {"name": run, "total_steps": 10_000}, job=JOB, **parts)
        ended = [post.now - 10.0 * (steps - step) for step in range(1, steps + 1)]
        body["attempt_started"] = ended[0] - 60
        body["steps"] = {
            "seq": list(range(steps)), "step": list(range(1, steps + 1)), "ended": ended,
            "seconds": [10.0] * steps, "loss": [2.0] * steps, "lr": [None] * steps,
        }  # fmt: skip
        store.add("ada", run, RecordBatch.model_validate(body), post.now)
        post.plans.view(run)

    return add


def beat(store: Store, post: Post, make_batch: Callable[..., Any]) -> None:
    """Have the run's process say that it is alive, and nothing else."""
    body = make_batch(0)
    body["attempt_started"] = NOW - 1_000
    store.add("ada", "r", RecordBatch.model_validate(body), post.now)


def test_a_run_that_hangs_is_told_of_once(
    store: Store, post: Post, report: Any, make_batch: Callable[..., Any]
) -> None:
    """A process that beats on while no step comes is silent after ten times the usual ten seconds."""
    report("r", 50)
    store.put_jobs([JobFacts("77", "demo", "RUNNING")], post.now)
    seen = []
    for _ in range(8):
        beat(store, post, make_batch)
        seen.append(post.look(after=20))
    assert [[], [], [], [], [], ["silence"], [], []] == seen
    report("r", 66)
    assert [] == post.look()
    assert ["silence"] == post.look(after=1_000)


def test_what_could_not_be_heard_is_no_silence(
    store: Store, post: Post, report: Any, settings: Settings
) -> None:
    """A service that was down for an hour first listens as long as it takes to call a run silent."""
    report("r", 50)
    store.put_jobs([JobFacts("77", "demo", "RUNNING")], post.now)
    post.now += 3_600
    again = Post(store, settings)
    again.now = post.now
    again.lookout = Lookout(
        store, again.lookout._watch, again.lookout._courier, lambda: again.now, 0.05, 60.0
    )
    again.plans = Plans(store, settings, lambda: again.now, again.lookout.heed)
    again.plans.view("r")
    assert [[], ["silence"]] == [again.look(after=99), again.look(after=2)]
    again.lookout.close()


def test_a_run_that_does_not_report_misses_no_limit(store: Store, post: Post, report: Any) -> None:
    """That only time has passed is no news; when the run reports again and is late, that is."""
    report("r", 50)
    store.put_jobs([JobFacts("77", "demo", "RUNNING", started=NOW - 500, time_limit_seconds=200_000.0)], NOW)
    post.plans.view("r")
    post.now += 150_000
    post.plans.view("r")
    assert "limit" not in post.look()
    report("r", 60)
    assert "limit" in post.look()


def test_a_validation_that_was_announced_is_no_silence(
    store: Store, post: Post, report: Any, make_batch: Callable[..., Any]
) -> None:
    """A first validation takes as long as it takes, while its process beats."""
    report("r", 50, notes=[("progress", {"phase": "validation", "started": NOW, "done": 1, "of": 9})])
    store.put_jobs([JobFacts("77", "demo", "RUNNING")], post.now)
    post.now += 500
    beat(store, post, make_batch)
    assert [] == post.look()


def test_a_job_that_dies_without_a_word(store: Store, post: Post, report: Any) -> None:
    """A job that SLURM killed is told of by its end, though nothing was reported and nobody looks."""
    report("r", 50)
    store.put_jobs([JobFacts("77", "demo", "OUT_OF_MEMORY")], post.now + 5)
    assert ["ended"] == post.look(after=61)
    assert "OUT_OF_MEMORY" == store.alerts.recent("ada")[0].data["job_state"]


def test_a_run_that_cannot_be_judged_harms_no_other(post: Post, report: Any) -> None:
    """What one run runs into is logged; the others are looked at."""
    report("a", 50)
    report("b", 50, notes=[("finish", {"reason": "finished"})])
    broken = post.plans.view("a")
    assert broken is not None
    post.lookout.heed(replace(broken, blocks=replace(broken.blocks, finite_count=broken.blocks.count[:3])))
    assert ["ended"] == post.look()


def test_a_run_of_long_ago_is_forgotten(post: Post, report: Any) -> None:
    """A run not heard of for weeks is no longer looked at, and no longer held in memory."""
    report("r", 50)
    post.look()
    assert {"r"} == set(post.lookout._tempos)
    post.look(after=30 * 86_400)
    assert set() == set(post.lookout._tempos)


def test_a_run_that_overfits_is_told_of(post: Post, report: Any, make_validations: Any) -> None:
    """What the forecast of a stored run's validations warns of is an alert, once."""
    validations = make_validations(16, 192)
    falling = [2.0, 1.6, 1.35, 1.2, 1.1, 1.0]
    validations["loss"] = [*falling, 1.1, 1.22, 1.31, 1.42, 1.53, 1.6]
    report("r", 200, validations=validations)
    assert ["overfitting"] == post.look()
    (told,) = post.store.alerts.recent("ada")
    assert {"best": 1.0, "best_step": 96, "now": 1.6, "step": 192} == told.data
    report("r", 201)
    assert [] == post.look()


def test_alerts_are_kept_for_a_season(post: Post, report: Any) -> None:
    """Three months after it was told an alert is forgotten, and is not told again."""
    report("r", 50, notes=[("finish", {"reason": "finished"})])
    assert ["ended"] == post.look()
    post.look(after=KEPT_SECONDS - 60)
    assert ["ended"] == [alert.rule for alert in post.store.alerts.recent("ada")]
    assert [] == post.look(after=TIDY_SECONDS + 1)
    assert [] == post.store.alerts.recent("ada")


def test_the_thread_looks_sends_and_ends(store: Store, post: Post, report: Any) -> None:
    """Started, it finds what there is, sends it, and ends when it is closed."""
    with webhook() as hook:
        _channel(store, hook)
        report("r", 50, notes=[("finish", {"reason": "finished"})])
        post.lookout.start()
        until(lambda: hook.bodies, "the message")
        post.lookout.close()
        assert ["r: finished"] == [body["title"] for body in hook.bodies]
    assert not post.lookout._rounds.is_alive


def _channel(store: Store, hook: Webhook) -> None:
    url = f"json://127.0.0.1:{hook.port}/"
    store.alerts.add_channel(AlertChannel("c1", "ada", "phone", url, "JSON", "h", 1.0))


def test_no_limit_is_missed_by_the_first_steps_of_a_process(store: Store, post: Post, report: Any) -> None:
    """They hold what it compiles: of a limit it misses nobody is told before its pace can be."""
    store.put_jobs([JobFacts("77", "demo", "RUNNING", started=NOW - 500, time_limit_seconds=20_000.0)], NOW)
    told = []
    for steps in (1, 4, 5):
        report("r", steps)
        told.append("limit" in post.look())
    assert [False, False, True] == told
