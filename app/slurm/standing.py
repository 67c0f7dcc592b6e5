"""What a job's state allows to be done to it, said before the scheduler is asked to do it."""

import math

from app.slurm.scheduler import JobFacts, SchedulerError

_LONGEST_MINUTES = 366 * 24 * 60


def must_run(facts: JobFacts | None, job_id: str) -> None:
    """Raise unless a job is running."""
    _must_be("RUNNING", facts, job_id, "only a running job takes this")


def must_wait(facts: JobFacts | None, job_id: str) -> None:
    """Raise unless a job is waiting."""
    _must_be("PENDING", facts, job_id, "only a waiting job takes this")


def _must_be(state: str, facts: JobFacts | None, job_id: str, words: str) -> None:
    if facts is None:
        raise SchedulerError(f"job {job_id} is not known, so it is not {state.lower()}; {words}")
    if facts.state != state:
        raise SchedulerError(f"job {job_id} is {facts.state}, so it is not {state.lower()}; {words}")


def whole_minutes(seconds: float) -> int:
    """Return a time limit in the whole minutes in which SLURM keeps it, never less than asked.

    Raises:
        SchedulerError: it is not between a moment and a year.
    """
    if not 0 < seconds <= 60 * _LONGEST_MINUTES:
        raise SchedulerError(f"the time limit is {seconds!r} s; expected more than 0 and at most a year")
    return math.ceil(seconds / 60)
