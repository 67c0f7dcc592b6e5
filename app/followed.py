"""The job logs that the service follows, kept as one file each: they outlive it."""

import os
import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

JOB_ID = re.compile(r"\d{1,18}([_+]\d{1,9})?")
SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Followed:
    """One job whose output is reported as a run.

    Attributes:
        job: its id.
        cluster: its cluster.
        run: the run it is reported as.
        path: the file that is read.
        user: who asked for it.
        asked_at: epoch seconds of that.
        name: what the run is called.
        preset: what kind of log it is; ``None``: guessed.
        plan: declared fields of the plan, which a log may not tell.
        state: ``"refused"``: the reader would not read it.
        words: what was found last, or why it was refused.
    """

    job: str
    cluster: str
    run: str
    path: str
    user: str
    asked_at: float
    name: str
    preset: str | None = None
    plan: Mapping[str, Any] = field(default_factory=dict)
    state: Literal["following", "ended", "refused"] = "following"
    words: str | None = None


class FollowedBook:
    """One file a job in a folder of the service's own; threads and processes may write at the same time.

    Args:
        folder: made with mode 0700.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, followed: Followed) -> None:
        """Keep what is known of one job, in place of what was."""
        with self._lock:
            self._write(followed)

    def put_if_unasked(self, followed: Followed) -> None:
        """Keep what was found of one job, unless it was asked for, or left, anew since."""
        with self._lock:
            now = self.one(followed.job)
            if now is not None and (now.asked_at, now.state) == (followed.asked_at, "following"):
                self._write(followed)

    def one(self, job: str) -> Followed | None:
        """Return what is known of one job, ``None`` where it was never followed."""
        return _read(self._path(job)) if JOB_ID.fullmatch(job) else None

    def all(self) -> list[Followed]:
        """Return all, the one asked for last first."""
        found = [_read(path) for path in self.folder.glob(f"*{SUFFIX}")]
        return sorted((one for one in found if one is not None), key=lambda one: -one.asked_at)

    def said_file(self, job: str) -> Path:
        """Return where the reader of one job's log writes what it finds."""
        return self._path(job).with_suffix(".said")

    def remove(self, job: str) -> None:
        """Forget a job."""
        for path in (self._path(job), self.said_file(job)):
            path.unlink(missing_ok=True)

    def _write(self, followed: Followed) -> None:
        path = self._path(followed.job)
        draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
        draft.touch(mode=0o600)
        draft.write_bytes(orjson.dumps(asdict(followed), option=orjson.OPT_INDENT_2))
        draft.replace(path)

    def _path(self, job: str) -> Path:
        return self.folder / f"{job}{SUFFIX}"


def _read(path: Path) -> Followed | None:
    try:
        return Followed(**orjson.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
