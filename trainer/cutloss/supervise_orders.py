"""The files of a supervised job: what was ordered, and which process takes orders."""

import contextlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cutloss.environment import home

_OTHERS_MAY_WRITE = 0o022
_ORDERED_VARIABLES = frozenset({"CUTLOSS_RUN", "CUTLOSS_REPLACES"})
"""What an order may set for the corrected command: it is a run of its own, with the old one as its origin."""
_RUNNING_BYTES = 1_000_000
_CLAIMS = 3


@dataclass(frozen=True)
class Order:
    """A command that is to take the running one's place."""

    id: str
    command: Sequence[str]
    environment: Mapping[str, str]
    given: float
    """When its file was written, in epoch seconds."""


def orders_file(environ: Mapping[str, str]) -> Path:
    """Return the file in which this job's orders appear."""
    given = environ.get("CUTLOSS_SUPERVISE")
    cluster, job = environ.get("SLURM_CLUSTER_NAME", "cluster"), environ.get("SLURM_JOB_ID", "none")
    if environ.get("CUTLOSS_JOB_ID"):
        cluster, job = "local", environ["CUTLOSS_JOB_ID"]
    return Path(given) if given else home(environ) / ".cutloss" / "supervise" / f"{cluster}-{job}.json"


def claim(orders: Path, environ: Mapping[str, str]) -> str | None:
    """Take a job's orders for this process; return why not, ``None`` where they are its own now.

    One process of a job takes them: two would each start the corrected command.
    """
    task = environ.get("SLURM_PROCID", "")
    if task.isascii() and task.isdigit() and int(task) > 0:
        return f"this is task {task} of its step; expected cutloss supervise once, around srun"
    try:
        orders.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        return f"{orders.parent}: {error.strerror}"
    running, part = orders.with_suffix(".running"), orders.with_suffix(f".{os.getpid()}.part")
    # Where no link can be made, what is said as soon as the command runs is all there is.
    with contextlib.suppress(OSError):
        try:
            part.write_text(json.dumps(this_process()))
            part.chmod(0o600)
            return _link(part, running)
        finally:
            part.unlink(missing_ok=True)
    return None


def _link(part: Path, running: Path) -> str | None:
    """Make the note that orders are taken, of two processes in one only; return why not."""
    for _ in range(_CLAIMS):
        with contextlib.suppress(FileExistsError):
            os.link(part, running)
            return None
        taker = teller(running)
        if _is_another(taker):
            return f"process {taker['pid']} of this host takes them already"
        running.unlink(missing_ok=True)
    return "another process takes them"


def this_process() -> dict[str, object]:
    """Return what tells this process from all others: its host, its id, its start."""
    pid = os.getpid()
    return {"host": os.uname().nodename, "pid": pid, "started_ticks": _started_ticks(pid)}


def teller(running: Path) -> dict[str, object]:
    """Return which process says that it takes orders; empty: none."""
    with contextlib.suppress(OSError, ValueError, RecursionError), running.open("rb") as file:
        told = json.loads(file.read(_RUNNING_BYTES))
        if isinstance(told, dict) and isinstance(told.get("pid"), int):
            return {name: told.get(name) for name in this_process()}
    return {}


def _is_another(taker: Mapping[str, object]) -> bool:
    """Say whether that is a living process of this host, and not this one."""
    pid, myself = taker.get("pid"), this_process()
    if not isinstance(pid, int) or pid <= 0 or taker["host"] != myself["host"] or taker == myself:
        return False
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return False
    # A process id comes back, after a node's restart above all; its start does not.
    return taker["started_ticks"] == _started_ticks(pid)


def _started_ticks(pid: int) -> str | None:
    """Return when a process started, in ticks since the boot; ``None`` where the system does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def read_order(path: Path) -> Order | None:
    """Return an order; ``None`` where this user alone gave none."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & _OTHERS_MAY_WRITE:
                return None
            told = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("id"), str):
        return None
    command, environment = told.get("command"), told.get("environment", {})
    if not isinstance(command, list) or not command or not all(_is_text(word) for word in command):
        return None
    return Order(told["id"], command, environment, status.st_mtime) if _may_be_set(environment) else None


def _may_be_set(environment: object) -> bool:
    """Say whether an order's variables are cutloss's own, with the ids of runs."""
    return isinstance(environment, dict) and all(
        name in _ORDERED_VARIABLES and _is_text(value) and re.fullmatch(r"[\w.-]{1,100}", value)
        for name, value in environment.items()
    )


def _is_text(value: object) -> bool:
    """Say whether a value may be a word of a command: half a surrogate pair has no bytes."""
    try:
        return isinstance(value, str) and b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False
