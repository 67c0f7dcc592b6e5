"""How every run of a list stands."""

from collections.abc import Callable
from typing import Any

import pytest

from app.glances import Glances
from app.pages.todo import todo
from app.plans import Plans
from app.records import RecordBatch, checked
from app.settings import Settings
from app.slurm.scheduler import JobFacts
from app.store import Store
from app.words import Words

PLAN = {"name": "demo", "total_steps": 300, "validate_every": 25, "target_loss": 0.5, "target_of": "train"}
NOW = 1_000_000.0


@pytest.fixture
def plans(store: Store, settings: Settings) -> Plans:
    """Return the bridge to the planner, its clock standing still."""
    return Plans(store, settings, lambda: NOW)


@pytest.fixture
def report(store: Store, make_batch: Callable[..., Any]) -> Callable[..., None]:
    """Return what stores a run's batch, received now."""

    def stored(run: str, at: float = NOW, **parts: Any) -> None:
        store.add("ada", run, checked(RecordBatch.model_validate(make_batch(plan=PLAN, **parts))), at)

    return stored


def test_a_run_nobody_has_looked_at_stands_by_what_is_stored(store: Store, report: Any) -> None:
    """Before anything is computed, silence and a told end say how a run stands."""
    report("on", steps=3)
    report("silent", at=NOW - 5_000, steps=3)
    report("over", at=NOW - 9_000, steps=3, notes=[("finish", {"reason": "failed"})])
    seen = {
        one.run.id: (one.state_word, one.badge) for one in Glances(store, 900.0).of(store.runs("ada"), NOW)
    }
    assert {"on": ("live", "wait"), "silent": ("offline", "check"), "over": ("failed", "done")} == seen


def test_what_was_computed_is_kept_and_the_step_goes_on(store: Store, plans: Plans, report: Any) -> None:
    """The line of a run that has reported since shows the new step beside the last estimate."""
    report("one", steps=20)
    left = plans.row("one")
    report("one", columns={
        "seq": [50], "step": [21], "ended": [NOW], "seconds": [40.0], "loss": [0.9], "lr": [None],
    })  # fmt: skip
    (row,) = plans.last_rows(store.runs("ada"))
    assert left is not None
    assert (21, left.remaining_seconds) == (row.at_step, row.remaining_seconds)
    assert row.version != left.version


def test_the_likely_end_is_known_without_computing(store: Store, plans: Plans, report: Any) -> None:
    """Once a run was looked at its end is there to sort by; a run never looked at has none."""
    report("known", steps=40)
    report("new", steps=40)
    plans.view("known")
    ends = {one.run.id: one.ends_at for one in plans.glances(store.runs("ada"))}
    assert ends["known"] is not None
    assert ends["known"] > NOW
    assert ends["new"] is None


def test_the_first_steps_of_a_process_miss_no_limit(store: Store, plans: Plans, report: Any) -> None:
    """They hold what it compiles: neither badge nor line tells of the limit before its pace can be told."""
    limits = {"started": NOW - 4_000, "time_limit_seconds": 8_000.0}
    store.put_jobs([JobFacts("7", "c", "RUNNING", **limits)], NOW)
    job = {"cluster": "c", "id": "7"}
    report("one", steps=60, job=job, attempt_started=NOW - 4_000)
    told = []
    for last in (61, 64, 65):
        new = list(range(61, last + 1))
        columns = {
            "seq": [step - 61 for step in new], "step": new, "ended": [NOW - 400 * (last - n) for n in new],
            "seconds": [400.0] * len(new), "loss": [0.7] * len(new), "lr": [None] * len(new),
        }  # fmt: skip
        report("one", job=job, attempt="second", attempt_started=NOW - 400.0 * len(new), columns=columns)
        row = plans.row("one")
        assert row is not None
        (glance,) = plans.glances(store.runs("ada"))
        assert row.finishes_within_limit is not None
        assert row.finishes_within_limit < 0.5
        badges = [one.badge == "misses_limit" for one in (row, glance)]
        told.append([*badges, "limit" in todo(row, Words("en")).text])
    assert [[False] * 3, [False] * 3, [True] * 3] == told


def test_a_run_whose_job_has_failed_does_not_go_on(store: Store, plans: Plans, report: Any) -> None:
    """Page, list and a line not computed yet say so at once; a process that reports after that is alive."""
    job = {"cluster": "c", "id": "7"}
    report("one", steps=20, job=job, attempt_started=NOW - 900)
    store.put_jobs([JobFacts("7", "c", "FAILED")], NOW + 1)
    (run,) = store.runs("ada")
    words = [one.state_word for one in (*plans.last_rows([run]), *plans.glances([run]))]
    view = plans.view("one")
    assert view is not None
    assert [("failed", "failed"), ("failed", "done")] == [tuple(words), (view.state_word, view.badge)]
    report("one", at=NOW + 2, attempt="again", attempt_started=NOW + 1, job={**job, "restart_count": 1})
    view = plans.view("one")
    assert view is not None
    (glance,) = plans.glances(store.runs("ada"))
    assert ("live", "live") == (view.state_word, glance.state_word)
