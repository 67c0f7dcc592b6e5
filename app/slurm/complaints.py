"""What SLURM's programs say on stderr, told apart: not reached, no answer, refused.

Exit codes do not do it: ``squeue`` answers 0 with an empty list when the controller is away, and ``scancel``
returns SLURM's error number modulo 256.
"""

import re
from typing import NoReturn

from app.slurm.process import Completed
from app.slurm.scheduler import SchedulerError, SchedulerUnavailableError, SchedulerUnreachableError

# The request never left: no credential, no configuration, no connection.
_NOT_REACHED = (
    "Unable to contact slurm controller",
    "Munge encode failed",
    "Protocol authentication error",
    "Could not establish a configuration source",
    "Unable to establish controller",
    "Unable to process configuration",
)
# The request left and no answer came: it may have been carried out, or will be when the controller wakes.
_NO_ANSWER = (
    "Socket timed out",
    "Zero Bytes were transmitted",
    "Message receive failure",
    "Unexpected message received",
    "Connection reset",
    "Connection timed out",
    "Transport endpoint",
    "Unable to communicate",
    "temporarily unable to accept job",
    "Problem talking to the database",
    "slurm_persist_conn",
    "error number -1",
)


def words(completed: Completed) -> str:
    """Return what the program complained of, in one line without its own prefixes."""
    bare = [re.sub(r"^(?:s\w+: )?(?:error: )?", "", line.strip()) for line in completed.stderr.splitlines()]
    told = "; ".join(dict.fromkeys(filter(None, bare)))
    return told or f"{completed.argv[0]} ended with code {completed.code} and said nothing"


def raise_outage(completed: Completed) -> None:
    """Raise when the scheduler was not reached or did not answer, whatever the exit code says."""
    if completed.code is None:
        raise SchedulerUnavailableError(f"{completed.argv[0]} did not answer in time")
    # Answers are on stdout; a job's own text there must not look like an outage.
    raise_told_outage(completed.stderr, words(completed))


def raise_told_outage(told: str, shown: str) -> None:
    """Raise when a complaint is one of an outage, and show it in those words."""
    if any(text in told for text in _NO_ANSWER):
        raise SchedulerUnavailableError(shown)
    if any(text in told for text in _NOT_REACHED):
        raise SchedulerUnreachableError(shown)


def raise_refusal(completed: Completed) -> NoReturn:
    """Raise what a program that failed has to say."""
    raise_outage(completed)
    raise SchedulerError(words(completed))
