"""Choosing who runs jobs: SLURM where its commands and a cluster are found, else the local runner."""

import os
import pwd
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.settings import Settings
from app.slurm import process
from app.slurm.commands import SlurmCommands
from app.slurm.environment import build_environment
from app.slurm.local import LocalRunner
from app.slurm.rest import SlurmRest
from app.slurm.rest_daemon import RestDaemon
from app.slurm.scheduler import Scheduler, SchedulerUnreachableError
from app.slurm.web_token import WebToken, token_source

Choice = Literal["auto", "slurm", "rest", "local", "none"]

_PROGRAMS = ("sbatch", "squeue", "scontrol", "scancel")
_CONFIGURATIONS = ("/etc/slurm/slurm.conf", "/etc/slurm-llnl/slurm.conf", "/run/slurm/conf/slurm.conf")


@dataclass(frozen=True, slots=True)
class Rest:
    """Where slurmrestd is, and the file of the user's token; ``None``: from the environment, or made."""

    url: str = ""
    token: Path | None = None


def choose_scheduler(
    choice: Choice, *, source: Mapping[str, str], local_folder: Path, rest: Rest | None = None
) -> Scheduler | None:
    """Return the scheduler to act through, as the user who runs this process; ``None`` for ``"none"``.

    Args:
        choice: ``"auto"`` takes SLURM where its programs and a cluster are found, even while its controller
            is away: falling back to the local runner then would start jobs in the wrong place.
        source: the service's environment.
        local_folder: where the local runner keeps its queue.
        rest: where slurmrestd is, for ``"rest"``.

    Raises:
        SchedulerUnreachableError: SLURM was asked for and is not there.
    """
    user = pwd.getpwuid(os.geteuid()).pw_name
    if choice == "none":
        return None
    if choice == "rest":
        return _rest(rest or Rest(), user, source)
    cluster = None if choice == "local" else _cluster(source)
    if cluster is not None:
        return SlurmCommands(cluster, user, source)
    if choice == "slurm":
        raise SchedulerUnreachableError(
            "no SLURM here: expected sbatch on the PATH and a slurm.conf, or an answer"
        )
    return LocalRunner(local_folder, user, source)


def scheduler_of(settings: Settings) -> Scheduler | None:
    """Return the scheduler that the service's settings name.

    Raises:
        SchedulerUnreachableError: SLURM was asked for and is not there.
    """
    return choose_scheduler(
        settings.scheduler, source=os.environ, local_folder=settings.state / "local",
        rest=Rest(settings.slurmrestd_url, settings.slurmrestd_token),
    )  # fmt: skip


def _rest(rest: Rest, user: str, source: Mapping[str, str]) -> Scheduler:
    if not rest.url:
        raise SchedulerUnreachableError("slurmrestd is asked for without its address; set slurmrestd_url")
    fetch = token_source(source, rest.token, process.run)
    token = None if rest.url.startswith("unix:") else WebToken(fetch, time.time)
    daemon = RestDaemon(rest.url, user, token)
    cluster = _cluster_in_files(source) or daemon.cluster()
    if cluster is None:
        raise SchedulerUnreachableError(
            "slurmrestd does not tell the cluster's name; expected a slurm.conf here (SLURM_CONF)"
        )
    return SlurmRest(cluster, user, source, daemon)


def _cluster(source: Mapping[str, str]) -> str | None:
    """Return the cluster's name from its configuration file, or from the controller of a site without one."""
    if not all(shutil.which(program, path=source.get("PATH")) for program in _PROGRAMS):
        return None
    return _cluster_in_files(source) or _cluster_by_controller(source)


def _cluster_in_files(source: Mapping[str, str]) -> str | None:
    paths = filter(None, (source.get("SLURM_CONF"), *_CONFIGURATIONS))
    return next((name for path in paths if (name := _cluster_in(Path(path)))), None)


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
