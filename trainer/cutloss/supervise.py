"""``cutloss supervise``: run a training inside its allocation, and start it again with a corrected command.

The order comes as a file of the user's own, so that the nodes are kept and no queue is waited for. Beside it
``….running`` says that orders are taken, and what runs; ``….answer`` what came of the last one: ``started``,
and ``settled`` once its probation is over; ``refused``, and the former command runs on, or again;
``expired``, as it came too late.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cutloss.questions import Exit, NoAnswerError
from cutloss.supervise_orders import Order, claim, orders_file, read_order, teller, this_process

LOOK_SECONDS = 1.0
LONGEST_ORDER_SECONDS = 900.0
"""Age at which an order is not carried out any more: the service has given it up by then."""
PROBATION_SECONDS = 10.0
"""A corrected command that fails within this time gives its place back to the former one."""
LONGEST_PROBATION_SECONDS = 86_400
"""Longer ones the service does not wait for."""
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class Supervisor:
    """Runs one command at a time, each in a process group of its own.

    Args:
        orders: the file in which a corrected command may appear; ``None``: no orders are taken.
        grace_seconds: from the TERM to a command that is to make way to its KILL.
        look_seconds: pause between two looks at the file.
        probation_seconds: how soon a corrected command must fail for the former one to be started again.
    """

    def __init__(
        self,
        orders: Path | None,
        grace_seconds: float,
        look_seconds: float = LOOK_SECONDS,
        probation_seconds: float = PROBATION_SECONDS,
    ) -> None:
        self._orders = orders
        self._grace_seconds = grace_seconds
        self._look_seconds = look_seconds
        self._probation_seconds = probation_seconds
        self._ending: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._order = Order("", (), {}, 0.0)
        self._former: Order | None = None
        self._unsettled_since: float | None = None
        self._since = 0.0
        # An order that was there before belongs to an earlier start of this job.
        before = read_order(orders) if orders is not None else None
        self._known = before.id if before is not None else ""

    def run(self, command: Sequence[str]) -> int:
        """Run a command, and each that takes its place, to the end; return the last one's exit code."""
        try:
            self._begin(Order("", command, {}, 0.0))
            while True:
                code = self._wait()
                if code is not None and self._gives_back(code):
                    continue
                if code is not None or self._is_proven():
                    self._settle()
                if code is not None:
                    return code if code >= 0 else 128 - code
                self._heed()
        finally:
            self._leave()

    def pass_on(self, number: int, _frame: FrameType | None = None) -> None:
        """Send a signal on to the command; after a TERM no other command is started."""
        # How a command ends that was signalled is what was asked for: no failure of its own.
        self._former = None
        if number == signal.SIGTERM:
            self._ending = number
        if self._child is not None and self._child.poll() is None:
            _signal(self._child, number)

    def _wait(self) -> int | None:
        """Return the command's exit code, ``None`` while it runs."""
        if self._child is None:
            return None
        try:
            return self._child.wait(self._look_seconds)
        except subprocess.TimeoutExpired:
            return None

    def _begin(self, order: Order) -> None:
        self._child = _start(order.command, order.environment)
        self._order, self._since = order, time.monotonic()
        if self._ending is not None:
            _signal(self._child, self._ending)
        self._tell(order.command)

    def _lived(self) -> float:
        return time.monotonic() - self._since

    def _is_proven(self) -> bool:
        """Say whether nothing would bring the former command back any more."""
        return self._former is None or self._lived() >= self._probation_seconds

    def _settle(self) -> None:
        """Say once of a corrected command that the former one will not be started again."""
        self._former = None
        # A job that is told to end may be requeued, and starts with its own command then.
        if self._unsettled_since is not None and self._ending is None:
            words = f"{self._order.command[0]} has the place"
            self._answer(self._order, "settled", words, self._unsettled_since)
        self._unsettled_since = None

    def _heed(self) -> None:
        order = read_order(self._orders) if self._orders is not None else None
        if order is None or order.id == self._known or self._ending is not None:
            return
        self._known = order.id
        if time.time() - order.given > LONGEST_ORDER_SECONDS:
            self._answer(order, "expired", "the order came too late; the command runs on")
        elif not self._is_proven():
            # The command before it would be forgotten, and with it the one that is known to run.
            self._answer(order, "refused", "another command is still being tried")
        elif shutil.which(order.command[0]) is None:
            words = f"{order.command[0]}: no such command here; the former one runs on"
            self._answer(order, "refused", words)
        else:
            self._make_way(order)

    def _make_way(self, order: Order) -> None:
        former = self._order
        self._end()
        if self._ending is not None:
            self._answer(order, "refused", "the job is being ended")
            return
        self._former = former
        try:
            self._begin(order)
        except OSError as error:
            self._give_back(former, order, f"{order.command[0]}: {error.strerror}")
        else:
            self._unsettled_since = time.time()
            words = f"process {self._child.pid if self._child is not None else ''}"
            self._answer(order, "started", words, self._unsettled_since)

    def _gives_back(self, code: int) -> bool:
        """Start the former command again where the corrected one failed at once; say whether."""
        former, failed, lived = self._former, self._order, self._lived()
        if former is None or code == 0 or lived >= self._probation_seconds:
            return False
        self._give_back(former, failed, f"{failed.command[0]} ended with {code} after {lived:.1f} s")
        return True

    def _give_back(self, former: Order, failed: Order, reason: str) -> None:
        """Start the former command again: a replacement that fails must not cost the allocation."""
        self._former, self._unsettled_since = None, None
        try:
            self._begin(former)
        except OSError as error:
            # Nothing runs any more: the job must end, and say why.
            self._answer(failed, "refused", f"{reason}; {former.command[0]}: {error.strerror}")
            raise NoAnswerError(Exit.PROBLEM, f"{former.command[0]}: {error.strerror}") from error
        words = f"{reason}; the former command was started again"
        self._answer(failed, "refused", words)
        _say(words)

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

    def _answer(self, order: Order, state: str, words: str, at: float | None = None) -> None:
        told = {"id": order.id, "state": state, "words": words, "at": time.time() if at is None else at}
        if state == "started":
            told["settles_within"] = self._probation_seconds
        self._write(".answer", told)

    def _tell(self, command: Sequence[str]) -> None:
        """Say what runs, and that orders are taken."""
        self._write(".running", {"command": list(command), "since": time.time(), **this_process()})

    def _leave(self) -> None:
        """Say that no orders are taken any more, where that was said by this process."""
        if self._orders is None:
            return
        running = self._orders.with_suffix(".running")
        # A folder that is gone must not fail a training that has ended well.
        with contextlib.suppress(OSError):
            if teller(running) == this_process():
                running.unlink(missing_ok=True)

    def _write(self, suffix: str, told: Mapping[str, object]) -> None:
        if self._orders is None:
            return
        part = self._orders.with_suffix(".part")
        # A disk that is full must not end the training that is supervised.
        with contextlib.suppress(OSError):
            part.write_text(json.dumps(told))
            part.chmod(0o600)
            part.replace(self._orders.with_suffix(suffix))


