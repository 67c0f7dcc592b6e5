"""What cutloss asks of a scheduler: of SLURM's commands, of its REST daemon, of the local runner."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.slurm.usage import Usage


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What the scheduler says of one job; ``None`` is unknown.

    ``state`` is SLURM's base word (``PENDING``, ``RUNNING``, ``CANCELLED`` …). Clock times are epoch
    seconds; durations are seconds.
    """

    id: str
    cluster: str
    state: str
    user: str | None = None
    name: str | None = None
    reason: str | None = None
    partition: str | None = None
    nodes: str | None = None
    node_count: int | None = None
    gpus: int | None = None
    submitted: float | None = None
    started: float | None = None
    ended: float | None = None
    time_limit_seconds: float | None = None
    estimated_start: float | None = None
    restart_count: int | None = None
    exit_code: str | None = None
    comment: str | None = None
    dependency: str | None = None
    command: str | None = None
    work_dir: str | None = None
    stdout: str | None = None
    submit_line: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether the job still holds or awaits resources."""
        return self.state in ACTIVE_STATES


ACTIVE_STATES = frozenset(
    {"PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "STAGE_OUT", "RESIZING", "SIGNALING",
     "STOPPED", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Submission:
    """A batch job to submit.

    Attributes:
        script: the batch script's text, exactly what will run.
        token: unique; travels as ``--comment`` so that an unknown outcome can be looked up.
        work_dir: where it runs.
        hold: submit it held.
        after: job id it waits for (``--dependency=afterany:ID``).
        options: further sbatch options from the allow-list, long names without dashes.
        environment: the environment of the submission; built, never inherited.
        script_args: arguments after the script.
    """

    script: str
    token: str
    work_dir: str
    hold: bool = False
    after: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    script_args: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a submission before it is made, with its finding in words."""

    name: str
    passed: bool
    finding: str


class SchedulerError(Exception):
    """The scheduler refused, and nothing was done."""


class SchedulerUnavailableError(SchedulerError):
    """The scheduler gave no answer; what was asked may or may not have happened."""


class SchedulerUnreachableError(SchedulerUnavailableError):
    """The scheduler was not reached at all, so nothing was done."""


class Scheduler(Protocol):
    """One scheduler. Methods block (call them from a thread) and are bounded in time.

    Every method raises ``SchedulerUnavailableError`` when nothing is known and ``SchedulerError`` when the
    scheduler said no.

    Attributes:
        name: ``"slurm"`` (its commands), ``"rest"`` (its REST daemon) or ``"local"``.
        cluster: the cluster's name; ``"local"`` for the embedded runner.
        user: whose jobs it acts on.
    """

    name: str
    cluster: str
    user: str

    def jobs(self, ids: Collection[str]) -> dict[str, JobFacts]:
        """Return the facts of those jobs that are known, in one call, keyed by the ids asked for.

        A job that is absent from the answer neither waits nor runs. Free text (name, comment, paths) is left
        out where reading it could be misled; ``detail`` has it.
        """

    def detail(self, job_id: str) -> JobFacts | None:
        """Return all facts of one job, its name, comment and paths included."""

    def waiting(self, partition: str) -> list[str]:
        """Return the raw ids of the jobs in line for a partition, the one whose turn comes first at the head.

        Held jobs and those that wait for another job or a time are not in line.
        """

    def tasks(self, array_id: str) -> list[JobFacts]:
        """Return every task of an array that is known, whatever its state."""

    def usage(self, job_id: str) -> "Usage | None":
        """Return what an ended job has used, ``None`` where nobody has counted it."""

    def history(self, since: float) -> list[JobFacts]:
        """Return the user's jobs since a moment (epoch seconds), ended, running or waiting."""

    def find(self, token: str) -> list[JobFacts]:
        """Return the jobs submitted with a token, active or recently ended."""

    def script(self, job_id: str) -> str | None:
        """Return the batch script of one of the user's jobs, ``None`` where it is not to be had."""

    def check(self, submission: Submission) -> list[Check]:
        """Try a submission without making it."""

    def submit(self, submission: Submission) -> str:
        """Submit and return the job's id."""

    def verify(self, job_id: str) -> list[Check]:
        """Check that a submitted job really waits, is the user's, and will be able to run."""

    def release(self, job_id: str) -> None:
        """Release a held job."""

    def hold(self, job_id: str) -> None:
        """Hold a waiting job, so that it does not start."""

    def requeue(self, job_id: str) -> None:
        """Put a running job back into the queue under its id; an ended one is refused, not run again."""

    def set_time_limit(self, job_id: str, seconds: float) -> None:
        """Set a job's time limit."""

    def cancel(self, job_id: str) -> None:
        """Cancel a job; no error where it has ended."""

    def signal(self, job_id: str, signal: str, target: str) -> None:
        """Send a signal to a running job's ``"batch"``, ``"step"`` or ``"full"`` processes."""

    def close(self) -> None:
        """Let go of threads and files; jobs go on."""
