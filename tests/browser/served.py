"""A real service in a process of its own."""

import getpass
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 180
END_SECONDS = 60
LINK = re.compile(r"(http://\S+?)/\?token=(\S+)")


@dataclass(frozen=True)
class Service:
    """Where a service listens.

    Attributes:
        url: of its front page, without a slash at the end.
        link: what signs a browser in.
        folder: of its state.
        environment: for reporters that are to find it.
    """

    url: str
    link: str
    folder: Path
    environment: dict[str, str]


@contextmanager
def served(folder: Path, *options: str, **settings: str) -> Iterator[Service]:
    """Yield a service that keeps its state in a folder, and end it; ``settings`` go into its environment."""
    own = {
        "CUTLOSS_CREDENTIALS": str(folder / "credentials.json"),
        "CUTLOSS_SPOOL": str(folder / "spool"),
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "USER": getpass.getuser(),
    }
    program = Path(sys.executable).parent / "cutlossd"
    process = subprocess.Popen(
        [program, "serve", "--port=0", f"--state={folder}", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**own, **settings},
    )
    url, token, reading = _announced(process)
    try:
        yield Service(url, f"{url}/?token={token}", folder, own)
    finally:
        process.terminate()
        reading.join(END_SECONDS)
        process.wait(END_SECONDS)
        process.stdout.close()


def _announced(process: subprocess.Popen[str]) -> tuple[str, str, threading.Thread]:
    """Return the address and the token the service prints; go on reading so that it never blocks."""
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    seen = []
    for line in process.stdout:
        seen.append(line)
        found = LINK.search(line)
        if found:
            watchdog.cancel()
            reading = threading.Thread(target=process.stdout.read, daemon=True)
            reading.start()
            return found.group(1), found.group(2), reading
    raise AssertionError("the service did not start:\n" + "".join(seen))
