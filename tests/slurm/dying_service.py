"""A service that kills itself with KILL when a replacement reaches a state; run by test_killed.py.

Arguments: store, cluster folder, run, state, "before" or "after" that state is stored, order.
"""

import os
import runpy
import signal
import sys
import time
from pathlib import Path
from typing import Any

from app.replace import Replacer
from app.replace_stage import Pauses
from app.store import open_store
from tests.slurm.waiting import report_step

conftest = runpy.run_path(str(Path(__file__).with_name("conftest.py")))


def main(database: str, folder: str, run: str, state: str, when: str, order: str) -> None:  # noqa: PLR0913, PLR0917 - the program's arguments
    """Replace the run's job until death."""
    store = open_store(Path(database))
    put = store.put_replacement

    def dying_put(id: str, of: str, entered: str, data: dict[str, Any], at: float) -> None:  # noqa: A002 - the store's own name
        if entered == state and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        put(id, of, entered, data, at)
        if entered == "started":
            report_step(store, data["new_id"])
        if entered == state:
            os.kill(os.getpid(), signal.SIGKILL)

    store.put_replacement = dying_put
    scheduler = conftest["Cluster"](Path(folder), {}).scheduler("alice")
    replacer = Replacer(store, scheduler, time.time, pauses=Pauses(poll=0.05, longest_poll=0.2))
    script = "#!/bin/bash\nexec sleep 600\n"
    started = replacer.start(
        run, script=script, user="alice", order=order, checkpoint_wait_seconds=0.2, signal="USR2"
    )
    replacer.wait(started.id, 60.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
