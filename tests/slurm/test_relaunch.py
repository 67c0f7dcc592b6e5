"""Relaunching on the real cluster: whatever goes wrong, the old job runs on, and the person is told why."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.errors import ForbiddenError
from app.replace import Replacer
from app.replace_stage import Pauses
from app.replacement import Replacement
from app.store import Store, open_store
from tests.slurm.waiting import report_checkpoint, report_step, start_old, until

pytestmark = pytest.mark.slurm

NEW = "#!/bin/bash\nexec sleep 600\n"
PAUSES = Pauses(poll=0.05, longest_poll=0.2, doubt=20.0, patience=5.0, start=60.0, sweep=(0.2,))


@pytest.fixture(name="store")
def make_store(tmp_path: Path) -> Iterator[Store]:
    """Keep everything in a file."""
    store = open_store(tmp_path / "store.sqlite3")
    yield store
    store.close()


@pytest.fixture(name="old")
def run_old(alice: Any, store: Store, folder: Path) -> str:
    """Start the job to be replaced."""
    return start_old(alice, store, folder)


@pytest.fixture(name="replacer")
def make_replacer(store: Store, alice: Any) -> Iterator[Replacer]:
    """Replace as alice."""
    replacer = Replacer(store, alice, time.time, pauses=PAUSES)
    yield replacer
    replacer.close()


def replaced(replacer: Replacer, **parts: Any) -> Replacement:
    """Replace the run's job and wait for the end of it."""
    started = replacer.start("r", **{"script": NEW, "user": "alice", **parts})
    return replacer.wait(started.id, 60.0)


def test_the_corrected_job_takes_over(replacer: Replacer, alice: Any, old: str, folder: Path) -> None:
    """OLD is cancelled, NEW runs with OLD's partition, limit and folder, and starts within a second or so."""
    done = replaced(replacer, options={"partition": "debug", "time": "10"})
    assert "done" == done.state, done.reason
    facts = alice.detail(done.new_id)
    assert ("RUNNING", "debug", 600.0, str(folder)) == (
        facts.state, facts.partition, facts.time_limit_seconds, facts.work_dir,
    )  # fmt: skip
    assert "CANCELLED" == alice.jobs([old])[old].state
    assert done.old_ended is not None
    assert done.new_started is not None
    assert done.new_started >= done.old_ended


def test_what_the_script_does_not_say_comes_from_the_old_job(
    replacer: Replacer, alice: Any, old: str
) -> None:
    """OLD's limit of 20 minutes was in its script; the corrected one does not name it."""
    done = replaced(replacer)
    assert "done" == done.state, done.reason
    assert 1200 == alice.jobs([done.new_id])[done.new_id].time_limit_seconds
    assert old == done.old_id


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"options": {"partition": "nosuch"}}, "nvalid partition"),
        ({"options": {"partition": "debug", "time": "31"}}, "beyond debug"),
        ({"options": {"partition": "closed"}}, "DOWN"),
        ({"options": {"gres": "gpu:9"}}, "not available"),
        ({"script": "#!/bin/bash\r\nsleep 600\r\n"}, "CRLF"),
        ({"script": "sleep 600\n"}, "shebang"),
        ({"script": "#!/bin/bash\n#SBATCH --array=0-9\nsleep 600\n"}, "whole array"),
        ({"work_dir": "/nowhere"}, "does not exist"),
    ],
)
def test_a_correction_that_cannot_run_leaves_the_old_job_alone(
    replacer: Replacer, alice: Any, old: str, parts: dict[str, Any], words: str
) -> None:
    """OLD runs on, NEW is not there, and the reason says why."""
    failed = replaced(replacer, **parts)
    assert "failed" == failed.state
    assert words in (failed.reason or "")
    assert "RUNNING" == alice.jobs([old])[old].state
    assert [] == [facts.id for facts in alice.find(failed.token) if facts.is_active]


def test_a_quota_for_one_job_leaves_the_old_job_alone(
    replacer: Replacer, alice: Any, cluster: Any, old: str
) -> None:
    """Where the site allows no second job to wait, OLD runs on."""
    cluster.manage("modify", "user", "alice", "set", "MaxSubmitJobs=1")
    try:
        failed = replaced(replacer)
    finally:
        cluster.manage("modify", "user", "alice", "set", "MaxSubmitJobs=-1")
    assert "failed" == failed.state
    assert "Job violates accounting" in (failed.reason or "")
    assert "RUNNING" == alice.jobs([old])[old].state


def test_an_absent_controller_leaves_the_old_job_alone(
    replacer: Replacer, alice: Any, cluster: Any, old: str
) -> None:
    """The controller goes away between the click and the submission: the reason is kept, nothing is lost."""
    check = alice.check

    def away(submission: Any) -> Any:
        findings = check(submission)
        cluster.stop("slurmctld")
        alice.submit = cluster.scheduler("alice", is_hasty=True).submit
        return findings

    alice.check = away
    try:
        failed = replaced(replacer)
    finally:
        cluster.up()
    assert ("failed", True) == (failed.state, "contact" in (failed.reason or ""))
    assert "RUNNING" == alice.jobs([old])[old].state
    assert [] == alice.find(failed.token)


