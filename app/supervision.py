"""Jobs under ``cutloss supervise``: what runs in them, and a corrected command in its place.

Both sides are the user's own processes and meet in a folder of the user's home: an order is a file that is
renamed into place, and lies there once, however often it is written.
"""

import contextlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.slurm.options import is_job_id
from app.store.facts import JobKey

LONGEST_PROBATION_SECONDS = 86_400.0
_OTHERS_MAY_WRITE = 0o022


@dataclass(frozen=True, slots=True)
class Supervised:
    """What runs in a job that takes orders, and since when (epoch seconds)."""

    command: tuple[str, ...]
    since: float


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """What came of an order.

    Attributes:
        id: the order's.
        state: ``"started"``, ``"settled"``, ``"refused"`` or ``"expired"``.
        words: why.
        at: epoch seconds of that; ``settled`` tells its start's.
        settles_within: seconds within which a command that was started may still give its place back;
            ``None``: not told.
    """

    id: str
    state: str
    words: str
    at: float
    settles_within: float | None = None


class Supervision:
    """The folder in which supervised jobs and the service meet.

    Args:
        folder: ``~/.cutloss/supervise``, which the compute nodes share.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, key: JobKey | None) -> Supervised | None:
        """Return what runs in a job, ``None`` where it takes no orders."""
        told = self._read(key, ".running")
        command, since = told.get("command"), told.get("since")
        if not isinstance(command, list) or not command or not isinstance(since, int | float):
            return None
        return Supervised(tuple(map(str, command)), float(since))

    def answer(self, key: JobKey) -> OrderAnswer | None:
        """Return what came of the last order to a job."""
        told = self._read(key, ".answer")
        at = told.get("at")
        if not isinstance(at, int | float) or not isinstance(told.get("id"), str):
            return None
        within = told.get("settles_within")
        known = isinstance(within, int | float) and 0 <= within <= LONGEST_PROBATION_SECONDS
        return OrderAnswer(
            id=told["id"],
            state=str(told.get("state")),
            words=str(told.get("words", "")),
            at=float(at),
            settles_within=within if known else None,
        )

    def order(
        self, key: JobKey, order_id: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        """Write an order; one that was carried out already is not carried out again.

        Raises:
            OSError: the folder cannot be written to.
        """
        file = self.file(key)
        if file is None:
            raise OSError(f"{key} is no job that could take an order")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = file.with_suffix(".ordered")
        told = {"id": order_id, "command": list(command), "environment": dict(environment)}
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as writing:  # noqa: PTH123 - Path.open takes no mode
            writing.write(json.dumps(told))
            os.fsync(writing.fileno())
        part.replace(file)

    def file(self, key: JobKey) -> Path | None:
        """Return the file of a job's orders; names come from reporters, so odd ones have none."""
        if not is_job_id(key.id) or not re.fullmatch(r"[\w.-]{1,100}", key.cluster, re.ASCII):
            return None
        return self._folder / f"{key.cluster}-{key.id}.json"

    def _read(self, key: JobKey | None, suffix: str) -> Mapping[str, Any]:
        file = self.file(key) if key is not None else None
        if file is None:
            return {}
        with contextlib.suppress(OSError, ValueError), file.with_suffix(suffix).open("rb") as reading:
            status = os.fstat(reading.fileno())
            if status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_MAY_WRITE:
                told = json.loads(reading.read(1_000_000))
                return told if isinstance(told, dict) else {}
        return {}
