"""The commands are what they should be, and their answers are taken for what they are."""

import json
from collections.abc import Callable, Mapping, Sequence

import pytest

from app.slurm.commands import SlurmCommands
from app.slurm.parse import SEPARATOR
from app.slurm.process import Completed
from app.slurm.scheduler import SchedulerError, SchedulerUnreachableError, Submission

QUEUED = SEPARATOR.join(
    ["5", "5", "RUNNING", "None", "alice", "gpu", "1", "node1", "100", "110", "3710", "1:00:00", "0",
     "(null)", "0", "cpu=1", ""]
)  # fmt: skip
DOCUMENT = {
    "job_id": 5,
    "job_state": ["RUNNING"],
    "user_name": "alice",
    "name": "json",
    "submit_line": "sbatch x",
}
SHOWN = "JobId=5 JobName=text UserId=a(1) GroupId=a Command=/x a WorkDir=/w StdErr=/e StdOut=/o Power="
SUBMISSION = Submission("#!/bin/sh\n", "tok", "/home")


class Site:
    """Answers programs as a site does, and keeps what it was asked."""

    def __init__(
        self, **answers: tuple[int, str, str] | Callable[[Sequence[str]], tuple[int, str, str]]
    ) -> None:
        self._answers = answers
        self.argvs: list[list[str]] = []
        self.environments: list[dict[str, str]] = []

    def __call__(
        self, argv: Sequence[str], *, environment: Mapping[str, str], timeout_seconds: float, stdin: str = ""
    ) -> Completed:
        """Answer a program."""
        assert timeout_seconds > 0
        assert stdin is not None
        self.argvs.append(list(argv))
        self.environments.append(dict(environment))
        answer = self._answers[argv[0]]
        code, out, err = answer(argv) if callable(answer) else answer
        return Completed(tuple(argv), code, out, err)

    def asked(self, program: str) -> list[list[str]]:
        """Return the calls of one program."""
        return [argv for argv in self.argvs if argv[0] == program]


def commands(site: Site) -> SlurmCommands:
    """Return the scheduler at a site."""
    source = {"PATH": "/bin", "HOME": "/home/alice", "SLURM_JOB_ID": "1", "SBATCH_PARTITION": "x"}
    return SlurmCommands("box", "alice", source, run=site)


def test_all_jobs_are_asked_for_in_one_call() -> None:
    """And nothing more when all are known."""
    site = Site(squeue=(0, QUEUED + "\n", ""))
    assert {"5"} == set(commands(site).jobs(["5", "5"]))
    assert 1 == len(site.argvs)
    assert "--jobs=5" in site.argvs[0]


def test_only_the_forgotten_are_asked_of_accounting() -> None:
    """Where it is switched off, once."""
    site = Site(squeue=(0, QUEUED + "\n", ""), sacct=(1, "", "Slurm accounting storage is disabled\n"))
    scheduler = commands(site)
    scheduler.jobs(["5", "6"])
    scheduler.jobs(["5", "6"])
    assert ["--jobs=6"] == [word for argv in site.asked("sacct") for word in argv if "--jobs" in word]


def test_json_is_read_where_there_is_some() -> None:
    """From 23.02 on one call tells all."""
    document = json.dumps({"errors": [], "jobs": [DOCUMENT]})
    site = Site(scontrol=(0, document, ""))
    facts = commands(site).detail("5")
    assert facts is not None
    assert ("json", "sbatch x", 1) == (facts.name, facts.submit_line, len(site.argvs))


def test_without_json_texts_are_read() -> None:
    """22.05 does not know the option: it is tried once."""

    def scontrol(argv: Sequence[str]) -> tuple[int, str, str]:
        return (1, "", "scontrol: unrecognized option '--json'\n") if "--json" in argv else (0, SHOWN, "")

    site = Site(squeue=(0, QUEUED + "\n", ""), sacct=(0, "sbatch x a\n", ""), scontrol=scontrol)
    scheduler = commands(site)
    for _ in range(2):
        facts = scheduler.detail("5")
        assert facts is not None
        assert ("text", "/w", "/o", "sbatch x a", "gpu") == (
            facts.name, facts.work_dir, facts.stdout, facts.submit_line, facts.partition,
        )  # fmt: skip
    assert 1 == sum("--json" in argv for argv in site.argvs)


def test_an_empty_answer_beside_a_complaint_is_an_outage() -> None:
    """Though squeue's exit code is 0."""
    site = Site(
        squeue=(0, "", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n")
    )
    with pytest.raises(SchedulerUnreachableError):
        commands(site).jobs(["5"])


def test_a_missing_program_is_an_outage() -> None:
    """It may have moved during an upgrade."""

    def missing(argv: Sequence[str]) -> tuple[int, str, str]:
        raise FileNotFoundError(argv[0])

    with pytest.raises(SchedulerUnreachableError, match="sbatch"):
        commands(Site(sbatch=missing)).submit(SUBMISSION)


def test_a_submission_is_one_argument_list() -> None:
    """Held, dependent, tokened, in its folder, with nothing inherited and the script on standard input."""
    site = Site(sbatch=(0, "site says hello\n6;box\n", ""))
    asked = Submission(
        "#!/bin/sh\n",
        "tok",
        "/home/a b",
        hold=True,
        after="5",
        options={"time": "10"},
        environment={"A": "b c"},
    )
    assert "6" == commands(site).submit(asked)
    expected = [
        "sbatch", "--parsable", "--hold", "--dependency=afterany:5", "--comment=tok", "--chdir=/home/a b",
        "--job-name=relaunch", "--time=10",
    ]  # fmt: skip
    assert [expected] == site.argvs
    assert {"PATH": "/bin", "HOME": "/home/alice", "A": "b c"} == site.environments[0]


def test_an_answer_without_an_id_is_no_refusal() -> None:
    """The job may exist: it is to be looked up."""
    site = Site(sbatch=(0, "queued, thank you\n", ""))
    with pytest.raises(SchedulerError, match="expected a job id") as raised:
        commands(site).submit(SUBMISSION)
    assert not isinstance(raised.value, SchedulerUnreachableError)
    assert "SchedulerUnavailableError" == type(raised.value).__name__


def test_a_script_that_is_not_the_users_is_not_there() -> None:
    """Both programs answer 0 and nothing."""
    site = Site(scontrol=(0, "", "job script retrieval failed: Invalid user id\n"), sacct=(0, "", ""))
    assert commands(site).script("5") is None


def test_a_user_is_a_login_name() -> None:
    """It becomes part of an option."""
    with pytest.raises(SchedulerError, match="login name"):
        SlurmCommands("box", "alice,root", {})
