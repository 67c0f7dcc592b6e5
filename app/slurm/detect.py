"""Choosing who runs jobs: SLURM where its commands and a cluster are found, else the local runner."""

import os
import pwd
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from app.slurm import process
from app.slurm.commands import SlurmCommands
from app.slurm.environment import build_environment
from app.slurm.local import LocalRunner
from app.slurm.scheduler import Scheduler, SchedulerUnreachableError

Choice = Literal["auto", "slurm", "local", "none"]

_PROGRAMS = ("sbatch", "squeue", "scontrol", "scancel")
_CONFIGURATIONS = ("/etc/slurm/slurm.conf", "/etc/slurm-llnl/slurm.conf", "/run/slurm/conf/slurm.conf")


def choose_scheduler(choice: Choice, *, source: Mapping[str, str], local_folder: Path) -> Scheduler | None:
    """Return the scheduler to act through, as the user who runs this process; ``None`` for ``"none"``.

    Args:
        choice: ``"auto"`` takes SLURM where its programs and a cluster are found, even while its controller
            is away: falling back to the local runner then would start jobs in the wrong place.
        source: the service's environment.
        local_folder: where the local runner keeps its queue.

    Raises:
        SchedulerUnreachableError: SLURM was asked for and is not there.
    """
    user = pwd.getpwuid(os.geteuid()).pw_name
    if choice == "none":
        return None
    cluster = None if choice == "local" else _cluster(source)
    if cluster is not None:
        return SlurmCommands(cluster, user, source)
    if choice == "slurm":
        raise SchedulerUnreachableError(
            "no SLURM here: expected sbatch on the PATH and a slurm.conf, or an answer"
        )
    return LocalRunner(local_folder, user, source)


def _cluster(source: Mapping[str, str]) -> str | None:
    """Return the cluster's name from its configuration file, or from the controller of a site without one."""
    if not all(shutil.which(program, path=source.get("PATH")) for program in _PROGRAMS):
        return None
    for path in filter(None, (source.get("SLURM_CONF"), *_CONFIGURATIONS)):
        name = _cluster_in(Path(path))
        if name is not None:
            return name
    return _cluster_by_controller(source)


def _cluster_in(path: Path) -> str | None:
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return None
    match = re.search(r"^\s*ClusterName\s*=\s*([\w.-]+)", text, re.MULTILINE | re.IGNORECASE)
    return match[1] if match else None


def _cluster_by_controller(source: Mapping[str, str]) -> str | None:
    done = process.run(
        ["scontrol", "show", "config"], environment=build_environment(source), timeout_seconds=15.0
    )
    match = re.search(r"^ClusterName\s*=\s*(\S+)", done.stdout, re.MULTILINE)
    return match[1] if match else None
