"""``cutloss supervise``: run a training inside its allocation, and start it again with a corrected command.

The order comes as a file of the user's own, so that the nodes are kept and no queue is waited for.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cutloss.environment import home
from cutloss.questions import Exit, NoAnswerError

LOOK_SECONDS = 1.0
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_OTHERS_MAY_WRITE = 0o022


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
        self._known = (_read(orders) or ("", ()))[0]

    def run(self, command: Sequence[str]) -> int:
        """Run a command, and each that takes its place, to the end; return the last one's exit code."""
        self._child = _start(command)
        while True:
            try:
                code = self._child.wait(self._look_seconds)
                return code if code >= 0 else 128 - code
            except subprocess.TimeoutExpired:
                self._heed()

    def pass_on(self, number: int, _frame: FrameType | None = None) -> None:
        """Send a signal on to the command; after a TERM no other command is started."""
        if number == signal.SIGTERM:
            self._ending = number
        if self._child is not None and self._child.poll() is None:
            _signal(self._child, number)

    def _heed(self) -> None:
        order = _read(self._orders)
        if order is None or order[0] == self._known or self._ending is not None:
            return
        self._known, command = order
        self._end()
        try:
            self._child = _start(command)
        except OSError as error:
            # Nothing runs any more: the job must end, and say why.
            self._answer("refused", str(error))
            raise NoAnswerError(Exit.PROBLEM, f"{command[0]}: {error.strerror}") from error
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
        told = {"id": self._known, "state": state, "words": words, "at": time.time()}
        part = self._orders.with_suffix(".part")
        part.write_text(json.dumps(told))
        part.replace(self._orders.with_suffix(".answer"))


def orders_file(environ: Mapping[str, str]) -> Path:
    """Return the file in which this job's orders appear."""
    given = environ.get("CUTLOSS_SUPERVISE")
    cluster, job = environ.get("SLURM_CLUSTER_NAME", "cluster"), environ.get("SLURM_JOB_ID", "none")
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


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, start_new_session=True)  # noqa: S603 - argv list, never a shell


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
        os.killpg(child.pid, number)


def _read(path: Path) -> tuple[str, Sequence[str]] | None:
    """Return an order's id and command; ``None`` where this user alone gave none."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & _OTHERS_MAY_WRITE:
                return None
            order = json.loads(file.read())
    except (OSError, ValueError):
        return None
    if not isinstance(order, dict) or not isinstance(order.get("id"), str):
        return None
    command = order.get("command")
    if not isinstance(command, list) or not command or not all(isinstance(word, str) for word in command):
        return None
    return order["id"], command
