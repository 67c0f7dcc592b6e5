"""The one place that starts SLURM's programs: argv lists, a built environment, an absolute time-out."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended; ``code`` is ``None`` when it was killed at its time-out."""

    argv: tuple[str, ...]
    code: int | None
    stdout: str
    stderr: str


class Run(Protocol):
    """Run a program to its end, or to its time-out."""

    def __call__(
        self, argv: Sequence[str], *, environment: Mapping[str, str], timeout_seconds: float, stdin: str = ""
    ) -> Completed:
        """Return how it ended; a missing program raises ``OSError``."""


def run(
    argv: Sequence[str], *, environment: Mapping[str, str], timeout_seconds: float, stdin: str = ""
) -> Completed:
    """Run a program in a session of its own, so that a time-out ends its children too.

    The answer is read as UTF-8 with replacement: names of jobs may hold any bytes.
    """
    process = subprocess.Popen(  # noqa: S603 - argv list, never a shell
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        cwd="/",  # the service's own folder may be closed to the program
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(stdin.encode(), timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Completed(tuple(argv), None, "", "")
    return Completed(tuple(argv), process.returncode, _text(stdout), _text(stderr))


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace")
