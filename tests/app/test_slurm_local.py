"""The local runner keeps its jobs through restarts, one at a time, and leaves nothing running."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.slurm.local import LocalRunner
from app.slurm.scheduler import Submission
from tests.waiting import until

SOURCE = {"PATH": "/usr/bin:/bin"}


@pytest.fixture(name="runner")
def make_runner(tmp_path: Path) -> Iterator[LocalRunner]:
    """Run jobs only when asked, and leave none behind."""
    runner = LocalRunner(tmp_path / "queue", "alice", SOURCE, kill_wait_seconds=0.3, tick_seconds=None)
    yield runner
    ids = [str(number) for number in range(1, 10)]
    for job_id in runner.jobs(ids):
        runner.cancel(job_id)
    until(lambda: not any(facts.is_active for facts in runner.jobs(ids).values()))


def submit(runner: LocalRunner, folder: Path, body: str, **parts: object) -> str:
    """Queue a shell script."""
    asked = {"script": f"#!/bin/bash\n{body}\n", "token": "t", "work_dir": str(folder), **parts}
    return runner.submit(Submission(**asked))


def state(runner: LocalRunner, job_id: str) -> str:
    """Return a job's state."""
    return runner.jobs([job_id])[job_id].state


def test_one_job_runs_at_a_time(runner: LocalRunner, tmp_path: Path) -> None:
    """The next waits for Resources, and starts when the first has ended."""
    first = submit(runner, tmp_path, "exec sleep 60")
    second = submit(runner, tmp_path, "exec sleep 60")
    facts = runner.jobs([first, second])
    assert ["RUNNING", "PENDING"] == [facts[first].state, facts[second].state]
    assert "Resources" == facts[second].reason
    runner.cancel(first)
    until(lambda: state(runner, second) == "RUNNING")


def test_jobs_outlive_the_service(tmp_path: Path, runner: LocalRunner) -> None:
    """A new runner on the same folder knows the running job, and sees how it ended."""
    job_id = submit(runner, tmp_path, "while [ ! -e go ]; do sleep 0.02; done; exit 7")
    runner.close()
    following = LocalRunner(tmp_path / "queue", "alice", SOURCE, tick_seconds=None)
    assert "RUNNING" == state(following, job_id)
    (tmp_path / "go").touch()
    until(lambda: state(following, job_id) == "FAILED")
    assert "7:0" == following.jobs([job_id])[job_id].exit_code


def test_a_start_that_was_not_written_down_is_found(tmp_path: Path, runner: LocalRunner) -> None:
    """Killed between the start and its record: the process is taken on, never started twice."""
    job_id = submit(runner, tmp_path, "echo started >> count; exec sleep 60")
    until((tmp_path / "count").exists)
    with runner._ledger.open() as jobs:
        jobs[job_id].pid = jobs[job_id].birth = None
    assert "RUNNING" == state(runner, job_id)
    runner.cancel(job_id)
    until(lambda: state(runner, job_id) == "CANCELLED")
    assert "started\n" == (tmp_path / "count").read_text()


def test_a_start_that_never_happened_is_made(tmp_path: Path, runner: LocalRunner) -> None:
    """Killed between the record and the start: the job is started by the next look."""
    job_id = submit(runner, tmp_path, "exec sleep 60", hold=True)
    with runner._ledger.open() as jobs:
        jobs[job_id].held, jobs[job_id].state, jobs[job_id].started = False, "RUNNING", time.time()
    assert "RUNNING" == state(runner, job_id)
    with runner._ledger.open() as jobs:
        assert jobs[job_id].pid is not None


def test_a_process_of_the_same_number_is_not_the_job(tmp_path: Path, runner: LocalRunner) -> None:
    """After a reboot a job's number may be anybody's: it is neither the job nor killed."""
    job_id = submit(runner, tmp_path, "exit 0", hold=True)
    with runner._ledger.open() as jobs:
        job = jobs[job_id]
        job.held, job.state, job.started, job.pid, job.birth = False, "RUNNING", 1.0, os.getpid(), "before/1"
    folder = tmp_path / "queue" / job_id
    (folder / "started").mkdir(parents=True)
    (folder / "pid").write_text(str(os.getpid()))
    assert "FAILED" == state(runner, job_id)


def test_a_job_that_ignores_term_is_killed(runner: LocalRunner, tmp_path: Path) -> None:
    """TERM first; KILL to the whole group when it stays."""
    job_id = submit(runner, tmp_path, "trap '' TERM; touch ready; while true; do sleep 0.05; done")
    until((tmp_path / "ready").exists)
    runner.cancel(job_id)
    assert "COMPLETING" == state(runner, job_id)
    until(lambda: state(runner, job_id) == "CANCELLED")


def test_what_a_job_leaves_running_ends_with_it(runner: LocalRunner, tmp_path: Path) -> None:
    """As on a cluster, nothing of a job goes on without it."""
    job_id = submit(runner, tmp_path, "sleep 60 & echo $! > child; exit 0")
    until(lambda: state(runner, job_id) == "COMPLETED")
    child = int((tmp_path / "child").read_text())
    until(
        lambda: not Path(f"/proc/{child}/cmdline").exists() or not Path(f"/proc/{child}/cmdline").read_bytes()
    )


def test_the_time_limit_ends_a_job(runner: LocalRunner, tmp_path: Path) -> None:
    """TIMEOUT, as SLURM calls it."""
    job_id = submit(runner, tmp_path, "#SBATCH --time=0:01\nexec sleep 60")
    until(lambda: state(runner, job_id) == "TIMEOUT")


def test_a_job_that_cannot_write_fails(runner: LocalRunner, tmp_path: Path) -> None:
    """An output folder that vanished after the check is a failed job, not a stuck queue."""
    (tmp_path / "logs").mkdir()
    job_id = submit(runner, tmp_path, "true", hold=True, options={"output": "logs/x"})
    (tmp_path / "logs").rmdir()
    runner.release(job_id)
    facts = runner.jobs([job_id])[job_id]
    assert ("FAILED", "0:53") == (facts.state, facts.exit_code)


def test_ids_are_never_given_twice(runner: LocalRunner, tmp_path: Path) -> None:
    """Not even after the jobs have been forgotten."""
    assert "1" == submit(runner, tmp_path, "true", hold=True)
    with runner._ledger.open() as jobs:
        jobs.clear()
    assert "2" == submit(runner, tmp_path, "true", hold=True)


def test_the_queue_is_closed_to_others(runner: LocalRunner, tmp_path: Path) -> None:
    """It holds environments and scripts."""
    submit(runner, tmp_path, "true", hold=True)
    assert 0o700 == (tmp_path / "queue").stat().st_mode & 0o777


def test_a_job_knows_its_place(runner: LocalRunner, tmp_path: Path) -> None:
    """Its id and cluster are in its environment, and nothing pretends to be SLURM."""
    job_id = submit(runner, tmp_path, "env > env.txt")
    until(lambda: state(runner, job_id) == "COMPLETED")
    environment = (tmp_path / "env.txt").read_text()
    assert f"CUTLOSS_JOB_ID={job_id}\n" in environment
    assert "CUTLOSS_CLUSTER=local\n" in environment
    assert "SLURM" not in environment


def test_options_that_mean_nothing_here_are_named(runner: LocalRunner, tmp_path: Path) -> None:
    """A partition is passed over, and the check says so."""
    asked = Submission("#!/bin/sh\n", "t", str(tmp_path), options={"partition": "gpu", "time": "5"})
    (check,) = [check for check in runner.check(asked) if check.name == "options"]
    assert (True, "the local runner passes over partition") == (check.passed, check.finding)
