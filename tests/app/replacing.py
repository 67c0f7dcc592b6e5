"""What the tests of replacements have in common: short pauses, and jobs of which none is left behind."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from app.records import RecordBatch
from app.replace_stage import Pauses
from app.slurm.local import LocalRunner
from app.store import Store
from tests.waiting import until

Runner = TypeVar("Runner", bound=LocalRunner)
# What is given up is given up soon; what comes about in its own time has all the time it needs.
PAUSES = Pauses(
    poll=0.02, longest_poll=0.1, queue=0.2, doubt=0.3, patience=0.5, start=60.0, first_step=60.0, sweep=(0.3,)
)


@contextmanager
def cleared(runner: Runner) -> Iterator[Runner]:
    """Yield a runner of jobs; then end every job it has, and close it."""
    yield runner
    ids = [str(number) for number in range(1, 10)]
    for job_id in runner.jobs(ids):
        runner.cancel(job_id)
    until(lambda: not any(facts.is_active for facts in runner.jobs(ids).values()), "the end of all jobs")
    runner.close()


def report(store: Store, run: str, job: str, **parts: Any) -> None:
    """Report a run from a local job."""
    told = {"v": 1, "attempt": "a", "attempt_started": time.time(), "job": {"cluster": "local", "id": job}}
    store.add("alice", run, RecordBatch.model_validate({**told, **parts}), time.time())


def states(scheduler: LocalRunner, *ids: str | None) -> list[str]:
    """Return the states of jobs."""
    found = scheduler.jobs([job_id for job_id in ids if job_id])
    return [found[job_id].state for job_id in ids if job_id]


class KilledError(BaseException):
    """The service was killed here."""


@contextmanager
def killed_at(store: Any, state: str, when: str) -> Iterator[None]:
    """Kill a service just before or after it stores a state of a replacement; see that it came so far."""
    put = store.put_replacement
    killed = threading.Event()

    def dying_put(id: str, run: str, entered: str, data: Mapping[str, Any], at: float) -> None:  # noqa: A002 - the store's own name
        if killed.is_set():
            raise KilledError
        if entered == state:
            killed.set()
            if when == "after":
                put(id, run, entered, data, at)
            raise KilledError
        put(id, run, entered, data, at)

    store.put_replacement = dying_put
    yield
    assert killed.is_set()
    store.put_replacement = put
