"""Nothing that anybody chooses becomes an option, a line of a script, or the end of somebody else's job."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ForbiddenError
from app.records import RecordBatch
from app.replace import Replacer
from app.replace_draft import inherited
from app.slurm.commands import SlurmCommands
from app.slurm.process import Completed
from app.slurm.rest import SlurmRest
from app.slurm.scheduler import JobFacts, SchedulerError, Submission
from app.store import Store, open_store

HOSTILE_IDS = [
    "null",
    "1;id",
    "-u root",
    "../..",
    "--help",
    "1 2",
    "1,2",
    "$(id)",
    "1\n2",
    "",
    "٣",
    "0x1",
    "*",
]
HOSTILE_TEXTS = [
    "--uid=0",
    "-p",
    "x --wrap=id",
    "$(id)",
    "`id`",
    ";id",
    "a'b\"c",
    "x\n#SBATCH --uid=0",
    "\r\n",
    "a\0b",
    "\x1b[31m",
]

Call = Callable[[Any, str], object]
CALLS: dict[str, Call] = {
    "jobs": lambda scheduler, job: scheduler.jobs([job]),
    "detail": lambda scheduler, job: scheduler.detail(job),
    "script": lambda scheduler, job: scheduler.script(job),
    "verify": lambda scheduler, job: scheduler.verify(job),
    "hold": lambda scheduler, job: scheduler.hold(job),
    "release": lambda scheduler, job: scheduler.release(job),
    "requeue": lambda scheduler, job: scheduler.requeue(job),
    "set_time_limit": lambda scheduler, job: scheduler.set_time_limit(job, 600.0),
    "cancel": lambda scheduler, job: scheduler.cancel(job),
    "signal": lambda scheduler, job: scheduler.signal(job, "USR1", "batch"),
    "tasks": lambda scheduler, job: scheduler.tasks(job),
    "usage": lambda scheduler, job: scheduler.usage(job),
}


class Programs:
    """Starts nothing, and keeps what it was to start."""

    def __init__(self) -> None:
        self.started: list[tuple[list[str], dict[str, str], str]] = []

    def __call__(
        self, argv: Sequence[str], *, environment: Mapping[str, str], timeout_seconds: float, stdin: str = ""
    ) -> Completed:
        """Keep it, and answer with a job id."""
        assert timeout_seconds > 0
        self.started.append((list(argv), dict(environment), stdin))
        return Completed(tuple(argv), 0, "77\n", "")


class Daemon:
    """Carries nothing, and keeps what it was to carry."""

    def __init__(self) -> None:
        self.carried: list[str] = []

    def version(self) -> int:
        """Speak an old version."""
        return 38

    def slurm(self, method: str, path: str, body: object = None) -> Any:
        """Keep it."""
        self.carried.append(f"{method} {path} {body}")
        raise AssertionError(path)

    def slurmdb(self, path: str) -> Any:
        """Keep it."""
        self.carried.append(path)
        raise AssertionError(path)


@pytest.mark.parametrize("name", sorted(CALLS))
@pytest.mark.parametrize("job_id", HOSTILE_IDS)
def test_what_is_no_job_id_reaches_no_program(name: str, job_id: str) -> None:
    """It is refused before anything is started, or carried to slurmrestd, which one would kill."""
    programs = Programs()
    daemon: Any = Daemon()
    commands = SlurmCommands("box", "alice", {"PATH": "/bin"}, run=programs)
    rest = SlurmRest("box", "alice", {"PATH": "/bin"}, daemon)
    for scheduler in (commands, rest):
        with pytest.raises(SchedulerError, match=r"job id|array"):
            CALLS[name](scheduler, job_id)
    assert ([], []) == (programs.started, daemon.carried)


@pytest.mark.parametrize("partition", [*HOSTILE_TEXTS, ""])
def test_a_partition_is_one_name(partition: str) -> None:
    """What a job's facts call its partition is checked before it is asked about."""
    programs = Programs()
    with pytest.raises(SchedulerError, match="partition"):
        SlurmCommands("box", "alice", {"PATH": "/bin"}, run=programs).waiting(partition)
    assert [] == programs.started


def submitted(**parts: Any) -> tuple[list[str], dict[str, str], str] | None:
    """Return how a submission was started, ``None`` where it was refused."""
    programs = Programs()
    known = {"script": "#!/bin/sh\ntrue\n", "token": "cutloss:1", "work_dir": "/home"}
    try:
        SlurmCommands("box", "alice", {"PATH": "/bin"}, run=programs).submit(Submission(**{**known, **parts}))
    except SchedulerError:
        assert [] == programs.started
        return None
    (started,) = programs.started
    return started


