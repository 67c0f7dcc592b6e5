"""Puts the parts between the training and the service together."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from cutloss import environment
from cutloss.backlog import Backlog, identity, load_position
from cutloss.commands import Commands, CommandsFile
from cutloss.composer import Composer, StepTimes
from cutloss.counters import Counters
from cutloss.queues import RecordQueue
from cutloss.reporter import Reporter
from cutloss.sender import Sender
from cutloss.spool import Spool

FLUSH_SECONDS = 5.0
"""The longest that the end of a training waits for its last records."""


class Pipeline(NamedTuple):
    """The two threads of one attempt: queue to spool, spool to service."""

    reporter: Reporter
    sender: Sender

    def start(self) -> None:
        """Start both, or neither.

        Raises:
            RuntimeError: the system gives no more threads.
        """
        self.sender.start()
        try:
            self.reporter.start()
        except RuntimeError:
            # This order, because the reporter writes as it ends: of a run that then reports nothing.
            self.sender.close(time.monotonic())
            raise

    def close(self) -> None:
        """Write and send what is left, within ``FLUSH_SECONDS``."""
        deadline = time.monotonic() + FLUSH_SECONDS
        self.reporter.close(deadline)
        self.sender.close(deadline)


def build(  # noqa: PLR0913, PLR0917 - the parts of the pipeline, put together in one place
    header: dict[str, Any],
    environ: Mapping[str, str],
    queue: RecordQueue,
    commands: Commands,
    counters: Counters,
    last_seq: int = 0,
    warmup_steps: int = 1,
) -> Pipeline:
    """Return the threads of one attempt, not yet started."""
    times = StepTimes(time.time() - header["attempt_started"], warmup_steps)
    path = environment.spool_folder(environ) / header["run"] / f"{header['attempt']}.jsonl"
    spool = Spool(path, header, counters)
    position = load_position(path) if last_seq else None
    backlog = Backlog(path, identity(header), position, spool.sendable)
    reporter = Reporter(
        queue=queue,
        composer=Composer(times, counters, last_seq),
        spool=spool,
        commands=commands,
        commands_file=CommandsFile(path.with_suffix(".commands.jsonl")),
        counters=counters,
    )
    return Pipeline(reporter, Sender(header["run"], backlog, commands, counters, environ))
