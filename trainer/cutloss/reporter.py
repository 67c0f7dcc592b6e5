"""The thread between the training and the spool."""

import threading
import time

from cutloss.commands import Commands, CommandsFile
from cutloss.composer import Composer
from cutloss.counters import Counters
from cutloss.queues import RecordQueue
from cutloss.sender import Sender
from cutloss.spool import Spool

TURN_SECONDS = 0.2
COMMANDS_SECONDS = 1.0
CHUNK = 500
BREATH_SECONDS = 0.001
"""Between two chunks the training gets the interpreter back at once."""

FLUSH_SECONDS = 5.0
"""The longest that the end of a training waits for its last records."""


class Reporter(threading.Thread):
    """Empties the queue into the spool a few times a second, and reads the commands beside it.

    Args:
        queue: what the training reported.
        composer: makes records of it.
        spool: where they go.
        sender: posts them from there.
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
        sender: Sender,
        commands: Commands,
        commands_file: CommandsFile,
        counters: Counters,
    ) -> None:
        super().__init__(name="cutloss-reporter", daemon=True)
        self._queue = queue
        self._composer = composer
        self._spool = spool
        self._sender = sender
        self._commands = commands
        self._commands_file = commands_file
        self._counters = counters
        self._closing = threading.Event()
        self._commands_read_at = 0.0

    def start(self) -> None:
        """Start this thread and the sender's."""
        super().start()
        self._sender.start()

    def run(self) -> None:
        """Take turns until closed, then once more for what is left."""
        while not self._closing.wait(TURN_SECONDS):
            self._guarded_turn()
        self._guarded_turn()
        self._spool.close()

    def close(self) -> None:
        """Write and send what is left, within ``FLUSH_SECONDS``."""
        deadline = time.monotonic() + FLUSH_SECONDS
        self._closing.set()
        self.join(FLUSH_SECONDS)
        self._sender.close(deadline)

    def _guarded_turn(self) -> None:
        try:
            self._turn()
        except Exception:  # noqa: BLE001 - the reporter's outermost call: nothing may leave this thread
            self._counters.errors += 1

    def _turn(self) -> None:
        while entries := self._queue.take(max(CHUNK, len(self._queue.entries) // 4)):
            self._spool.append(self._composer.compose(entries))
            self._spool.flush()
            time.sleep(BREATH_SECONDS)
        self._counters.thinned += self._queue.take_thinned()
        self._spool.append(self._composer.due(everything=self._closing.is_set()))
        self._spool.flush()
        self._spool.tend()
        self._read_commands()

    def _read_commands(self) -> None:
        now = time.monotonic()
        if now - self._commands_read_at > COMMANDS_SECONDS:
            self._commands_read_at = now
            self._commands.take(self._commands_file.read())
