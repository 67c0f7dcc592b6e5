"""The local runner's memory: one JSON file of jobs, changed under a lock, replaced as a whole."""

import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_KEPT_ENDED = 200


@dataclass(slots=True)
class LocalJob:
    """One job of the local runner; clock times are epoch seconds.

    Attributes:
        pid: process id once started; ``birth`` tells it from a later process of that number.
        ending: the state it will have when its processes have ended: ``CANCELLED`` or ``TIMEOUT``.
        ending_since: when it was told to end.
        submit_line: its options and arguments, as a command line.
    """

    id: str
    token: str
    name: str
    script: str
    work_dir: str
    stdout: str
    submitted: float
    held: bool = False
    after: str | None = None
    arguments: list[str] = field(default_factory=list)
    environment: Mapping[str, str] = field(default_factory=dict)
    time_limit_seconds: float | None = None
    state: str = "PENDING"
    started: float | None = None
    ended: float | None = None
    pid: int | None = None
    birth: str | None = None
    ending: str | None = None
    ending_since: float | None = None
    exit_code: str | None = None
    submit_line: str | None = None


class Ledger:
    """All jobs of one folder; several threads and services may share it.

    The file holds the jobs' environments and scripts: the folder is closed to other users.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        self.folder = folder
        self._file = folder / "jobs.json"

    @contextmanager
    def open(self) -> Iterator[dict[str, LocalJob]]:
        """Hold the jobs by id, alone; what was changed is stored at the end, unless it raised."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self._file.read_text() if self._file.exists() else "[]"
            jobs = {entry["id"]: LocalJob(**entry) for entry in json.loads(before)}
            yield jobs
            self._store(jobs, before)

    def save(self, jobs: Mapping[str, LocalJob]) -> None:
        """Store the jobs at once, before a side effect; only within ``open``."""
        self._store(jobs, "")

    def _store(self, jobs: Mapping[str, LocalJob], before: str) -> None:
        ended = [job.id for job in jobs.values() if job.ended is not None]
        forgotten = set(ended[:-_KEPT_ENDED])
        after = json.dumps([dataclasses.asdict(job) for job in jobs.values() if job.id not in forgotten])
        if after != before:
            part = self._file.with_suffix(".part")
            part.write_text(after)
            with part.open("rb") as stored:
                os.fsync(stored.fileno())
            part.replace(self._file)

    def job_folder(self, job_id: str) -> Path:
        """Return the folder of one job's script, process id and exit status."""
        return self.folder / job_id

    def next_id(self, jobs: Mapping[str, LocalJob]) -> str:
        """Return a job id never given before, whatever has been forgotten since."""
        counter = self.folder / "last_id"
        last = int(counter.read_text()) if counter.exists() else 0
        following = max([last, *(int(job_id) for job_id in jobs)]) + 1
        counter.write_text(str(following))
        return str(following)
