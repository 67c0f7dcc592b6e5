"""A service that kills itself with KILL when a replacement reaches a state; started by test_killed.py."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from app.replace import Replacer
from app.replace_stage import Pauses
from app.replacement import Order
from app.store import open_store
from app.supervision import Supervision
from tests.slurm.conftest import Cluster
from tests.slurm.waiting import report_step

KEPT = "sh -c 'echo began >> began; exec sleep 600'"
"""The corrected command of a job that keeps its nodes."""


def serve(database: Path, folder: Path, order: Order, state: str, when: str) -> None:
    """Replace the job of the run ``r`` until death, "before" or "after" a state is stored."""
    store = open_store(database)
    put = store.put_replacement

    def dying_put(id: str, of: str, entered: str, data: dict[str, Any], at: float) -> None:  # noqa: A002 - the store's own name
        if entered == state and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        put(id, of, entered, data, at)
        if entered == "started":
            report_step(store, data["new_id"])
        if entered == state:
            os.kill(os.getpid(), signal.SIGKILL)

    store.put_replacement = dying_put  # type: ignore[method-assign]  # dies at the one place that stores
    # Service and job meet in files of one user's: here of who runs the tests.
    scheduler = Cluster(folder, {}).scheduler("root" if order == "keep" else "alice")
    supervision = Supervision(database.parent)
    pauses = Pauses(poll=0.05, longest_poll=0.2)
    replacer = Replacer(store, scheduler, time.time, pauses=pauses, supervision=supervision)
    script = KEPT if order == "keep" else "#!/bin/bash\nexec sleep 600\n"
    started = replacer.start(
        "r", script=script, user="alice", order=order, checkpoint_wait_seconds=0.2, signal="USR2"
    )
    replacer.wait(started.id, 60.0)
