"""Follow the output of jobs that were started without the reporter.

Each log is read by ``cutloss attach`` in a process of its own, as the user who runs the service: a log of any
size, or an odd one, holds nobody up. It reports into the service's own spool, and goes on where it was after
a restart.
"""

import importlib.util
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from app.audit import Audit
from app.errors import ConflictError, ForbiddenError, NotFoundError
from app.followed import JOB_ID, Followed, FollowedBook
from app.job_output import output_path, refuse_unreadable
from app.rounds import Rounds
from app.run_jobs import refuse_foreign
from app.schemas.job_logs import FollowOrder
from app.settings import Settings
from app.slurm.scheduler import JobFacts, Scheduler
from app.store import Store
from app.store.facts import JobKey
from planner.errors import InvalidInputError

LOOK_SECONDS = 1.0
QUIET_SECONDS = 10.0
"""What a job wrote last may still be on its way for so long after its end."""
LONGEST_RETRY_SECONDS = 60.0
STOP_SECONDS = 5.0
KEPT_SECONDS = 30 * 86400.0
MOST_FOLLOWED = 50
"""Logs that are followed at the same time: each takes a process."""
USAGE = 2
NO_SCHEDULER = "This service runs without a scheduler; start it with --scheduler=slurm or local."
NO_CLIENT = "The client is not installed beside this service; `pip install ./trainer` brings it."

logger = structlog.get_logger()


