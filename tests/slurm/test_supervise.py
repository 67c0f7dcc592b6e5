"""A step inside an allocation is started again with a corrected command, and the job keeps its nodes."""

import json
import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from app.slurm.scheduler import Submission
from tests.slurm.waiting import until

pytestmark = pytest.mark.slurm


def test_a_step_is_restarted_without_a_queue(alice: Any, library: Path, folder: Path) -> None:
    """The old step ends, the corrected one runs in the same job, and its exit code is the job's."""
    orders = folder / "orders.json"
    step = "srun /bin/sh -c 'touch first; exec sleep 600'"
    script = (
        f"#!/bin/bash\nexport PYTHONPATH={library} CUTLOSS_SUPERVISE={orders}\n"
        f"exec /usr/bin/python3 -m cutloss.cli supervise --grace 5 -- {step}\n"
    )
    job_id = alice.submit(Submission(script, "supervised", str(folder)))
    until((folder / "first").exists)
    corrected = ["srun", "/bin/sh", "-c", "echo $SLURM_JOB_ID > second"]
    part = folder / "part"
    part.write_text(json.dumps({"id": "fix-1", "command": corrected}))
    part.chmod(0o600)
    os.chown(part, pwd.getpwnam("alice").pw_uid, -1)
    part.replace(orders)
    until(lambda: alice.jobs([job_id])[job_id].state == "COMPLETED")
    assert "0:0" == alice.jobs([job_id])[job_id].exit_code
    assert f"{job_id}\n" == (folder / "second").read_text()
    assert "settled" == json.loads(orders.with_suffix(".answer").read_text())["state"]