def test_a_hung_controllers_submission_is_found_by_its_token(
    replacer: Replacer, alice: Any, cluster: Any, old: str
) -> None:
    """Sbatch gets no answer, the controller wakes and carries it out: NEW is found and takes over."""
    hasty = cluster.scheduler("alice", timeout_seconds=1.5)
    pid = cluster.pid("slurmctld")

    def hung(submission: Any) -> str:
        os.kill(pid, signal.SIGSTOP)
        try:
            job_id: str = hasty.submit(submission)
        finally:
            os.kill(pid, signal.SIGCONT)
        return job_id

    alice.submit = hung
    done = replaced(replacer)
    assert "done" == done.state, done.reason
    assert any("found by its token" in stage.words for stage in done.stages)
    assert ["RUNNING"] == [facts.state for facts in alice.find(done.token)]
    assert old == done.old_id


def test_another_users_job_is_refused(store: Store, alice: Any, bob: Any, folder: Path) -> None:
    """A service of bob's never gets as far as asking SLURM to touch alice's job."""
    old = start_old(alice, store, folder)
    replacer = Replacer(store, bob, time.time, pauses=PAUSES)
    with pytest.raises(ForbiddenError, match="alice's"):
        replaced(replacer, user="bob")
    replacer.close()
    assert "RUNNING" == alice.jobs([old])[old].state
    assert "refused" == store.audit()[0].outcome


def test_the_command_line_of_the_old_job_is_kept(
    replacer: Replacer, alice: Any, store: Store, folder: Path
) -> None:
    """Memory, GPUs and arguments given to sbatch by hand are the corrected job's too."""
    asked = {"mem": "300M", "gres": "gpu:2", "cpus-per-task": "2"}
    script = '#!/bin/bash\necho "$@" > arguments\nexec sleep 600\n'
    old = start_old(alice, store, folder, script, script_args=("--lr", "3"), options=asked)
    until(lambda: (alice.detail(old).submit_line or "").startswith("sbatch"))  # accounting lags
    (folder / "arguments").unlink()
    done = replaced(replacer, script=script + "# corrected\n")
    assert "done" == done.state, done.reason
    assert asked.items() <= done.options.items()
    until(lambda: (folder / "arguments").exists() and (folder / "arguments").read_text() == "--lr 3\n")
    assert 2 == alice.jobs([done.new_id])[done.new_id].gpus


TRAINING = """
import pathlib, signal, time

signal.signal(signal.SIGUSR1, lambda *_: pathlib.Path("asked").touch())
pathlib.Path("ready").touch()
while True:
    time.sleep(0.05)
"""


@pytest.mark.parametrize(
    ("starts", "target"),
    [
        ("exec /usr/bin/python3 train.py", "batch"),
        ("srun /usr/bin/python3 train.py", "step"),
        ("trap : USR1\n/usr/bin/python3 train.py &\nwait\nwait", "full"),
    ],
)
def test_a_signal_reaches_the_training_however_it_was_started(
    alice: Any, store: Store, folder: Path, starts: str, target: str
) -> None:
    """The trainer does not answer, gets USR1, lives on and saves: that is the answer."""
    (folder / "train.py").write_text(TRAINING)
    old = start_old(alice, store, folder, f"#!/bin/bash\n#SBATCH --time=20\n{starts}\n")
    until((folder / "ready").exists)
    ahead = [0.0]
    with closing(Replacer(store, alice, lambda: time.time() + ahead[0], pauses=PAUSES)) as replacer:
        started = replacer.start("r", script=NEW, user="alice", checkpoint_wait_seconds=600.0, signal="USR1")
        until(lambda: (store.replacement(started.id) or {})["state"] == "checkpoint_asked")
        ahead[0] = 601.0
        until((folder / "asked").exists)
        assert "RUNNING" == alice.jobs([old])[old].state
        report_checkpoint(store, old, time.time() + ahead[0])
        done = replacer.wait(started.id, 60.0)
    assert "done" == done.state, done.reason
    assert done.checkpoint == {"status": "done", "step": 40, "path": "/ckpt/40"}
    assert any(f"USR1 is being sent ({target})" in stage.words for stage in done.stages)


def test_the_new_job_starts_first_where_that_is_wanted(
    replacer: Replacer, alice: Any, store: Store, old: str
) -> None:
    """Both run until NEW has reported a step; only then OLD is cancelled."""
    started = replacer.start("r", script=NEW, user="alice", order="overlap")
    until(lambda: bool(alice.find(started.token)) and alice.find(started.token)[0].state == "RUNNING")
    (new,) = alice.find(started.token)
    assert "RUNNING" == alice.jobs([old])[old].state
    report_step(store, new.id)
    done = replacer.wait(started.id, 60.0)
    assert ("done", 8) == (done.state, done.first_step)
    assert ("CANCELLED", "RUNNING") == tuple(alice.jobs([old, new.id])[each].state for each in (old, new.id))


def test_a_quota_for_one_running_job_forbids_overlapping(
    replacer: Replacer, alice: Any, cluster: Any, old: str
) -> None:
    """NEW may wait but not run beside OLD: it is undone, and the reason names the quota."""
    cluster.manage("modify", "user", "alice", "set", "MaxJobs=1")
    try:
        failed = replaced(replacer, order="overlap")
    finally:
        cluster.manage("modify", "user", "alice", "set", "MaxJobs=-1")
    assert "failed" == failed.state
    assert "quota does not let" in (failed.reason or "")
    assert "RUNNING" == alice.jobs([old])[old].state
    assert [] == [facts.id for facts in alice.find(failed.token) if facts.is_active]


def test_a_running_job_is_requeued_under_its_id(alice: Any, old: str) -> None:
    """It waits again; by slurmrestd it cannot be asked for."""
    alice.requeue(old)
    until(lambda: alice.jobs([old])[old].state == "PENDING")
    assert 1 == alice.jobs([old])[old].restart_count
