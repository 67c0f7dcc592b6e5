"""The file that a job's output goes to."""

import os
import stat
from pathlib import Path

from app.errors import ConflictError, ForbiddenError
from app.slurm.scheduler import JobFacts


def output_path(job: JobFacts) -> Path | None:
    """Return where a job writes, ``None`` where the scheduler does not say, or names no place of its own."""
    if not job.stdout:
        return None
    # SLURM leaves these two words in the name for some running jobs.
    path = Path(job.stdout.replace("%j", job.id).replace("%x", job.name or "%x"))
    return path if path.is_absolute() and path != Path(os.devnull) else None


def refuse_unreadable(job: JobFacts, path: Path) -> None:
    """Refuse an output that is not a plain file of the user whom this service acts as.

    One that is not there yet is well: the job may still wait.

    Raises:
        ForbiddenError: it is somebody else's file.
        ConflictError: it is a link, a pipe, a folder, or cannot be looked at.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConflictError(
            f"{path}, the output of job {job.id}, cannot be read: {error.strerror}"
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise ConflictError(f"{path}, the output of job {job.id}, is no plain file")
    if status.st_uid != os.geteuid():
        raise ForbiddenError(f"{path}, the output of job {job.id}, belongs to uid {status.st_uid}")
