"""Puts the parts between the training and the service together."""

import time
from collections.abc import Mapping
from typing import Any

from cutloss import environment
from cutloss.backlog import Backlog, identity
from cutloss.commands import Commands, CommandsFile
from cutloss.composer import Composer, StepTimes
from cutloss.counters import Counters
from cutloss.queues import RecordQueue
from cutloss.reporter import Reporter
from cutloss.sender import Sender
from cutloss.spool import Spool


def start_reporter(
    header: dict[str, Any],
    environ: Mapping[str, str],
    queue: RecordQueue,
    commands: Commands,
    counters: Counters,
) -> Reporter:
    """Return the running threads of one attempt: queue to spool, spool to service."""
    path = environment.spool_folder(environ) / header["run"] / f"{header['attempt']}.jsonl"
    spool = Spool(path, header, counters)
    backlog = Backlog(path, identity(header), held=lambda: [line.data for line in spool.held])
    reporter = Reporter(
        queue=queue,
        composer=Composer(StepTimes(time.time() - header["attempt_started"]), counters),
        spool=spool,
        sender=Sender(header["run"], backlog, commands, counters, environ),
        commands=commands,
        commands_file=CommandsFile(path.with_suffix(".commands.jsonl")),
        counters=counters,
    )
    reporter.start()
    return reporter
