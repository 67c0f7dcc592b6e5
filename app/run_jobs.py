"""The job behind a run, as the scheduler knows it at this moment, and whose it is."""

from app.errors import ConflictError, ForbiddenError, NotFoundError
from app.slurm.scheduler import JobFacts, Scheduler
from app.store.facts import Run


def job_of(run: Run, scheduler: Scheduler) -> JobFacts:
    """Return the facts of a run's job.

    Raises:
        NotFoundError: the run is no job, or the scheduler does not know it.
        ConflictError: it is a job of another cluster.
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
    return facts


def refuse_foreign(facts: JobFacts, scheduler: Scheduler) -> None:
    """Raise ``ForbiddenError`` where a job is not that of the user whom this service acts as."""
    if facts.user != scheduler.user:
        raise ForbiddenError(f"job {facts.id} is {facts.user}'s; this service acts as {scheduler.user}")
