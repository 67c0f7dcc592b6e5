"""Spools that have served: acknowledged to their end, and long ago."""

from pathlib import Path

from cutloss.backlog import follower_file, load_position, position_file, spool_files

KEPT_SECONDS = 30 * 86400.0
"""How long a spool is kept after its last line, though the service has all of it."""


def remove_served(root: Path, now: float, kept_seconds: float = KEPT_SECONDS) -> int:
    """Remove the spools that were acknowledged to their end long ago; return how many.

    One that was not sent from here, or not in full, or of which the service refused a part, stays: nobody
    but its owner knows whether it is still wanted.

    Args:
        root: the folder that holds the runs' folders.
        now: epoch seconds.
        kept_seconds: how old the last line must be.
    """
    removed = 0
    for folder in (path for path in root.iterdir() if path.is_dir()):
        served = [path for path in spool_files(folder) if _has_served(path, now - kept_seconds)]
        for path in served:
            for file in (path.with_suffix(".commands.jsonl"), path, position_file(path), follower_file(path)):
                file.unlink(missing_ok=True)
        removed += len(served)
        if served and not any(folder.iterdir()):
            folder.rmdir()
    return removed


def _has_served(path: Path, before: float) -> bool:
    status = path.stat()
    if status.st_mtime >= before or not position_file(path).exists():
        return False
    position = load_position(path)
    return position.offset >= status.st_size and not position.refused
