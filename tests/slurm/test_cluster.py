"""What only a real SLURM shows: other users, partitions, outages, accounting."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.slurm.detect import choose_scheduler
from app.slurm.scheduler import (
    SchedulerError,
    SchedulerUnavailableError,
    SchedulerUnreachableError,
    Submission,
)
from tests.slurm.waiting import until

pytestmark = pytest.mark.slurm

HOLD = "#!/bin/bash\nexec sleep 60\n"


def submission(folder: Path, script: str = HOLD, **parts: Any) -> Submission:
    """Return a submission with a token of its own."""
    return Submission(script, f"cutloss:{uuid4().hex}", str(folder), **parts)


def test_another_user_sees_a_job_and_cannot_touch_it(alice: Any, bob: Any, folder: Path) -> None:
    """The other sees alice's job; and gets neither its script nor its end, nor finds it by its token."""
    asked = submission(folder, hold=True)
    job_id = alice.submit(asked)
    assert "alice" == bob.jobs([job_id])[job_id].user
    assert bob.script(job_id) is None
    assert [] == bob.find(asked.token)
    for verb in (bob.cancel, bob.release):
        with pytest.raises(SchedulerError, match=r"denied|Invalid user id|not permitted"):
            verb(job_id)
    assert "owner" in [check.name for check in bob.verify(job_id) if not check.passed]
    assert "PENDING" == alice.jobs([job_id])[job_id].state


def test_the_jobs_facts_are_those_of_slurm(alice: Any, folder: Path) -> None:
    """Partition, GPUs and nodes are read."""
    options = {"partition": "debug", "gres": "gpu:2", "time": "10"}
    job_id = alice.submit(submission(folder, hold=True, options=options))
    facts = alice.detail(job_id)
    assert ("debug", 2, 1, 600) == (facts.partition, facts.gpus, facts.node_count, facts.time_limit_seconds)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"partition": "nosuch"}, "nvalid partition"),
        ({"gres": "gpu:9"}, "not available"),
        ({"mem": "900G"}, "not available"),
    ],
)
def test_what_slurm_refuses_fails_the_trial(
    alice: Any, folder: Path, options: dict[str, str], words: str
) -> None:
    """``--test-only`` says no in SLURM's words, and nothing is submitted."""
    asked = submission(folder, options=options)
    (failed,) = [check for check in alice.check(asked) if not check.passed]
    assert "trial" == failed.name
    assert words in failed.finding
    with pytest.raises(SchedulerError, match=words):
        alice.submit(asked)
    # Accounting may list a failed job that never was.
    assert [] == [facts for facts in alice.find(asked.token) if facts.is_active]


@pytest.mark.parametrize(
    ("options", "words"),
    [({"partition": "debug", "time": "31"}, "1860 s is beyond debug"), ({"partition": "closed"}, "DOWN")],
)
def test_what_slurm_accepts_and_never_runs_fails_the_verification(
    alice: Any, folder: Path, options: dict[str, str], words: str
) -> None:
    """A job held behind a dependency shows no partition limit: ours are looked up."""
    job_id = alice.submit(submission(folder, hold=True, options=options))
    findings = [check.finding for check in alice.verify(job_id) if not check.passed]
    assert words in "; ".join(findings)


def test_a_job_out_of_the_controllers_memory_is_read_from_accounting(alice: Any, folder: Path) -> None:
    """What squeue has forgotten sacct still knows: facts, token and script."""
    asked = submission(folder, "#!/bin/bash\nexit 3\n")
    job_id = alice.submit(asked)
    reaches(alice, job_id, "FAILED")
    until_accounted(alice, job_id)
    ((raw, facts),) = alice._accounts([job_id])
    assert (job_id, "FAILED", "3:0", "alice") == (raw, facts.state, facts.exit_code, facts.user)
    until(lambda: [job_id] == alice._find_ended(asked.token, "--user=alice"))


def reaches(scheduler: Any, job_id: str, state: str) -> None:
    """Wait until a job is in a state."""
    until(lambda: scheduler.jobs([job_id])[job_id].state == state)


