"""The embedded runner: batch scripts as local processes, one after the other, for a machine without SLURM."""

import platform
import re
import signal as signals
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import structlog

from app.slurm import local_process, values
from app.slurm.environment import build_environment
from app.slurm.ledger import Ledger, LocalJob
from app.slurm.options import as_argv, check_job_id, check_text
from app.slurm.scheduler import Check, JobFacts, SchedulerError, Submission
from app.slurm.script import effective_options, lint
from app.slurm.standing import must_wait, whole_minutes

_log = structlog.get_logger(__name__)
_HONOURED = frozenset({"job-name", "output", "time"})


class LocalRunner:
    """A small queue behind the scheduler's interface.

    Jobs survive the service: they are sessions of their own, recognised by process id and start time. What
    waits is started while a service runs.

    Args:
        folder: holds the queue.
        user: whose jobs they are.
        source: the environment from which a job's is built.
        slots: how many jobs run at a time.
        kill_wait_seconds: from a cancel's TERM to its KILL.
        clock: epoch seconds.
        tick_seconds: how often the queue is looked at; ``None``: only when asked something.
    """

    name = "local"
    cluster = "local"

    def __init__(  # noqa: PLR0913 - settings, each with a default
        self,
        folder: Path,
        user: str,
        source: Mapping[str, str],
        *,
        slots: int = 1,
        kill_wait_seconds: float = 10.0,
        clock: Callable[[], float] = time.time,
        tick_seconds: float | None = 0.2,
    ) -> None:
        self.user = user
        self._ledger = Ledger(folder)
        self._source = dict(source)
        self._slots = slots
        self._kill_wait_seconds = kill_wait_seconds
        self._clock = clock
        self._closed = threading.Event()
        if tick_seconds is not None:
            threading.Thread(
                target=self._tick, args=(tick_seconds,), name="local-runner", daemon=True
            ).start()

    def close(self) -> None:
        """Stop looking at the queue; running jobs go on."""
        self._closed.set()

    def _tick(self, tick_seconds: float) -> None:
        while not self._closed.wait(tick_seconds):
            try:
                self.advance()
            except OSError as error:  # a full disk must not end the queue for good
                _log.error("local queue could not be advanced", error=str(error))

    def advance(self) -> None:
        """Note what has ended, end what must end, start what may start."""
        with self._ledger.open() as jobs:
            self._advance(jobs)

    def _advance(self, jobs: dict[str, LocalJob]) -> None:
        for job in jobs.values():
            if job.state in {"RUNNING", "COMPLETING"}:
                self._look_at(job)
        for job in jobs.values():
            if self._reason(job, jobs) is None:
                self._start(job, jobs)

    def _look_at(self, job: LocalJob) -> None:
        folder = self._ledger.job_folder(job.id)
        if job.pid is None or job.birth is None or local_process.birth(job.pid) != job.birth:
            self._adopt_or_end(job, folder)
        now = self._clock()
        limit = job.time_limit_seconds
        if (
            job.state == "RUNNING"
            and limit is not None
            and job.started is not None
            and now > job.started + limit
        ):
            self._end(job, "TIMEOUT")
        if job.state == "COMPLETING" and now > (job.ending_since or now) + self._kill_wait_seconds:
            self._signal(job, signals.SIGKILL)

    def _adopt_or_end(self, job: LocalJob, folder: Path) -> None:
        pid = local_process.recorded_pid(folder)
        alive = local_process.birth(pid) if pid is not None else None
        status = local_process.exit_status(folder)
        if status is None and alive is not None:
            job.pid, job.birth = pid, alive  # the service ended between the start and writing it down
        elif status is None and job.pid is None and not (folder / "started").exists():
            self._launch(job, folder)
        else:
            _note_end(job, status, self._clock())

    def _reason(self, job: LocalJob, jobs: Mapping[str, LocalJob]) -> str | None:
        """Return why a job waits, ``None`` when it may start (or is past waiting: an empty reason)."""
        if job.state != "PENDING":
            return ""
        if job.held:
            return "JobHeldUser"
        other = jobs.get(job.after) if job.after else None
        if other is not None and other.ended is None and other.state in {"PENDING", "RUNNING", "COMPLETING"}:
            return "Dependency"
        running = sum(each.state in {"RUNNING", "COMPLETING"} for each in jobs.values())
        return "Resources" if running >= self._slots else None

    def _start(self, job: LocalJob, jobs: Mapping[str, LocalJob]) -> None:
        job.state = "RUNNING"
        job.started = self._clock()
        self._ledger.save(jobs)  # before the side effect: a start is found again by its folder
        self._launch(job, self._ledger.job_folder(job.id))

    def _launch(self, job: LocalJob, folder: Path) -> None:
        folder.mkdir(exist_ok=True, mode=0o700)
        script = folder / "script"
        script.write_text(job.script)
        command = local_process.command_of(job.script, script, job.arguments)
        try:
            job.pid = local_process.launch(folder, job.work_dir, command, job.environment, Path(job.stdout))
        except OSError as error:
            # As SLURM does with an output file that cannot be opened.
            job.state, job.ended, job.exit_code = "FAILED", self._clock(), "0:53"
            _log.warning("local job could not be started", job=job.id, error=str(error))
            return
        job.birth = local_process.birth(job.pid)

    def _end(self, job: LocalJob, ending: str) -> None:
        job.ending, job.ending_since, job.state = ending, self._clock(), "COMPLETING"
        self._signal(job, signals.SIGTERM)

    def _signal(self, job: LocalJob, signal: signals.Signals) -> None:
        if job.pid is not None and job.birth is not None:
            local_process.signal_group(job.pid, job.birth, signal)

    def jobs(self, ids: Collection[str]) -> dict[str, JobFacts]:
        """Return the facts of those jobs that are known."""
        wanted = [check_job_id(job_id) for job_id in ids]
        with self._ledger.open() as jobs:
            self._advance(jobs)
            return {job_id: self._facts(jobs[job_id], jobs) for job_id in wanted if job_id in jobs}

    def detail(self, job_id: str) -> JobFacts | None:
        """Return all facts of one job."""
        return self.jobs([job_id]).get(job_id)

    def find(self, token: str) -> list[JobFacts]:
        """Return the jobs submitted with a token."""
        with self._ledger.open() as jobs:
            return [self._facts(job, jobs) for job in jobs.values() if job.token == token]

    def _facts(self, job: LocalJob, jobs: Mapping[str, LocalJob]) -> JobFacts:
        return JobFacts(
            id=job.id,
            cluster=self.cluster,
            state=job.state,
            user=self.user,
            name=job.name,
            reason=self._reason(job, jobs) or None,
            nodes=platform.node() if job.started is not None else None,
            node_count=1,
            submitted=job.submitted,
            started=job.started,
            ended=job.ended,
            time_limit_seconds=job.time_limit_seconds,
            exit_code=job.exit_code,
            comment=job.token,
            dependency=f"afterany:{job.after}" if job.after else None,
            work_dir=job.work_dir,
            stdout=job.stdout,
            submit_line=job.submit_line,
        )

    def script(self, job_id: str) -> str | None:
        """Return a job's batch script."""
        with self._ledger.open() as jobs:
            job = jobs.get(check_job_id(job_id))
        return job.script if job else None

    def check(self, submission: Submission) -> list[Check]:
        """Lint the script; say which options mean nothing here."""
        ignored = sorted(set(effective_options(submission)) - _HONOURED)
        words = f"the local runner passes over {', '.join(ignored)}" if ignored else "all understood"
        return [*lint(submission), Check("options", passed=True, finding=words)]

    def submit(self, submission: Submission) -> str:
        """Queue a job and return its id."""
        check_text("token", submission.token)
        given = as_argv(submission.options)  # the same refusals as SLURM's side, on every machine
        failed = [check for check in lint(submission) if not check.passed]
        if failed:
            raise SchedulerError("; ".join(f"{check.name}: {check.finding}" for check in failed))
        environment = build_environment(self._source, submission.environment)
        with self._ledger.open() as jobs:
            job = self._new_job(self._ledger.next_id(jobs), submission, environment)
            job.submit_line = " ".join(["submit", *given, "script", *job.arguments])
            jobs[job.id] = job
            self._advance(jobs)
        return job.id

    def _new_job(self, job_id: str, submission: Submission, environment: dict[str, str]) -> LocalJob:
        options = effective_options(submission)
        name = options.get("job-name", "relaunch")
        output = options.get("output", "cutloss-%j.out")
        return LocalJob(
            id=job_id,
            token=submission.token,
            name=name,
            script=submission.script,
            work_dir=submission.work_dir,
            stdout=str(Path(submission.work_dir, _output_name(output, job_id, name, self.user))),
            submitted=self._clock(),
            held=submission.hold,
            after=check_job_id(submission.after) if submission.after is not None else None,
            arguments=[check_text("script argument", argument) for argument in submission.script_args],
            environment={**environment, "CUTLOSS_JOB_ID": job_id, "CUTLOSS_CLUSTER": self.cluster},
            time_limit_seconds=values.seconds(options.get("time")),
        )

    def verify(self, job_id: str) -> list[Check]:
        """Check that a submitted job waits."""
        facts = self.jobs([job_id]).get(job_id)
        if facts is None:
            return [Check("waiting", passed=False, finding=f"job {job_id} is not known")]
        words = f"{facts.state}, {facts.reason or 'no reason'}"
        return [Check("waiting", passed=facts.state == "PENDING", finding=words)]

    def waiting(self, partition: str) -> list[str]:  # noqa: ARG002 - there is one queue here
        """Return the jobs in line, oldest first."""
        with self._ledger.open() as jobs:
            reasons = {job.id: self._reason(job, jobs) for job in jobs.values()}
        return [job_id for job_id, reason in reasons.items() if reason in {None, "Resources"}]

    def tasks(self, array_id: str) -> list[JobFacts]:
        """Return nothing: there are no arrays here."""
        check_job_id(array_id)
        return []

    def usage(self, job_id: str) -> None:
        """Return nothing: nobody counts it here."""
        check_job_id(job_id)

    def history(self, since: float) -> list[JobFacts]:
        """Return the jobs that were submitted since a moment."""
        with self._ledger.open() as jobs:
            return [self._facts(job, jobs) for job in jobs.values() if job.submitted >= since]

    def release(self, job_id: str) -> None:
        """Release a held job."""
        with self._ledger.open() as jobs:
            job = jobs.get(check_job_id(job_id))
            if job is None or job.state != "PENDING":
                raise SchedulerError(f"job {job_id} does not wait; only a waiting job can be released")
            job.held = False
            self._advance(jobs)

    def hold(self, job_id: str) -> None:
        """Hold a waiting job."""
        with self._ledger.open() as jobs:
            job = jobs.get(check_job_id(job_id))
            must_wait(self._facts(job, jobs) if job else None, job_id)
            jobs[job_id].held = True

    def requeue(self, job_id: str) -> None:
        """Refuse: this queue starts a job once."""
        check_job_id(job_id)
        raise SchedulerError("the local runner starts a job once; relaunch it instead")

    def set_time_limit(self, job_id: str, seconds: float) -> None:
        """Set the time limit of a job that has not ended, in whole minutes as SLURM does."""
        with self._ledger.open() as jobs:
            job = jobs.get(check_job_id(job_id))
            if job is None or job.ended is not None:
                raise SchedulerError(f"job {job_id} has ended or is not known; it has no time limit to set")
            job.time_limit_seconds = 60.0 * whole_minutes(seconds)

    def cancel(self, job_id: str) -> None:
        """Cancel a job: TERM to all its processes, KILL to what is left of them later."""
        with self._ledger.open() as jobs:
            job = jobs.get(check_job_id(job_id))
            if job is not None and job.state == "PENDING":
                job.state, job.ended = "CANCELLED", self._clock()
            elif job is not None and job.state == "RUNNING":
                self._end(job, "CANCELLED")
            self._advance(jobs)

    def signal(self, job_id: str, signal: str, target: str) -> None:
        """Signal all processes of a running job; there are no steps here to choose from."""
        if target not in {"batch", "step", "full"}:
            raise SchedulerError(f"target is {target!r}; expected batch, step or full")
        number = getattr(signals, f"SIG{signal.removeprefix('SIG')}", None)
        if not isinstance(number, signals.Signals):
            raise SchedulerError(f"signal is {signal!r}; expected a name such as USR1")
        with self._ledger.open() as jobs:
            job = jobs.get(check_job_id(job_id))
            if job is None or job.state != "RUNNING":
                raise SchedulerError(f"job {job_id} is not running; only a running job takes a signal")
            self._signal(job, number)


def _note_end(job: LocalJob, status: tuple[int, float] | None, now: float) -> None:
    # A shell says 128 + n of what signal n ended. Without a status the whole group was killed at once.
    code, job.ended = status if status is not None else (128 + signals.SIGKILL, now)
    job.exit_code = f"{code}:0" if code <= 128 else f"0:{code - 128}"  # noqa: PLR2004 - POSIX shells
    job.state = job.ending or ("COMPLETED" if code == 0 else "FAILED")


def _output_name(pattern: str, job_id: str, name: str, user: str) -> str:
    known = {"%j": job_id, "%A": job_id, "%x": name.replace("/", "_"), "%u": user, "%%": "%"}
    return re.sub(r"%.", lambda match: known.get(match[0], match[0]), pattern)
