"""The end of a job's output, where the service's user may read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.job_output import output_path

if TYPE_CHECKING:
    from app.slurm.scheduler import JobFacts

TAIL_BYTES = 8_192
MOST_LINES = 60
LONGEST_LINE = 400


@dataclass(frozen=True, slots=True)
class Output:
    """The last lines of a file, and when it was last written (epoch seconds)."""

    path: str
    lines: tuple[str, ...]
    written: float

    @property
    def last_line(self) -> str:
        """The last line that says something."""
        return next((line for line in reversed(self.lines) if line.strip()), "")


def output_tail(job: JobFacts | None) -> Output | None:
    """Return the end of a job's output, ``None`` where there is none that can be read."""
    path = None if job is None else output_path(job)
    try:
        if path is None or not path.is_file():
            return None
        with path.open("rb") as file:
            size = path.stat().st_size
            file.seek(max(0, size - TAIL_BYTES))
            text = file.read(TAIL_BYTES).decode("utf-8", "replace")
        written = path.stat().st_mtime
    except OSError:
        return None
    lines = [_shown(line) for line in text.rstrip("\n").split("\n")[-MOST_LINES:]]
    return Output(str(path), tuple(lines), written) if any(lines) else None


def _shown(line: str) -> str:
    """Return a line as a terminal would show it: what follows the last carriage return, without controls."""
    last = line.rstrip("\r").rsplit("\r", 1)[-1][:LONGEST_LINE]
    return "".join(letter for letter in last if letter.isprintable() or letter == "\t")
