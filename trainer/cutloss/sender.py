"""The thread that posts the spool to the service, where there is one to be reached."""

import os
import threading
import time
from collections.abc import Mapping
from typing import Any

from cutloss.backlog import Backlog, Batch, identity, load_position, read_header, save_position, spool_files
from cutloss.commands import Commands
from cutloss.counters import Counters
from cutloss.credentials import CredentialsError, find_service
from cutloss.housekeeping import remove_served
from cutloss.records import WIRE_VERSION, columns
from cutloss.reporter import guarded
from cutloss.transport import Answer, post_records

BATCH_LIMIT = 500
SMALLEST_SPLIT = 64
"""A refused batch is split down to this many records before the culprits are set aside."""

POST_SECONDS = 0.5
HEARTBEAT_SECONDS = 10.0
TIMEOUT_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 30.0
SAVE_SECONDS = 10.0
STRANGER_SECONDS = 1.0
"""How long the end of a training waits for a service that never answered."""


class Sender(threading.Thread):
    """Posts what the spool holds, heartbeats in between, and backs off while nobody answers.

    Args:
        run: the run's id.
        own: the backlog of this attempt; other attempts' in the same folder are sent after it.
        commands: takes the commands that come back.
        counters: where failures are counted.
        environ: where the service is looked for, again before each try.
    """

    def __init__(
        self, run: str, own: Backlog, commands: Commands, counters: Counters, environ: Mapping[str, str]
    ) -> None:
        super().__init__(name="cutloss-sender", daemon=True)
        self._run = run
        self._backlogs = [own]
        self._commands = commands
        self._counters = counters
        self._environ = environ
        self._closing = threading.Event()
        self._deadline = float("inf")
        self._failures = 0
        self._has_answered = False
        self._limit = BATCH_LIMIT
        self._posted_at = self._saved_at = 0.0
        self._looked_for_older = self._is_tidy = False

    def run(self) -> None:
        """Post until closed, then once more what is left if the service answered last time."""
        while not self._closing.wait(self._pause_seconds()):
            self._send()
            self._tidy()
        if not self._failures:
            self._send()
        self._save_position(self._backlogs[0])

    def close(self, deadline: float) -> None:
        """Send what is left, until a reading of the monotonic clock at the latest.

        A service that has not answered yet is not waited for: the spool has everything.
        """
        if not self._has_answered:
            deadline = min(deadline, time.monotonic() + STRANGER_SECONDS)
        self._deadline = deadline
        self._closing.set()
        self.join(max(0.0, deadline - time.monotonic()))

    def _pause_seconds(self) -> float:
        if not self._failures:
            return POST_SECONDS
        pause: float = POST_SECONDS * 2 ** min(self._failures, 10)
        return min(pause, LONGEST_PAUSE_SECONDS) * _spread()

    def _send(self) -> None:
        if guarded(self._send_pending, self._counters) is None:
            self._failures += 1

    def _send_pending(self) -> bool:
        """Post batch after batch until nothing is left, a post fails, or time is up."""
        while time.monotonic() < self._deadline:
            backlog, batch = self._next()
            is_due = time.monotonic() - self._posted_at >= HEARTBEAT_SECONDS
            if not batch.records and not is_due:
                break
            if not self._settle(backlog, batch, self._post(backlog, batch)):
                break
            if self._closing.is_set() and backlog is not self._backlogs[0]:
                break
        return True

    def _next(self) -> tuple[Backlog, Batch]:
        for backlog in self._backlogs:
            batch = backlog.next_batch(self._limit)
            if batch.records:
                return backlog, batch
            backlog.settle(batch, stored=True)
        self._backlogs = self._backlogs[:1]
        return self._backlogs[0], batch

    def _post(self, backlog: Backlog, batch: Batch) -> Answer | None:
        """Return the answer to a batch, ``None`` where no service is known and the spool is the transport."""
        try:
            service = find_service(self._environ, "report")
        except CredentialsError:
            return None
        body: dict[str, Any] = {"v": WIRE_VERSION, **backlog.identity, **columns(batch.records)}
        timeout = min(TIMEOUT_SECONDS, max(0.1, self._deadline - time.monotonic()))
        return post_records(service, self._run, body, timeout)

    def _settle(self, backlog: Backlog, batch: Batch, answer: Answer | None) -> bool:
        """Take in an answer; tell whether to go on at once."""
        if (
            answer is None
            or answer.outcome == "unreachable"
            or (answer.outcome == "refused" and not batch.records)
        ):
            self._failures += 1
            self._counters.post_failures += answer is not None
            return False
        self._failures = 0
        self._has_answered = True
        self._posted_at = time.monotonic()
        self._commands.take(answer.commands)
        if answer.outcome == "refused":
            self._split_or_set_aside(backlog, batch)
        else:
            backlog.settle(batch, stored=True)
            self._limit = min(2 * self._limit, BATCH_LIMIT)
            self._look_for_older()
        self._keep_position(backlog)
        return bool(batch.records)

    def _split_or_set_aside(self, backlog: Backlog, batch: Batch) -> None:
        if len(batch.records) > SMALLEST_SPLIT:
            self._limit = max(SMALLEST_SPLIT, len(batch.records) // 2)
            return
        backlog.settle(batch, stored=False)
        self._counters.set_aside += len(batch.records)

    def _tidy(self) -> None:
        """Remove, once, what the service has of trainings of long ago, whichever way it came there."""
        root = self._backlogs[0].path.parent.parent
        if not self._is_tidy and root.is_dir():
            self._is_tidy = True
            guarded(lambda: remove_served(root, time.time()), self._counters)

    def _look_for_older(self) -> None:
        """Find what an earlier attempt of this run left unsent, once."""
        if self._looked_for_older:
            return
        self._looked_for_older = True
        own = self._backlogs[0]
        for path in spool_files(own.path.parent):
            header = read_header(path)
            if path != own.path and header is not None:
                self._backlogs.append(Backlog(path, identity(header), load_position(path)))

    def _keep_position(self, backlog: Backlog) -> None:
        if backlog is not self._backlogs[0] or time.monotonic() - self._saved_at > SAVE_SECONDS:
            self._saved_at = time.monotonic()
            self._save_position(backlog)

    def _save_position(self, backlog: Backlog) -> None:
        try:
            if backlog.position.seq:
                save_position(backlog.path, backlog.position)
        except OSError:
            self._counters.spool_failures += 1


def _spread() -> float:
    """Return 0.8 to 1.2, not from ``random``: the training's numbers must not move by one draw."""
    return 0.8 + 0.4 * os.urandom(1)[0] / 255
