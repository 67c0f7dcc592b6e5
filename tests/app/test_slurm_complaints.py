"""What SLURM's programs say is told apart: refused, no answer, not reached."""

import pytest

from app.slurm import complaints
from app.slurm.process import Completed
from app.slurm.scheduler import SchedulerError, SchedulerUnavailableError, SchedulerUnreachableError


def completed(code: int | None, stderr: str) -> Completed:
    """Return how a program ended."""
    return Completed(("scancel", "5"), code, "", stderr)


@pytest.mark.parametrize(
    ("stderr", "error"),
    [
        (
            "slurm_load_jobs error: Unable to contact slurm controller (connect failure)",
            SchedulerUnreachableError,
        ),
        ('sbatch: error: Munge encode failed: Failed to access "/run/munge"', SchedulerUnreachableError),
        ("sbatch: error: Could not establish a configuration source", SchedulerUnreachableError),
        ("sbatch: error: Socket timed out on send/recv operation", SchedulerUnavailableError),
        ("sacct: error: Problem talking to the database: Connection refused", SchedulerUnavailableError),
        ("scancel: error: Kill job error on job id 5: Access/permission denied", SchedulerError),
        ("Invalid user id for job 5", SchedulerError),
    ],
)
def test_each_kind_of_failure_is_its_own_error(stderr: str, error: type[Exception]) -> None:
    """An exit code alone would not tell: scancel's is SLURM's error number modulo 256."""
    with pytest.raises(SchedulerError) as raised:
        complaints.raise_refusal(completed(210, stderr))
    assert error is type(raised.value)


def test_an_outage_counts_whatever_the_exit_code() -> None:
    """Squeue answers 0 and an empty list when the controller is away."""
    with pytest.raises(SchedulerUnreachableError):
        complaints.raise_outage(completed(0, "slurm_load_jobs error: Unable to contact slurm controller"))
    complaints.raise_outage(completed(1, "Invalid job id specified"))


def test_a_time_out_is_no_answer() -> None:
    """What was asked may have happened."""
    with pytest.raises(SchedulerUnavailableError, match="scancel did not answer in time"):
        complaints.raise_outage(completed(None, ""))


def test_words_are_those_of_slurm_without_its_prefixes() -> None:
    """One line, each complaint once."""
    told = "sbatch: error: invalid partition specified: x\nsbatch: error: Batch job submission failed: Y\n"
    assert "invalid partition specified: x; Batch job submission failed: Y" == complaints.words(
        completed(1, told + told)
    )
    assert "scancel ended with code 3 and said nothing" == complaints.words(completed(3, " \n"))