def supervise(options: argparse.Namespace) -> NoReturn:
    """Run the command line's command; end as the last command does."""
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise NoAnswerError(Exit.USAGE, "no command; expected one behind --, as in: -- srun python train.py")
    orders = orders_file(os.environ)
    reason = claim(orders, os.environ)
    if reason is not None:
        _say(f"no orders are taken: {reason}")
    taken = orders if reason is None else None
    supervisor = Supervisor(taken, options.grace, probation_seconds=options.probation)
    for number in _PASSED_ON:
        signal.signal(number, supervisor.pass_on)
    try:
        sys.exit(supervisor.run(command))
    except OSError as error:
        raise NoAnswerError(Exit.USAGE, f"{command[0]}: {error.strerror}") from error


def probation_seconds(text: str) -> float:
    """Read the command line's ``--probation``; raise ``ArgumentTypeError`` for what is no such time."""
    with contextlib.suppress(ValueError):
        if 0 <= (seconds := float(text)) <= LONGEST_PROBATION_SECONDS:
            return seconds
    expected = f"a number of seconds from 0 to {LONGEST_PROBATION_SECONDS}"
    raise argparse.ArgumentTypeError(f"{text!r}; expected {expected}")


def _start(command: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    ordered = {**os.environ, **(environment or {})}
    return subprocess.Popen(command, start_new_session=True, env=ordered)  # noqa: S603 - argv list, never a shell


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
        os.killpg(child.pid, number)


def _say(words: str) -> None:
    with contextlib.suppress(OSError):  # nobody reads it any more
        print(f"cutloss supervise: {words}", file=sys.stderr, flush=True)  # noqa: T201 - belongs in the job's output
