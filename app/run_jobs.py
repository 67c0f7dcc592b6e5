"""The job behind a run, as the scheduler knows it at this moment, and whose it is."""

from collections.abc import Mapping
from typing import Any

from app.errors import ConflictError, ForbiddenError, NotFoundError
from app.slurm.scheduler import JobFacts, Scheduler
from app.store import Store
from app.store.facts import Run

CLOCK_SKEW_SECONDS = 300.0
"""So far a node's clock may lag behind the scheduler's."""


def job_of(run: Run, scheduler: Scheduler, store: Store) -> JobFacts:
    """Return the facts of a run's job.

    Raises:
        NotFoundError: the run is no job, or the scheduler does not know it.
        ConflictError: it is another cluster's, a later one of the same number, or another run's by now.
    """
    if run.job is None:
        raise NotFoundError(f"run {run.id!r} is not a job of any scheduler")
    if run.job.cluster != scheduler.cluster:
        raise ConflictError(
            f"run {run.id!r} is a job of {run.job.cluster!r}; expected one of {scheduler.cluster!r}"
        )
    facts = scheduler.detail(run.job.id)
    if facts is None:
        raise NotFoundError(f"the scheduler does not know job {run.job.id} of run {run.id!r}")
    why = estrangement(run, facts, store)
    if why is not None:
        raise ConflictError(why)
    return facts


def estrangement(run: Run, facts: JobFacts, store: Store) -> str | None:
    """Return why the job of a run's number is not that run's, ``None`` where it is."""
    if _began_before(run, facts, store):
        return (
            f"job {facts.id} was submitted after run {run.id!r} began: it is another one of the same number"
        )
    successor = _successor(run, store)
    if successor is not None:
        return f"run {run.id!r} has ended ({run.finished}); job {facts.id} is {successor} by now"
    return None


def _began_before(run: Run, facts: JobFacts, store: Store) -> bool:
    # SLURM renews the submit time of a job that it requeues: what ran before is still the same job. Of one
    # that has ended, accounting does not tell the requeues; and nothing of it is left to be acted on.
    if facts.submitted is None or facts.restart_count or not facts.is_active or run.job is None:
        return False
    told = [(attempt.started, attempt.job) for attempt in store.attempts(run.id) if attempt.job]
    here = (run.job.cluster, run.job.id)
    began = [started for started, job in told if (job.get("cluster"), str(job.get("id"))) == here]
    return bool(began) and max(began) < facts.submitted - CLOCK_SKEW_SECONDS


def _successor(run: Run, store: Store) -> str | None:
    """Return whose the job of an ended run is, in words, where something else runs in it."""
    if run.finished is None or run.job is None:
        return None
    newest = store.run_of_job(run.user, run.job.id)
    if newest is not None and newest.id != run.id and newest.job == run.job:
        return f"run {newest.id!r}'s"
    # The corrected command may not have reported yet.
    keeps = [data for data in store.replacements(run.id) if _kept(data, run)]
    return "the corrected command's" if keeps else None


def _kept(data: Mapping[str, Any], run: Run) -> bool:
    job = run.job.id if run.job is not None else None
    return (data.get("order"), data.get("state"), data.get("old_id")) == ("keep", "done", job)


def refuse_foreign(facts: JobFacts, scheduler: Scheduler) -> None:
    """Raise ``ForbiddenError`` where a job is not that of the user whom this service acts as."""
    if facts.user != scheduler.user:
        raise ForbiddenError(f"job {facts.id} is {facts.user}'s; this service acts as {scheduler.user}")