@given(text=st.sampled_from(HOSTILE_TEXTS) | st.text(max_size=40))
@pytest.mark.parametrize("part", ["token", "work_dir", "job-name", "output", "partition", "time", "argument"])
def test_a_hostile_text_stays_a_value(part: str, text: str) -> None:
    """As a comment, a path, a name, an option or an argument: one word, or nothing is submitted."""
    parts: dict[str, Any] = {part: text}
    if part == "argument":
        parts = {"script_args": [text]}
    elif part not in {"token", "work_dir"}:
        parts = {"options": {part: text}}
    started = submitted(**parts)
    if started is None:
        return
    argv, environment, stdin = started
    prefix = {"token": "--comment=", "work_dir": "--chdir=", "argument": ""}.get(part, f"--{part}=")
    options = [word for word in argv[1:] if word.startswith("-") and word != text]
    known = ("--parsable", "--comment=", "--chdir=", "--job-name=", "--output=", "--partition=", "--time=")
    assert all(word.startswith(known) for word in options)
    assert not text or f"{prefix}{text}" in argv
    assert not any(letter < " " for word in argv for letter in word)
    if part == "argument":
        assert argv.index("/dev/stdin") < len(argv) - 1
        assert argv[argv.index("/dev/stdin") + 1 :] == [text]
    assert "#!/bin/sh\ntrue\n" == stdin
    assert {"PATH"} == set(environment)


@pytest.mark.parametrize("text", ["x\n#SBATCH --uid=0", "x\r", "a\0b"])
@pytest.mark.parametrize("name", ["job-name", "output", "error", "partition", "comment", "mail-type"])
def test_no_value_holds_a_new_line(name: str, text: str) -> None:
    """A directive cannot be slipped into a script through a value."""
    assert submitted(options={name: text}) is None


def test_an_old_jobs_name_adds_no_directive() -> None:
    """A name with a new line in it, which SLURM allows, is not handed on."""
    job = JobFacts("7", "box", "RUNNING", name="x\n#SBATCH --uid=0", partition="gpu;id", submit_line=None)
    assert {} == inherited(job, "", "#!/bin/sh\n")


@pytest.mark.parametrize(
    "line", ["#SBATCH --uid=0", "#SBATCH --array=0-9", "#SBATCH -M other", "#SBATCH hetjob", "#SBATCH --wait"]
)
def test_a_script_is_one_job_of_ones_own(line: str) -> None:
    """What would make it more, or somebody else's, is refused before it is submitted."""
    assert submitted(script=f"#!/bin/sh\n{line}\ntrue\n") is None


@pytest.mark.parametrize("name", ["SLURM_CONF", "SBATCH_PARTITION", "A B", "A=B", "A\n"])
def test_the_environment_holds_nothing_of_slurms(name: str) -> None:
    """Nor a name that is none."""
    assert submitted(environment={name: "x"}) is None


@pytest.mark.parametrize("signal", ["KILL -u root", "9", "USR1;id", "--user=bob", "usr1", ""])
@pytest.mark.parametrize("target", ["batch", "full", "step", "--user=bob"])
def test_a_signal_is_a_name(signal: str, target: str) -> None:
    """Anything else is refused before a program is started."""
    programs = Programs()
    with pytest.raises(SchedulerError, match="signal"):
        SlurmCommands("box", "alice", {"PATH": "/bin"}, run=programs).signal("7", signal, target)
    assert [] == programs.started


@pytest.fixture(name="store")
def make_store() -> Iterator[Store]:
    """Track somebody else's job of a run."""
    store = open_store(None)
    told = {"v": 1, "attempt": "a", "attempt_started": 1.0, "job": {"cluster": "box", "id": "7"}}
    store.add("alice", "r", RecordBatch.model_validate(told), 1.0)
    yield store
    store.close()


class Foreign:
    """A cluster on which job 7 is bob's; it must not be asked to do anything."""

    name = "slurm"
    cluster = "box"
    user = "alice"

    def jobs(self, ids: Collection[str]) -> dict[str, JobFacts]:
        """Be asked about none."""
        assert not ids
        return {}

    def detail(self, job_id: str) -> JobFacts:
        """Say whose it is."""
        return JobFacts(job_id, "box", "RUNNING", user="bob", submitted=1.0)


@pytest.mark.parametrize("order", ["handover", "overlap", "cancel", "keep"])
def test_somebody_elses_job_is_refused_before_slurm_and_logged(store: Store, order: Any) -> None:
    """In every way of relaunching: nothing but its facts is asked for, and the attempt is in the log."""
    foreign: Any = Foreign()  # more of a scheduler must not be used
    replacer = Replacer(store, foreign, lambda: 5.0)
    with pytest.raises(ForbiddenError, match="bob"):
        replacer.start("r", script="#!/bin/sh\n", user="alice", order=order)
    (entry,) = store.audit()
    assert ("relaunch", "r", "refused", "bob") == (
        entry.action, entry.subject, entry.outcome, entry.detail["owner"],
    )  # fmt: skip
    assert [] == store.replacements()
    assert replacer.draft("r").script is None
    replacer.close()
