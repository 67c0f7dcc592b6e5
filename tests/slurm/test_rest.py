"""slurmrestd for real: directives become fields, other users stay out, no question ends the daemon."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.replace import Replacer
from app.replace_stage import Pauses
from app.slurm.rest import SlurmRest
from app.slurm.rest_daemon import RestDaemon
from app.slurm.scheduler import (
    SchedulerError,
    SchedulerUnavailableError,
    Submission,
)
from app.slurm.web_token import WebToken
from app.store import open_store
from tests.slurm.waiting import start_old, until

pytestmark = pytest.mark.slurm

SCRIPT = """#!/bin/bash
#SBATCH --job-name=fields --partition=debug
#SBATCH -t 7 --gres=gpu:2 -c 2
#SBATCH --mem=300M --output=%x-%j.txt
exec sleep 600
"""


def submission(folder: Path, script: str = SCRIPT, **parts: Any) -> Submission:
    """Return a submission with a token of its own."""
    return Submission(script, f"cutloss:{uuid4().hex}", str(folder), **parts)


def test_directives_are_sent_as_fields(alice_by_rest: Any, alice: Any, folder: Path) -> None:
    """What slurmrestd passes over in the script arrives all the same, as SLURM's own commands see."""
    job_id = alice_by_rest.submit(submission(folder, hold=True))
    facts = alice.detail(job_id)
    assert ("fields", "debug", 420.0, 2, "alice") == (
        facts.name, facts.partition, facts.time_limit_seconds, facts.gpus, facts.user,
    )  # fmt: skip
    assert f"{folder}/fields-{job_id}.txt" == facts.stdout == alice_by_rest.detail(job_id).stdout


def test_what_cannot_be_said_is_refused(alice_by_rest: Any, folder: Path) -> None:
    """A directive without a field would be lost silently."""
    asked = submission(folder, "#!/bin/bash\n#SBATCH --exclude=node2 --signal=B:USR1@60\ntrue\n")
    (failed,) = [check for check in alice_by_rest.check(asked) if not check.passed]
    assert "fields" == failed.name
    with pytest.raises(SchedulerError, match=r"signal|--exclude"):
        alice_by_rest.submit(asked)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"partition": "nosuch"}, "nvalid partition"), ({"gres": "gpu:9"}, "not available")],
)
def test_slurms_refusals_are_told(
    alice_by_rest: Any, folder: Path, options: dict[str, str], words: str
) -> None:
    """In SLURM's words."""
    with pytest.raises(SchedulerError, match=words):
        alice_by_rest.submit(submission(folder, options=options))


def test_another_user_cannot_touch_a_job(cluster: Any, alice_by_rest: Any, folder: Path) -> None:
    """The other sees it, and neither signals, changes nor cancels it."""
    job_id = alice_by_rest.submit(submission(folder))
    until(lambda: alice_by_rest.jobs([job_id])[job_id].state == "RUNNING")
    bob = cluster.rest("bob")
    assert "alice" == bob.jobs([job_id])[job_id].user
    for verb in (
        lambda: bob.cancel(job_id),
        lambda: bob.signal(job_id, "USR1", "full"),
        lambda: bob.set_time_limit(job_id, 60.0),
    ):
        with pytest.raises(SchedulerError, match=r"denied|Invalid user id"):
            verb()
    assert "owner" in [check.name for check in bob.verify(job_id) if not check.passed]
    assert "RUNNING" == alice_by_rest.jobs([job_id])[job_id].state


def test_array_tasks_that_wait_are_told_apart(alice_by_rest: Any, folder: Path) -> None:
    """SLURM keeps them in one record; a part of a job is not acted on by its number."""
    job = {"array": "0-3:2", "hold": True, "environment": {"PATH": "/bin"}, "name": "array"}
    job["current_working_directory"] = str(folder)
    body = {"job": job, "script": "#!/bin/sh\nsleep 60\n"}
    answer = alice_by_rest._daemon.slurm("POST", "job/submit", body).must()
    base = answer.document["job_id"]
    assert {f"{base}_0", f"{base}_2"} == set(alice_by_rest.jobs([f"{base}_0", f"{base}_1", f"{base}_2"]))
    with pytest.raises(SchedulerError, match="whole jobs"):
        alice_by_rest.cancel(f"{base}_0")


