"""The thread between the training and the spool."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from cutloss.commands import Commands, CommandsFile
from cutloss.composer import Composer
from cutloss.counters import Counters
from cutloss.queues import Entry, RecordQueue
from cutloss.spool import Line, Spool

Result = TypeVar("Result")

TURN_SECONDS = 0.2
COMMANDS_SECONDS = 1.0
CHUNK = 500
BREATH_SECONDS = 0.001
"""Between two chunks the training gets the interpreter back at once."""


def guarded(action: Callable[[], Result], counters: Counters) -> Result | None:
    """Return what the action returns, ``None`` where it fails.

    This is the client's outermost call: whatever goes wrong within is counted, the count travels as a
    warning, and the training goes on.
    """
    try:
        return action()
    except Exception:  # noqa: BLE001 - nothing may leave the client
        counters.errors += 1
        return None


class Reporter(threading.Thread):
    """Empties the queue into the spool a few times a second, and reads the commands beside it.

    Args:
        queue: what the training reported.
        composer: makes records of it.
        spool: where they go.
        commands: takes the commands.
        commands_file: where the service leaves them when it cannot be reached.
        counters: where failures are counted.
    """

    def __init__(  # noqa: PLR0913 - the parts of the pipeline, put together in one place
        self,
        *,
        queue: RecordQueue,
        composer: Composer,
        spool: Spool,
        commands: Commands,
        commands_file: CommandsFile,
        counters: Counters,
    ) -> None:
        super().__init__(name="cutloss-reporter", daemon=True)
        self._queue = queue
        self._composer = composer
        self._spool = spool
        self._commands = commands
        self._commands_file = commands_file
        self._counters = counters
        self._closing = threading.Event()
        self._commands_read_at = 0.0

    def run(self) -> None:
        """Take turns until closed, then once more for what is left."""
        while not self._closing.wait(TURN_SECONDS):
            guarded(self._turn, self._counters)
        guarded(self._turn, self._counters)
        guarded(self._spool.close, self._counters)

    def close(self, deadline: float) -> None:
        """Write what is left, until a reading of the monotonic clock at the latest."""
        self._closing.set()
        self.join(max(0.0, deadline - time.monotonic()))

    def _turn(self) -> None:
        while entries := self._queue.take(CHUNK):
            self._spool.append(self._lines(entries))
            self._spool.flush()
            time.sleep(BREATH_SECONDS)
        self._counters.thinned += self._queue.take_thinned()
        self._spool.append(self._composer.due(everything=self._closing.is_set()))
        self._spool.flush()
        self._spool.tend()
        self._read_commands()

    def _lines(self, entries: list[Entry]) -> list[Line]:
        """Return the lines of some entries; one that cannot be read costs itself alone."""
        self._composer.read_clocks()
        lines: list[Line] = []
        for entry in entries:
            lines += guarded(partial(self._composer.compose, entry), self._counters) or []
        return lines

    def _read_commands(self) -> None:
        now = time.monotonic()
        if now - self._commands_read_at > COMMANDS_SECONDS:
            self._commands_read_at = now
            self._commands.take(self._commands_file.read())