@dataclass(slots=True)
class _Reader:
    """The process that reads one log."""

    process: subprocess.Popen[bytes]
    arguments: Sequence[str]
    is_ending: bool = False

    def end(self) -> None:
        """Have it read to the end and stop: it watches its input."""
        self.is_ending = True
        if self.process.stdin is not None:
            self.process.stdin.close()

    def kill(self) -> None:
        """Stop it where it is: the next one goes on from there."""
        self.end()
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class JobLogs:
    """The logs that are followed, and the processes that read them.

    Args:
        book: what is followed, kept over restarts.
        store: knows the runs and their jobs.
        scheduler: knows where a job writes; ``None``: there is none.
        spool: the folder that the readers report into.
        user: whose jobs these are: the user who runs the service.
        audit: the log of who asked.
        clock: returns epoch seconds.
    """

    def __init__(  # noqa: PLR0913 - the parts it works with, wired once
        self,
        *,
        book: FollowedBook,
        store: Store,
        scheduler: Scheduler | None,
        spool: Path,
        user: str,
        audit: Audit,
        clock: Callable[[], float],
    ) -> None:
        self._book = book
        self._store = store
        self._scheduler = scheduler
        self._spool = spool
        self._user = user
        self._audit = audit
        self._clock = clock
        self._readers: dict[str, _Reader] = {}
        self._failures: dict[str, tuple[int, float]] = {}
        self._admitting = threading.Lock()
        self._rounds = Rounds(
            "job-logs", self.look, lambda: LOOK_SECONDS, survives=(OSError,), event="job_logs_not_followed"
        )

    def start(self) -> None:
        """Begin to follow, what was followed before too."""
        self._rounds.start()

    def close(self) -> None:
        """Stop the readers; what is followed stays so."""
        self._rounds.close()
        for reader in self._readers.values():
            reader.kill()
        self._readers = {}

    def attach(self, user: str, job_id: str, order: FollowOrder) -> Followed:
        """Follow a job's output; asking again changes nothing but what the order says.

        Raises:
            ForbiddenError: the job, or its file, is somebody else's.
            NotFoundError: the scheduler does not know the job.
            ConflictError: it has no output that can be read, its training reports by itself, or too many logs
                are followed.
            SchedulerError: the scheduler did not answer.
        """
        with self._audit.action(user, "follow log", job_id, **order.model_dump(exclude_none=True)):
            self._refuse_others(user)
            facts = self._facts(job_id)
            path = output_path(facts)
            if path is None:
                raise ConflictError(f"job {job_id} writes to {facts.stdout!r}; expected a file of its own")
            refuse_unreadable(facts, path)
            followed = self._followed(user, facts, path, order)
            self._refuse_reported(followed)
            if importlib.util.find_spec("cutloss") is None:
                raise ConflictError(NO_CLIENT)
            self._admit(followed, facts)
        return followed

    def detach(self, user: str, job_id: str) -> Followed:
        """Follow a job's output no longer; its run stays.

        Raises:
            NotFoundError: it is not followed.
        """
        with self._audit.action(user, "follow log no longer", job_id):
            self._refuse_others(user)
            followed = self._book.one(job_id)
            if followed is None:
                raise NotFoundError(f"The log of job {job_id[:100]!r} is not followed.")
            ended = replace(followed, state="ended", words=self._said(job_id))
            self._book.put(ended)
        return ended

    def followed(self, user: str) -> Sequence[Followed]:
        """Return what is and was followed for a user, with what was found last."""
        if user != self._user:
            return []
        return [
            one if one.state != "following" else replace(one, words=self._said(one.job))
            for one in self._book.all()
        ]

    def look(self) -> None:
        """Start the readers that lack, and end those that are wanted no more."""
        for followed in self._book.all():
            reader = self._readers.get(followed.job)
            if reader is not None:
                self._tend(followed, reader)
            elif followed.state == "following":
                self._begin(followed)
            elif followed.asked_at < self._clock() - KEPT_SECONDS:
                self._book.remove(followed.job)

    def _tend(self, followed: Followed, reader: _Reader) -> None:
        code = reader.process.poll()
        if code is None:
            if reader.arguments != _arguments(followed):
                reader.kill()  # it was asked for anew, with other particulars
                del self._readers[followed.job]
            elif not reader.is_ending and (followed.state != "following" or self._is_over(followed)):
                reader.end()
            return
        del self._readers[followed.job]
        if reader.process.stdin is not None:
            reader.process.stdin.close()
        if followed.state != "following":
            return
        if reader.is_ending or code == USAGE:
            said = self._said(followed.job)
            ended = replace(followed, state="refused" if code == USAGE else "ended", words=said)
            self._book.put_if_unasked(ended)
            return
        count = self._failures.get(followed.job, (0, 0.0))[0] + 1
        pause = min(2.0**count, LONGEST_RETRY_SECONDS)
        self._failures[followed.job] = (count, self._clock() + pause)
        logger.warning("log_reader_ended", job=followed.job, code=code, said=self._said(followed.job))

    def _begin(self, followed: Followed) -> None:
        if self._clock() < self._failures.get(followed.job, (0, 0.0))[1]:
            return
        said = self._book.said_file(followed.job)
        said.touch(mode=0o600)
        arguments = _arguments(followed)
        with said.open("wb") as errors:
            process = subprocess.Popen(  # noqa: S603 - an argument list, never a shell; checked when asked for
                [sys.executable, "-m", "cutloss.cli", *arguments],
                env=self._environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors,
                start_new_session=True,
            )  # fmt: skip
        self._readers[followed.job] = _Reader(process, arguments)

    def _environment(self) -> dict[str, str]:
        """Return the environment of a reader: it reports into the spool alone."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("CUTLOSS")}
        return own | {"CUTLOSS_SPOOL": str(self._spool), "CUTLOSS_CREDENTIALS": os.devnull}

    def _is_over(self, followed: Followed) -> bool:
        """Tell whether the job has ended, and has written its last."""
        known = self._store.job(JobKey(followed.cluster, followed.job))
        if known is None or known[0].is_active:
            return False
        facts, seen_at = known
        return self._clock() - (seen_at if facts.ended is None else facts.ended) > QUIET_SECONDS

    def _refuse_others(self, user: str) -> None:
        if user != self._user:
            raise ForbiddenError(
                f"This service reads files as {self._user}; {user} cannot have it follow a log"
            )

    def _facts(self, job_id: str) -> JobFacts:
        if self._scheduler is None:
            raise ConflictError(NO_SCHEDULER)
        if JOB_ID.fullmatch(job_id) is None:
            raise InvalidInputError("/job", job_id, "a job's id, such as 13503904 or 13503904_7")
        facts = self._scheduler.detail(job_id)
        if facts is None:
            raise NotFoundError(f"The scheduler does not know job {job_id}.")
        refuse_foreign(facts, self._scheduler)
        return facts

    def _followed(self, user: str, facts: JobFacts, path: Path, order: FollowOrder) -> Followed:
        name = order.name or facts.name or f"job {facts.id}"
        plan = order.model_dump(exclude_none=True, exclude={"name", "preset"})
        return Followed(
            job=facts.id, cluster=facts.cluster, run=_run_id(name, facts.id), path=str(path), user=user,
            asked_at=self._clock(), name=name, preset=order.preset, plan=plan,
        )  # fmt: skip

    def _refuse_reported(self, followed: Followed) -> None:
        run = self._store.run_of_job(self._user, followed.job)
        before = self._book.one(followed.job)
        own = {followed.run} | ({before.run} if before is not None else set())
        if run is not None and run.job == JobKey(followed.cluster, followed.job) and run.id not in own:
            raise ConflictError(f"Run {run.id} reports job {followed.job} already.")

    def _admit(self, followed: Followed, facts: JobFacts) -> None:
        """Keep one more, counted and written by one at a time: two at once must not both be the last."""
        with self._admitting:
            self._refuse_too_many(followed)
            self._store.put_jobs([facts], self._clock())
            self._failures.pop(followed.job, None)
            self._book.put(followed)

    def _refuse_too_many(self, followed: Followed) -> None:
        others = [one for one in self._book.all() if one.state == "following" and one.job != followed.job]
        if len(others) >= MOST_FOLLOWED:
            raise ConflictError(
                f"{len(others)} logs are followed; expected fewer than {MOST_FOLLOWED}: leave one before job"
                f" {followed.job} is followed"
            )

    def _said(self, job: str) -> str | None:
        """Return the last line that the reader of a log wrote."""
        try:
            lines = self._book.said_file(job).read_text(errors="replace").splitlines()
        except OSError:
            return None
        return next((line.removeprefix("cutloss: ") for line in reversed(lines) if line.strip()), None)


def spool_folder(settings: Settings) -> Path:
    """Return the spool folder that the readers of logs report into."""
    return settings.state / "job-logs" / "spool"


def job_logs(
    settings: Settings, store: Store, scheduler: Scheduler | None, clock: Callable[[], float]
) -> JobLogs:
    """Return the followed logs of a service, not yet started."""
    return JobLogs(
        book=FollowedBook(settings.state / "job-logs"), store=store, scheduler=scheduler,
        spool=spool_folder(settings), user=settings.user, audit=Audit(store, clock), clock=clock,
    )  # fmt: skip


def _run_id(name: str, job: str) -> str:
    """Return the id of the run that a job's log is reported as; the same job gives the same."""
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60] or "job"
    return f"{slug}-{job.replace('+', '_')}"


def _arguments(followed: Followed) -> list[str]:
    """Return the command line that reads a log; every value in one word with its option's name."""
    options = {
        "job": followed.job, "cluster": followed.cluster, "run-id": followed.run, "name": followed.name,
        "preset": followed.preset, **followed.plan,
    }  # fmt: skip
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items() if value is not None]
    return ["attach", followed.path, "--until-input-ends", *given]