def test_a_job_the_controller_has_forgotten_is_read_from_accounting(alice_by_rest: Any, folder: Path) -> None:
    """State, owner and token; an exit code that 22.05 always writes as 0 is not believed."""
    asked = submission(folder, "#!/bin/bash\nexit 3\n")
    job_id = alice_by_rest.submit(asked)
    until(lambda: any(facts.ended for _, facts in alice_by_rest._account(job_id)))
    ((raw, facts),) = alice_by_rest._account(job_id)
    assert (job_id, "FAILED", None, "alice", asked.token) == (
        raw, facts.state, facts.exit_code, facts.user, facts.comment,
    )  # fmt: skip


def test_a_controller_that_is_down_is_an_outage(alice_by_rest: Any, cluster: Any, folder: Path) -> None:
    """Never "there is no such job"; nor is a token that is no good."""
    job_id = alice_by_rest.submit(submission(folder, hold=True))
    url = f"http://127.0.0.1:{int(cluster.settings['SLURMBOX_PORT']) + 3}"
    stale = SlurmRest("box", "alice", {}, RestDaemon(url, "alice", WebToken(lambda: "a.b.c", time.time)))
    with pytest.raises(SchedulerUnavailableError):
        stale.jobs([job_id])
    cluster.stop("slurmctld")
    try:
        with pytest.raises(SchedulerUnavailableError):
            alice_by_rest.set_time_limit(job_id, 60.0)
    finally:
        cluster.up()
    assert "PENDING" == alice_by_rest.jobs([job_id])[job_id].state


@pytest.fixture(name="socket")
def serve_on_a_socket(cluster: Any) -> Iterator[Path]:
    """Run alice's own slurmrestd on a unix socket."""
    folder = cluster.folder_of("alice", "rest")
    path = folder / "socket"
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin", "SLURM_CONF": cluster.configuration}
    argv = ["setpriv", "--reuid=alice", "--regid=alice", "--init-groups"]
    argv += ["slurmrestd", "-a", "rest_auth/local", f"unix:{path}"]
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until(path.exists)
        yield path
    finally:
        daemon.terminate()
        daemon.wait(10)


def test_a_unix_socket_needs_no_token(socket: Path, alice: Any, folder: Path) -> None:
    """The daemon acts as whoever runs it: alice's job is submitted, seen and cancelled."""
    daemon = RestDaemon(f"unix:{socket}", "alice", None)
    scheduler = SlurmRest("box", "alice", {"PATH": "/usr/bin:/bin"}, daemon)
    job_id = scheduler.submit(submission(folder, hold=True))
    assert "alice" == alice.jobs([job_id])[job_id].user
    assert "alice" == socket.owner()
    scheduler.cancel(job_id)
    until(lambda: alice.jobs([job_id])[job_id].state == "CANCELLED")


def test_a_relaunch_goes_through_slurmrestd(alice_by_rest: Any, folder: Path, tmp_path: Path) -> None:
    """The same transaction: OLD cancelled, NEW runs with OLD's limit."""
    store = open_store(tmp_path / "store.sqlite3")
    old = start_old(alice_by_rest, store, folder)
    replacer = Replacer(store, alice_by_rest, time.time, pauses=Pauses(poll=0.05, longest_poll=0.2))
    started = replacer.start("r", script="#!/bin/bash\nexec sleep 600\n", user="alice")
    done = replacer.wait(started.id, 60.0)
    replacer.close()
    store.close()
    assert "done" == done.state, done.reason
    found = alice_by_rest.jobs([old, done.new_id])
    assert ("CANCELLED", "RUNNING", 1200.0) == (
        found[old].state, found[done.new_id].state, found[done.new_id].time_limit_seconds,
    )  # fmt: skip
