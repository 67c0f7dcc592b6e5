"""What the environment says of this process: its rank, its job, its run, its spool."""

import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Environ = Mapping[str, str]

RANK_VARIABLES = (
    "RANK",
    "SLURM_PROCID",
    "OMPI_COMM_WORLD_RANK",
    "PMIX_RANK",
    "PMI_RANK",
    "JSM_NAMESPACE_RANK",
    "LOCAL_RANK",
)
"""The first one set tells the rank; torchrun's comes before SLURM's, which then counts launchers."""

JOB_VARIABLES = {
    "id": "SLURM_JOB_ID",
    "cluster": "SLURM_CLUSTER_NAME",
    "array_job_id": "SLURM_ARRAY_JOB_ID",
    "name": "SLURM_JOB_NAME",
    "partition": "SLURM_JOB_PARTITION",
    "nodes": "SLURM_JOB_NODELIST",
    "submit_dir": "SLURM_SUBMIT_DIR",
}
JOB_NUMBERS = {
    "restart_count": "SLURM_RESTART_COUNT",
    "array_task_id": "SLURM_ARRAY_TASK_ID",
    "node_count": "SLURM_JOB_NUM_NODES",
    "gpus_on_node": "SLURM_GPUS_ON_NODE",
    "started": "SLURM_JOB_START_TIME",
    "ends": "SLURM_JOB_END_TIME",
}
LOCAL_JOB_VARIABLES = {"id": "CUTLOSS_JOB_ID", "cluster": "CUTLOSS_CLUSTER", "submit_dir": "PWD"}


def is_off(environ: Environ) -> bool:
    """Tell whether the client is switched off here, or is not the rank that reports."""
    return environ.get("CUTLOSS", "").strip().lower() in {"off", "0", "false", "no"} or rank(environ) != 0


def rank(environ: Environ) -> int:
    """Return this process's rank, 0 where nothing says otherwise."""
    for name in RANK_VARIABLES:
        if (number := _number(environ.get(name))) is not None:
            return number
    return 0


def job(environ: Environ) -> dict[str, Any] | None:
    """Return the scheduler's job of this process as the wire names it, ``None`` outside of one."""
    if environ.get("CUTLOSS_JOB_ID"):
        return {"cluster": "local", **_texts(environ, LOCAL_JOB_VARIABLES), **_here()}
    if not environ.get("SLURM_JOB_ID"):
        return None
    numbers = {key: _number(environ.get(name)) for key, name in JOB_NUMBERS.items()}
    known = {key: number for key, number in numbers.items() if number is not None}
    return {"cluster": "cluster", **_texts(environ, JOB_VARIABLES), **known, **_here()}


def run_id(name: str, environ: Environ) -> str:
    """Return the run's id: the environment's, or one made of the name and the job.

    A SLURM job keeps its id over requeues, so its run does too. The local runner counts anew in each
    of its folders, so its jobs, like processes outside of a job, get an id of their own.
    """
    if given := environ.get("CUTLOSS_RUN"):
        return slug(given)
    if environ.get("CUTLOSS_JOB_ID") or not environ.get("SLURM_JOB_ID"):
        return f"{slug(name)}-{os.urandom(4).hex()}"
    array, task = environ.get("SLURM_ARRAY_JOB_ID"), environ.get("SLURM_ARRAY_TASK_ID")
    suffix = f"{array}_{task}" if array and task else environ["SLURM_JOB_ID"]
    return slug(f"{slug(name, 60)}-{suffix}")


def attempt_id(started: float) -> str:
    """Return a new name for this process start; names sort by time."""
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(started))}-{os.urandom(4).hex()}"


def slug(text: str, longest: int = 80) -> str:
    """Return a text as an id: letters, digits, dot, dash and underscore, at most ``longest``."""
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:longest]
    return kept or "run"


def spool_folder(environ: Environ) -> Path:
    """Return the folder that holds the spools of all runs."""
    given = environ.get("CUTLOSS_SPOOL")
    return Path(given) if given else home(environ) / ".cutloss" / "spool"


def home(environ: Environ) -> Path:
    """Return the user's home folder."""
    return Path(environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises without one


def process_started(now: float) -> float:
    """Return the epoch second this process started, ``now`` where the system does not tell.

    In an interactive session that moment says nothing about the training, so ``now`` stands there too.
    """
    if hasattr(sys, "ps1") or "ipykernel" in sys.modules:
        return now
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return now
    return now - max(age, 0.0)


def _here() -> dict[str, Any]:
    return {"host": os.uname().nodename, "pid": os.getpid()}


def _texts(environ: Environ, table: Mapping[str, str]) -> dict[str, str]:
    return {key: environ[name] for key, name in table.items() if environ.get(name)}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.strip().isascii() and text.strip().isdigit() else None
