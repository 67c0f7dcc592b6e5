"""Spools that have served: the service has them to their end, and they are old, or there are too many."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cutloss.backlog import acknowledged, follower_file, load_position, position_file, read_file, spool_files

KEPT_SECONDS = 30 * 86400.0
"""How long a spool is kept after its last line, though the service has all of it."""

KEPT_BYTES = 10 << 30
"""How much all spools together may hold before younger ones that have served go too, the oldest first."""

QUIET_SECONDS = 3600.0
"""A reporter that lives shows it every 10 s: one silent for so long writes no more."""


class _Served(NamedTuple):
    """A spool that the service has to its end, and that nobody writes any more."""

    changed: float
    size: int
    path: Path


def remove_served(
    root: Path, now: float, kept_seconds: float = KEPT_SECONDS, kept_bytes: int = KEPT_BYTES
) -> int:
    """Remove the spools that have served: those of long ago, and the oldest while all hold too much.

    One that the service has not acknowledged to its end, or of which it refused a part, stays: nobody but its
    owner knows whether it is still wanted.

    Args:
        root: the folder that holds the runs' folders.
        now: epoch seconds.
        kept_seconds: how old the last line must be.
        kept_bytes: how much may stay.

    Returns:
        How many were removed.
    """
    spools = [path for folder in root.iterdir() if folder.is_dir() for path in spool_files(folder)]
    held = sum(path.stat().st_size for path in spools)
    removed = 0
    for served in sorted(_served(spools, now - QUIET_SECONDS)):
        if served.changed >= now - kept_seconds and held <= kept_bytes:
            break
        _remove(served.path)
        held -= served.size
        removed += 1
    return removed


def _served(spools: list[Path], before: float) -> Iterator[_Served]:
    for path in spools:
        status = path.stat()
        if status.st_mtime >= before or load_position(path).refused:
            continue
        if 0 < status.st_size <= acknowledged(path):
            yield _Served(status.st_mtime, status.st_size, path)


def _remove(path: Path) -> None:
    beside = (path.with_suffix(".commands.jsonl"), position_file(path), read_file(path), follower_file(path))
    for file in (path, *beside):
        file.unlink(missing_ok=True)
    if not any(path.parent.iterdir()):
        path.parent.rmdir()
