"""A run that falls silent: one end on its page, which moves by the silence."""

import time
from typing import Any

import pytest

from app.plans import Plans
from app.records import RecordBatch, checked
from app.slurm.scheduler import JobFacts
from app.store import Store
from app.views import RunView
from tests.app.clock import Clock
from tests.app.conftest import batch

PLAN = {"total_steps": 200, "validate_every": 20, "checkpoint_every": "never"}
LOGIN = "/?token=login-token-of-the-tests"
JOB = {"cluster": "c", "id": "7"}


def _view(plans: Plans) -> RunView:
    view = plans.view("one")
    assert view is not None
    return view


def _ends(view: RunView) -> tuple[float, float]:
    """Return the middle of the end as the ETA has it, and as going on has it in the comparison."""
    assert view.comparison is not None
    said, compared = view.eta.remaining_seconds, view.comparison.outcomes[0].finish_seconds
    assert said is not None
    assert compared is not None
    return view.as_of + (said.at(0.5) or 0.0), view.as_of + (compared.at(0.5) or 0.0)


@pytest.mark.parametrize(
    "case",
    [(0.0, None, "live"), (1_800.0, None, "offline"), (1_800.0, JOB, "stale"), (10_000.0, JOB, "stale")],
)
def test_one_end_for_going_on(
    plans: Plans, store: Store, report: Any, clock: Clock, case: tuple[float, Any, str]
) -> None:
    """Live, stale or offline: the ETA and the comparison end alike, and the silence is in both once."""
    silent, job, state = case
    report("one", steps=50, plan=PLAN, job=job)
    if job is not None:
        store.put_jobs([JobFacts("7", "c", "RUNNING", started=clock.now - 2_060)], clock.now)
    before, _ = _ends(_view(plans))
    clock.now += silent
    view = _view(plans)
    said, compared = _ends(view)
    assert state == view.state_word
    assert said - view.as_of == pytest.approx(compared - view.as_of, rel=0.01)
    assert 0.9 * silent - 1.0 <= said - before <= 1.4 * silent + 1.0


async def test_a_page_of_a_silent_run_says_what_its_times_assume(service: Any) -> None:
    """Steps and losses are of the last record, the times are of now."""
    hour_ago = time.time() - 3_600.0
    records = checked(RecordBatch.model_validate(batch(steps=50, plan=PLAN)))
    service.app.state.store.add("ada", "one", records, hour_ago)
    await service.client.get(LOGIN, follow_redirects=True)
    page = (await service.client.get("/runs/one")).text
    assert "steps and losses are of then, the times assume that the run still goes on." in page
