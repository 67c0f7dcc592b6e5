"""The job that is to be replaced, and what is reported of it."""

import time
from pathlib import Path
from typing import Any

from app.records import RecordBatch
from app.slurm.scheduler import Scheduler, Submission
from app.store import Store
from tests.waiting import until

LONG = "#!/bin/bash\n#SBATCH --time=20\nexec sleep 600\n"


def start_old(scheduler: Scheduler, store: Store, folder: Path, script: str = LONG, **parts: Any) -> str:
    """Start the job to be replaced and report the run ``r`` from it."""
    old = scheduler.submit(Submission(script, "old", str(folder), **parts))
    until(lambda: scheduler.jobs([old])[old].state == "RUNNING")
    job = {"cluster": scheduler.cluster, "id": old}
    batch = RecordBatch.model_validate({"v": 1, "attempt": "a", "attempt_started": time.time(), "job": job})
    store.add("alice", "r", batch, time.time())
    return old


def report_checkpoint(store: Store, old: str, started: float) -> None:
    """Report a checkpoint of the run ``r``."""
    columns = {"seq": [5], "step": [40], "started": [started], "seconds": [0.1], "path": ["/ckpt/40"]}
    job = {"cluster": "box", "id": old}
    parts = {"v": 1, "attempt": "a", "attempt_started": time.time(), "job": job, "checkpoints": columns}
    store.add("alice", "r", RecordBatch.model_validate(parts), time.time())


def report_step(store: Store, new: str) -> None:
    """Report the first step of the run ``n`` from the job that takes the old one's place."""
    columns = {"seq": [1], "step": [8], "ended": [2.0], "seconds": [1.0], "loss": [2.0], "lr": [None]}
    job = {"cluster": "box", "id": new}
    parts = {"v": 1, "attempt": "n", "attempt_started": time.time(), "job": job, "steps": columns}
    store.add("alice", "n", RecordBatch.model_validate(parts), time.time())
