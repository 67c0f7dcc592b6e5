"""Follow a log on where an earlier process left it: what was reported once is not reported again."""

import json
import os
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from cutloss.backlog import follower_file, read_header, spool_files
from cutloss.records import Record, decode, measured

MOST_HELD = 4
"""What is held back at a log's end, or was a line without its end, may have been reported all the same."""

ENDING_SECONDS = 10.0
"""A follower whose service was killed reads to the log's end, and may send for 5 s, before it ends."""

LOOK_SECONDS = 0.1

READ_FROM_LOGS = frozenset({"step", "validation", "checkpoint"})


class Earlier(NamedTuple):
    """An attempt that an earlier process reported from the same log.

    Attributes:
        header: the first line of its spool.
        spool: the file.
        last_seq: the greatest record number in it.
    """

    header: dict[str, Any]
    spool: Path
    last_seq: int


class Replay:
    """Takes the readings of a log in a run's place, and compares them with what was reported before.

    Args:
        spool: what was reported before.

    Attributes:
        matches: whether all readings so far are those that were reported.
        is_over: whether a reading came that was not reported before, or another than the one that was.
        fresh: the records that were not reported yet, in their order.
        plan: what was read of the plan.
        queued: always empty: nothing waits here.
    """

    def __init__(self, spool: Path) -> None:
        self._known = _reported(spool)
        self.matches = True
        self.is_over = False
        self.fresh: list[Record] = []
        self.plan: dict[str, object] = {}
        self.queued: deque[Any] = deque()

    def emit(self, record: Record) -> None:
        """Compare one reading with the one that was reported in its place."""
        known = None if self.is_over else next(self._known, None)
        self.is_over = self.is_over or known is None
        if known is None:
            self.fresh.append(record)
        elif told(known) != told(record):
            self.matches, self.is_over = False, True

    def declare(self, **fields: object) -> None:
        """Take in what was read of the plan."""
        self.plan |= fields

    def remaining(self) -> set[tuple[object, ...]] | None:
        """Return what was reported and is still to be read, ``None`` where that is more than is held back.

        Then the log is another one than the one that was reported, or lost what it began with.
        """
        left = [] if self.is_over else [told(record) for record in islice(self._known, MOST_HELD + 1)]
        return set(left) if self.matches and len(left) <= MOST_HELD else None


def find_earlier(run_folder: Path, log: Path, patience_seconds: float = 0.0) -> Earlier | None:
    """Return the newest attempt that was read from this log and that no living process reports any more.

    Args:
        run_folder: the folder of the run's spools.
        log: the log.
        patience_seconds: how long a process that reports it is waited for, since it may be about to end.
    """
    for spool in reversed(spool_files(run_folder)):
        header = read_header(spool)
        follower = _follower(spool)
        if header is None or follower is None or follower.get("log") != str(log):
            continue
        return None if _stays(follower, patience_seconds) else Earlier(header, spool, _last_seq(spool))
    return None


def sign(spool: Path, log: Path) -> None:
    """Say beside a spool which process follows which log into it."""
    path = follower_file(spool)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps({"log": str(log), "host": os.uname().nodename, "pid": os.getpid()}))
    except OSError:
        return  # then the next process begins an attempt of its own


def _follower(spool: Path) -> dict[str, Any] | None:
    try:
        follower = json.loads(follower_file(spool).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return follower if isinstance(follower, dict) else None


def _stays(follower: dict[str, Any], patience_seconds: float) -> bool:
    """Tell whether a follower still lives after a while; for one of another machine nothing is waited."""
    deadline = time.monotonic() + patience_seconds
    while is_alive := _lives(follower):
        if follower.get("host") != os.uname().nodename or time.monotonic() >= deadline:
            break
        time.sleep(LOOK_SECONDS)
    return is_alive


def _lives(follower: dict[str, Any]) -> bool:
    """Tell whether a follower may still be at work: one of another machine always may."""
    pid = follower.get("pid")
    if follower.get("host") != os.uname().nodename or not isinstance(pid, int):
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != os.getpid()


def _reported(spool: Path) -> Iterator[Record]:
    return (record for record in _records(spool) if record["k"] in READ_FROM_LOGS)


def _last_seq(spool: Path) -> int:
    return max((record["seq"] for record in _records(spool)), default=0)


def _records(spool: Path) -> Iterator[Record]:
    with spool.open("rb") as file:
        for line in file:
            if (record := decode(line)) is not None:
                yield record


def told(record: Record) -> tuple[object, ...]:
    """Return what a log says of a record; its moment may be that of its arrival, its rate may come later."""
    return record["k"], record["step"], measured(record.get("loss"))
