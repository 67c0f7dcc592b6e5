"""``cutloss supervise``: run a training inside its allocation, and start it again with a corrected command.

The order comes as a file of the user's own, so that the nodes are kept and no queue is waited for. Beside it
``….running`` says that orders are taken, and what runs; ``….answer`` what came of the last one.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cutloss.environment import home
from cutloss.questions import Exit, NoAnswerError

LOOK_SECONDS = 1.0
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_OTHERS_MAY_WRITE = 0o022
_ORDERED_VARIABLES = frozenset({"CUTLOSS_RUN", "CUTLOSS_REPLACES"})
"""What an order may set for the corrected command: it is a run of its own, with the old one as its origin."""


@dataclass(frozen=True)
class Order:
    """A command that is to take the running one's place."""

    id: str
    command: Sequence[str]
    environment: Mapping[str, str]


class Supervisor:
    """Runs one command at a time, each in a process group of its own.

    Args:
        orders: the file in which a corrected command may appear.
        grace_seconds: from the TERM to a command that is to make way to its KILL.
        look_seconds: pause between two looks at the file.
    """

    def __init__(self, orders: Path, grace_seconds: float, look_seconds: float = LOOK_SECONDS) -> None:
        self._orders = orders
        self._grace_seconds = grace_seconds
        self._look_seconds = look_seconds
        self._ending: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        # An order that was there before belongs to an earlier start of this job.
        before = _read(orders)
        self._known = before.id if before is not None else ""

    def run(self, command: Sequence[str]) -> int:
        """Run a command, and each that takes its place, to the end; return the last one's exit code."""
        self._child = _start(command)
        self._tell(command)
        try:
            while True:
                try:
                    code = self._child.wait(self._look_seconds)
                    return code if code >= 0 else 128 - code
                except subprocess.TimeoutExpired:
                    self._heed()
        finally:
            self._orders.with_suffix(".running").unlink(missing_ok=True)

    def pass_on(self, number: int, _frame: FrameType | None = None) -> None:
        """Send a signal on to the command; after a TERM no other command is started."""
        if number == signal.SIGTERM:
            self._ending = number
        if self._child is not None and self._child.poll() is None:
            _signal(self._child, number)

    def _heed(self) -> None:
        order = _read(self._orders)
        if order is None or order.id == self._known or self._ending is not None:
            return
        self._known = order.id
        self._end()
        try:
            self._child = _start(order.command, order.environment)
        except OSError as error:
            # Nothing runs any more: the job must end, and say why.
            self._answer("refused", str(error))
            raise NoAnswerError(Exit.PROBLEM, f"{order.command[0]}: {error.strerror}") from error
        self._tell(order.command)
        self._answer("started", f"process {self._child.pid}")

    def _end(self) -> None:
        child = self._child
        if child is None:
            return
        _signal(child, signal.SIGTERM)
        try:
            child.wait(self._grace_seconds)
        except subprocess.TimeoutExpired:
            _signal(child, signal.SIGKILL)
            child.wait()

    def _answer(self, state: str, words: str) -> None:
        self._write(".answer", {"id": self._known, "state": state, "words": words, "at": time.time()})

    def _tell(self, command: Sequence[str]) -> None:
        """Say what runs, and that orders are taken."""
        self._write(".running", {"command": list(command), "since": time.time(), "host": os.uname().nodename})

    def _write(self, suffix: str, told: Mapping[str, object]) -> None:
        part = self._orders.with_suffix(".part")
        # A disk that is full must not end the training that is supervised.
        with contextlib.suppress(OSError):
            part.write_text(json.dumps(told))
            part.chmod(0o600)
            part.replace(self._orders.with_suffix(suffix))


def orders_file(environ: Mapping[str, str]) -> Path:
    """Return the file in which this job's orders appear."""
    given = environ.get("CUTLOSS_SUPERVISE")
    cluster, job = environ.get("SLURM_CLUSTER_NAME", "cluster"), environ.get("SLURM_JOB_ID", "none")
    if environ.get("CUTLOSS_JOB_ID"):
        cluster, job = "local", environ["CUTLOSS_JOB_ID"]
    return Path(given) if given else home(environ) / ".cutloss" / "supervise" / f"{cluster}-{job}.json"


def supervise(options: argparse.Namespace) -> NoReturn:
    """Run the command line's command; end as the last command does."""
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise NoAnswerError(Exit.USAGE, "no command; expected one behind --, as in: -- srun python train.py")
    orders = orders_file(os.environ)
    orders.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    supervisor = Supervisor(orders, options.grace)
    for number in _PASSED_ON:
        signal.signal(number, supervisor.pass_on)
    try:
        sys.exit(supervisor.run(command))
    except OSError as error:
        raise NoAnswerError(Exit.USAGE, f"{command[0]}: {error.strerror}") from error


def _start(command: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    ordered = {**os.environ, **(environment or {})}
    return subprocess.Popen(command, start_new_session=True, env=ordered)  # noqa: S603 - argv list, never a shell


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
        os.killpg(child.pid, number)


def _read(path: Path) -> Order | None:
    """Return an order; ``None`` where this user alone gave none."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & _OTHERS_MAY_WRITE:
                return None
            told = json.loads(file.read())
    except (OSError, ValueError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("id"), str):
        return None
    command, environment = told.get("command"), told.get("environment", {})
    if not isinstance(command, list) or not command or not all(_is_text(word) for word in command):
        return None
    return Order(told["id"], command, environment) if _may_be_set(environment) else None


def _may_be_set(environment: object) -> bool:
    """Say whether an order's variables are cutloss's own, with the ids of runs."""
    return isinstance(environment, dict) and all(
        name in _ORDERED_VARIABLES and _is_text(value) and re.fullmatch(r"[\w.-]{1,100}", value)
        for name, value in environment.items()
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value
