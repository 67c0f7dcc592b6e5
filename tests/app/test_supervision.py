"""A supervised job's queue is none where its nodes are kept, and only there."""

import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.fixes import FixBook
from app.pages.default_notes import default_notes
from app.pages.what_if_fields import field_values
from app.pages.what_if_scenario import scenario_from
from app.plans import Plans
from app.queue_book import QueueBook
from app.records import RecordBatch
from app.replacement import Order, Replacement
from app.schemas.actions import RelaunchOrder
from app.settings import Settings
from app.slurm.scheduler import JobFacts
from app.store import Store, open_store
from app.supervision import Supervision
from app.views import RunView
from app.words import Words

NOW = time.time()
ANEW = [100.0, 900.0]
"""What a job that waited 300 s is taken to wait when it is submitted anew."""
JOB = JobFacts(
    "7", "box", "RUNNING", partition="gpu", submitted=NOW - 5300, started=NOW - 5000, time_limit_seconds=6000
)
PLAN = {"total_steps": 2000, "validate_every": "never", "checkpoint_every": 50}
SCENARIO = {
    "name": "fix", "action": "relaunch", "edit_seconds": 9, "test_seconds": 3, "queue_seconds": [60, 600],
}  # fmt: skip


class Scheduler:
    """Somebody else is in line, and nothing is known of earlier waits."""

    name, cluster, user = "slurm", "box", "ada"

    def waiting(self, partition: str) -> list[str]:
        """Return one job."""
        return ["9" + partition]

    def history(self, since: float) -> list[JobFacts]:
        """Return none."""
        return [] if since else [JOB]


@pytest.fixture(name="store")
def make_store(make_batch: Callable[..., Any]) -> Iterator[Store]:
    """Keep the run ``one`` of a running job."""
    store = open_store(None)
    batch = make_batch(100, PLAN, attempt_started=NOW - 4990, job={"cluster": "box", "id": "7"})
    store.add("ada", "one", RecordBatch.model_validate(batch), NOW)
    store.put_jobs([JOB], NOW)
    yield store
    store.close()


@pytest.fixture(name="plans")
def make_plans(store: Store, settings: Settings, tmp_path: Path) -> Iterator[Plans]:
    """Return the plans of a service whose job 7 takes orders."""
    running = tmp_path / "box-7.running"
    running.write_text(json.dumps({"command": ["x"], "since": 1.0}))
    running.chmod(0o600)
    scheduler: Any = Scheduler()
    queues = QueueBook(store, scheduler, Supervision(tmp_path), lambda: NOW, lambda: None)
    plans = Plans(store, settings, lambda: NOW)
    plans.use_queues(queues)
    yield plans
    queues.close()


def shown(plans: Plans) -> RunView:
    """Return the run."""
    view = plans.view("one")
    assert view is not None
    return view


def test_a_fix_that_keeps_the_nodes_has_no_queue(plans: Plans) -> None:
    """That is the way in which a supervised job's fix is offered; any other submission has to wait."""
    view = shown(plans)
    assert view.habits is not None
    assert ("supervised", [0.0, 0.0]) == (view.habits.queue.source, view.habits.queue.pair)
    assert ("job", ANEW) == (view.habits.anew.source, view.habits.anew.pair)
    assert [0.0, 0.0] == view.scenario["queue_seconds"]


def test_a_requeue_at_the_time_limit_has_its_queue(plans: Plans) -> None:
    """The allocation is over then, whoever ran in it."""
    limit = shown(plans).limit
    assert limit is not None
    assert pytest.approx(300.0) == limit.queue_seconds


@pytest.mark.parametrize(
    ("order", "queue"), [("keep", (0.0, 0.0)), ("handover", (100.0, 900.0)), ("overlap", (100.0, 900.0))]
)
def test_the_prediction_at_the_click_goes_by_the_order(
    store: Store, plans: Plans, order: Order, queue: tuple[float, float]
) -> None:
    """Of the same job: kept nodes are not waited for, a new job's are."""
    book = FixBook(store, plans, lambda: NOW)
    clicked = replacement(order)
    book.click(clicked, RelaunchOrder(script="x", order=order))
    outcome = book.outcome(clicked)
    assert outcome is not None
    (told,) = [part.predicted_seconds for part in outcome.parts if part.part == "queue"]
    assert told is not None
    assert queue == (told.at(0.1), told.at(0.9))


def test_what_the_person_says_of_the_queue_counts(store: Store, plans: Plans) -> None:
    """In every order."""
    store.put_document("one", "scenario", SCENARIO, NOW)
    book = FixBook(store, plans, lambda: NOW)
    book.click(replacement("handover"), RelaunchOrder(script="x"))
    outcome = book.outcome(replacement("handover"))
    assert outcome is not None
    (told,) = [part.predicted_seconds for part in outcome.parts if part.part == "queue"]
    assert told is not None
    assert (60.0, 600.0) == (told.at(0.1), told.at(0.9))


@pytest.mark.parametrize(
    ("typed", "queue", "source"),
    [({}, [0.0, 0.0], "keeps the nodes"), ({"cancel": "0"}, ANEW, "as this job waited"),
     ({"cancel": "1"}, [0.0, 0.0], "keeps the nodes"), ({"cancel": "0.0"}, ANEW, "as this job waited")],
)  # fmt: skip
def test_a_job_cancelled_before_its_fix_is_ready_keeps_no_nodes(
    plans: Plans, typed: dict[str, str], queue: list[float], source: str
) -> None:
    """The what-if then starts from the queue of any job, and says so."""
    view = shown(plans)
    values = field_values(view, typed)
    assert queue == scenario_from(view, values)["queue_seconds"]
    cancelled_first = values["cancel"].number == 0
    assert source in default_notes(view, Words("en", NOW), is_cancelled_first=cancelled_first)["queue"]


def test_a_queue_that_is_typed_counts(plans: Plans) -> None:
    """However the job ends: its middle is as typed, its spread as it was."""
    view = shown(plans)
    kept, cancelled = (
        scenario_from(view, field_values(view, {"queue": "10", **more})) for more in ({}, {"cancel": "0"})
    )
    assert [600.0, 600.0] == kept["queue_seconds"]
    low, high = cancelled["queue_seconds"]
    assert pytest.approx(600.0, rel=0.05) == math.sqrt(low * high)


def replacement(order: Order) -> Replacement:
    """Return a relaunch of the run."""
    return Replacement(
        id="r1", run="one", user="ada", state="prepared", created=NOW, updated=NOW, cluster="box", old_id="7",
        old_submitted=None, old_user="ada", token="t", script="x", sha256="", work_dir=".", order=order,
    )  # fmt: skip
