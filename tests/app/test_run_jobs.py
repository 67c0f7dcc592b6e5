"""The job of a run's number is that run's only while nothing says otherwise."""

from dataclasses import replace
from typing import Any

import pytest

from app.errors import ConflictError, NotFoundError
from app.records import RecordBatch
from app.run_jobs import CLOCK_SKEW_SECONDS, estrangement, job_of
from app.slurm.scheduler import JobFacts
from app.store import Store
from app.store.facts import Run

SUBMITTED = 10_000.0
JOB = JobFacts("7", "box", "RUNNING", user="ada", submitted=SUBMITTED)


class OneJob:
    """A cluster that knows one job."""

    cluster = "box"

    def detail(self, job: str) -> JobFacts | None:
        """Return it."""
        return JOB if job == JOB.id else None


def reported(store: Store, run: str, started: float, finished: str | None = None, **job: str) -> Run:
    """Report an attempt of a run in a job; return the run."""
    told: dict[str, Any] = {
        "v": 1, "attempt": f"{run}-{started}", "attempt_started": started,
        "job": {"cluster": "box", "id": "7", **job},
    }  # fmt: skip
    if finished is not None:
        told["notes"] = {"seq": [1], "kind": ["finish"], "data": [{"reason": finished}]}
    store.add("ada", run, RecordBatch.model_validate(told), started)
    found = store.run(run)
    assert found is not None
    return found


def asked(store: Store, run: Run) -> JobFacts:
    """Return the run's job of the cluster."""
    scheduler: Any = OneJob()
    return job_of(run, scheduler, store)


def test_an_attempt_that_began_after_the_submission_is_the_jobs(store: Store) -> None:
    """Also where the node's clock lags by minutes."""
    assert JOB == asked(store, reported(store, "lagging", SUBMITTED - CLOCK_SKEW_SECONDS))
    assert JOB == asked(store, reported(store, "usual", SUBMITTED + 1))


def test_a_later_job_of_the_same_number_is_refused(store: Store) -> None:
    """Numbers start over: a run that began before the job was submitted is not in it."""
    old = reported(store, "old", SUBMITTED - CLOCK_SKEW_SECONDS - 1)
    with pytest.raises(ConflictError, match="another one of the same number"):
        asked(store, old)


def test_a_requeued_job_is_still_the_same(store: Store) -> None:
    """SLURM renews its submit time; so is one whose later attempt began after that."""
    old = reported(store, "r", 1.0)
    assert estrangement(old, JOB, store) is not None
    assert estrangement(old, replace(JOB, restart_count=1), store) is None
    assert estrangement(old, replace(JOB, submitted=None), store) is None
    assert estrangement(reported(store, "r", SUBMITTED + 5), JOB, store) is None


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"])
def test_a_requeued_job_that_ended_unreported_is_still_the_runs(store: Store, state: str) -> None:
    """Accounting renews its submit time and does not count its requeues; there is nothing left to act on."""
    old = reported(store, "r", 1.0)
    assert estrangement(old, replace(JOB, state=state), store) is None
    assert estrangement(old, replace(JOB, state="PENDING"), store) is not None


def test_the_job_of_an_ended_run_is_the_next_ones(store: Store) -> None:
    """While the earlier run goes on, both are in it; once it has ended, only the newest is."""
    first = reported(store, "first", SUBMITTED + 1)
    reported(store, "second", SUBMITTED + 2)
    assert JOB == asked(store, first)
    with pytest.raises(ConflictError, match="'second''s by now"):
        asked(store, reported(store, "first", SUBMITTED + 1, "stopped"))


def test_an_ended_run_alone_in_its_job_still_has_it(store: Store) -> None:
    """What a script does after its training is still that job; a namesake elsewhere changes nothing."""
    ended = reported(store, "one", SUBMITTED + 1, "finished")
    reported(store, "far", SUBMITTED + 2, cluster="far")
    assert JOB == asked(store, ended)


@pytest.mark.parametrize(("state", "is_its_own"), [("done", False), ("failed", True)])
def test_a_corrected_command_owns_the_job_before_it_reports(
    store: Store, state: str, is_its_own: bool
) -> None:
    """From the supervisor's answer on, the run that was replaced has no hold on the job."""
    ended = reported(store, "one", SUBMITTED + 1, "stopped")
    store.put_replacement("x", "one", state, {"order": "keep", "state": state, "old_id": "7"}, SUBMITTED + 2)
    assert is_its_own == (estrangement(ended, JOB, store) is None)


def test_no_job_and_an_unknown_one_are_told_apart_from_another(store: Store) -> None:
    """Nothing is there to refuse."""
    with pytest.raises(NotFoundError):
        asked(store, reported(store, "gone", SUBMITTED + 1, id="8"))