def until_accounted(scheduler: Any, job_id: str) -> None:
    """Wait until accounting has a job's end; it lags by up to a second."""
    until(lambda: any(facts.ended for _, facts in scheduler._accounts([job_id])))


def test_array_tasks_go_by_their_own_ids(alice: Any, cluster: Any, folder: Path) -> None:
    """Each task is known; one that was cancelled before its start is forgotten at once."""
    base = array_of_two(cluster, folder)
    found = alice.jobs([f"{base}_0", f"{base}_1"])
    assert {f"{base}_0", f"{base}_1"} == set(found)
    alice.cancel(f"{base}_1")
    until(lambda: all(not facts.is_active for facts in alice.jobs([f"{base}_1"]).values()))
    assert alice.jobs([f"{base}_0"])[f"{base}_0"].is_active


def array_of_two(cluster: Any, folder: Path) -> str:
    """Submit an array as alice does by hand, and return its id."""
    argv = ["sbatch", "--parsable", "--array=0-1", "--chdir", str(folder), "--wrap", "sleep 60"]
    switch = ["setpriv", "--reuid=alice", "--regid=alice", "--init-groups"]
    environment = {"PATH": "/usr/bin:/bin", "SLURM_CONF": cluster.configuration}
    done = subprocess.run(
        [*switch, *argv], env=environment, cwd="/", check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_slurm_is_chosen_where_it_is(cluster: Any, tmp_path: Path) -> None:
    """``auto`` reads the cluster's name from its configuration; ``local`` and ``none`` are honoured."""
    source = {"PATH": "/usr/bin:/bin", "SLURM_CONF": cluster.configuration}
    chosen = choose_scheduler("auto", source=source, local_folder=tmp_path / "queue")
    assert chosen is not None
    assert ("slurm", "box", "root") == (chosen.name, chosen.cluster, chosen.user)
    assert choose_scheduler("none", source=source, local_folder=tmp_path) is None


def test_a_controller_that_is_down_is_an_outage(alice: Any, cluster: Any, folder: Path) -> None:
    """Nothing was reached, nothing was done: never "there is no such job"."""
    job_id = alice.submit(submission(folder, hold=True))
    cluster.stop("slurmctld")
    try:
        with pytest.raises(SchedulerUnreachableError, match="contact"):
            cluster.scheduler("alice", is_hasty=True).jobs([job_id])
    finally:
        cluster.up()
    assert "PENDING" == alice.jobs([job_id])[job_id].state


def test_what_a_hung_controller_was_asked_happens_when_it_wakes(
    cluster: Any, alice: Any, folder: Path
) -> None:
    """A submission times out and the job exists all the same: its token finds it."""
    hasty = cluster.scheduler("alice", timeout_seconds=2.0)
    asked = submission(folder, hold=True)
    os.kill(cluster.pid("slurmctld"), signal.SIGSTOP)
    try:
        with pytest.raises(SchedulerUnavailableError, match="in time") as timed_out:
            hasty.submit(asked)
    finally:
        os.kill(cluster.pid("slurmctld"), signal.SIGCONT)
    assert not isinstance(timed_out.value, SchedulerUnreachableError)
    until(lambda: len(alice.find(asked.token)) == 1)


def test_without_credentials_it_is_an_outage(alice: Any, cluster: Any, folder: Path) -> None:
    """The credential service being away says nothing of jobs."""
    job_id = alice.submit(submission(folder, hold=True))
    socket = cluster.folder / "munge" / "socket"
    socket.rename(socket.with_suffix(".away"))
    try:
        with pytest.raises(SchedulerUnreachableError):
            alice.jobs([job_id])
    finally:
        socket.with_suffix(".away").rename(socket)


def test_without_accounting_the_queue_still_answers(alice: Any, cluster: Any, folder: Path) -> None:
    """The database being away hides what ended long ago, nothing else."""
    job_id = alice.submit(submission(folder, hold=True))
    cluster.stop("slurmdbd")
    try:
        assert {job_id} == set(alice.jobs([job_id, "999999"]))
        assert [] == alice.find("cutloss:nothing")
    finally:
        cluster.up()
