"""A service killed with KILL at any stage: the next one ends with exactly one job of the pair."""

import multiprocessing
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.replace import Replacer
from app.replace_stage import Pauses
from app.replacement import Replacement
from app.store import Store, open_store
from app.store.facts import JobKey
from app.supervision import Supervision
from tests.slurm import dying_service
from tests.slurm.waiting import report_step, start_old, until

pytestmark = pytest.mark.slurm

# Each service is a process of its own, forked from one that has imported everything and does nothing else.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.slurm.dying_service"])

# Before and after every side effect: the submission, the checkpoint's request, the release, the cancel.
POINTS = [
    ("prepared", "after"),
    ("submitting", "after"),
    ("submitted", "before"),
    ("submitted", "after"),
    ("asking", "after"),
    ("checkpoint_asked", "before"),
    ("releasing", "after"),
    ("released", "before"),
    ("cancelling", "before"),
    ("cancelling", "after"),
    ("cancelled", "before"),
    ("handed_over", "before"),
    ("done", "before"),
]


# The same beside the old job, and around the signal, which the trainer of these jobs lives through.
OVERLAP_POINTS = [
    ("submitted", "after"),
    ("starting", "after"),
    ("started", "before"),
    ("started", "after"),
    ("proven", "before"),
    ("proven", "after"),
    ("signalling", "after"),
    ("signalled", "before"),
    ("released", "after"),
    ("cancelling", "after"),
    ("cancelled", "before"),
]

# In the job that keeps its nodes: around the order and the supervisor's answers.
KEEP_POINTS = [
    ("signalled", "before"),
    ("released", "after"),
    ("cancelling", "after"),
    ("cancelled", "before"),
    ("handed_over", "before"),
    ("handed_over", "after"),
    ("done", "before"),
]
TRAINER = Path(__file__).resolve().parents[2] / "trainer"
SUPERVISED = """#!/bin/bash
#SBATCH --time=20
export PYTHONPATH={trainer} CUTLOSS_SUPERVISE={folder}/box-$SLURM_JOB_ID.json
exec /usr/bin/python3 -m cutloss.cli supervise --grace 5 --probation 0.1 -- \\
  sh -c "trap '' USR2; exec sleep 600"
"""
PAUSES = Pauses(poll=0.05, longest_poll=0.2, doubt=2.0, sweep=(0.5,))
LIVES = "#!/bin/bash\n#SBATCH --time=20\ntrap '' USR2\nexec sleep 600\n"


@pytest.fixture(name="store")
def make_store(tmp_path: Path) -> Iterator[Store]:
    """Keep everything in a file that several services open in turn."""
    store = open_store(tmp_path / "store.sqlite3")
    yield store
    store.close()


@pytest.mark.parametrize(
    ("order", "state", "when"),
    [*(("handover", *point) for point in POINTS), *(("overlap", *point) for point in OVERLAP_POINTS)],
)
def test_exactly_one_job_is_left(  # noqa: PLR0913, PLR0917 - fixtures
    cluster: Any, alice: Any, folder: Path, store: Store, tmp_path: Path, order: str, state: str, when: str
) -> None:
    """The next service takes it up and ends it; one job runs or waits to run, never two or none."""
    old = start_old(alice, store, folder, LIVES)
    kill_service(cluster, tmp_path, order, state, when)
    following = Replacer(store, alice, time.time, pauses=PAUSES)
    new_id = store.replacements("r")[0]["new_id"]
    if order == "overlap" and new_id is not None:
        report_step(store, new_id)
    ended = resumed(following)
    pair = [old, *(facts.id for facts in alice.find(ended.token))]
    until(lambda: all(facts.state != "COMPLETING" for facts in alice.jobs(pair).values()))
    active = [facts for facts in alice.jobs(pair).values() if facts.is_active]
    assert 1 == len(active)
    assert "JobHeldUser" != active[0].reason
    # Only a submission that nobody saw go out is given up; everything else is carried to its end.
    gave_up = (state, when) == ("submitting", "after")
    assert gave_up == (active[0].id == old)
    assert ("failed" if gave_up else "done") == ended.state


@pytest.mark.parametrize(("state", "when"), KEEP_POINTS)
def test_a_corrected_command_is_started_once(  # noqa: PLR0913, PLR0917 - fixtures
    cluster: Any, root: Any, store: Store, tmp_path: Path, state: str, when: str
) -> None:
    """The job is the same one and runs on with it; no other was submitted."""
    supervision = Supervision(tmp_path)
    job = start_old(root, store, tmp_path, SUPERVISED.format(trainer=TRAINER, folder=tmp_path))
    until(lambda: supervision.of(JobKey("box", job)) is not None)
    kill_service(cluster, tmp_path, "keep", state, when)
    ended = resumed(Replacer(store, root, time.time, pauses=PAUSES, supervision=supervision))
    assert ("done", job, job) == (ended.state, ended.old_id, ended.new_id), ended.reason
    running = supervision.of(JobKey("box", job))
    assert running is not None
    assert tuple(shlex.split(dying_service.KEPT)) == running.command
    began = tmp_path / "began"
    assert "began\n" == until(lambda: began.exists() and began.read_text())
    assert "RUNNING" == root.jobs([job])[job].state
    assert [] == root.find(ended.token)


def kill_service(cluster: Any, folder: Path, order: str, state: str, when: str) -> None:
    """Let a service replace the job of the run ``r`` until it kills itself."""
    asked = (folder / "store.sqlite3", cluster.folder, order, state, when)
    service = FORKS.Process(target=dying_service.serve, args=asked)
    service.start()
    service.join(60)
    assert -9 == service.exitcode


def resumed(following: Replacer) -> Replacement:
    """Return what the next service makes of it."""
    (left,) = following.resume_all()
    ended = following.wait(left, 60.0)
    following.close()
    assert not ended.is_active
    return ended
