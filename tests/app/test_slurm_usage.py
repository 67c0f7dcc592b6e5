"""What an ended job has used is read from accounting, or is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.slurm import documents, parse
from app.slurm.parse import SEPARATOR
from app.slurm.usage import Usage, read_usage, read_usage_document

TRES = "cpu=4,gres/gpu=2,mem=8G,node=1"


def line(*cells: str) -> str:
    """Return a line as ``sacct`` prints it."""
    return SEPARATOR.join(cells)


def test_a_jobs_steps_are_added_up() -> None:
    """Cores and time are the job's own, memory is the most that a step used."""
    text = "\n".join(
        [
            line("7", "3600", "4", "02:00:00", TRES, ""),
            line("7.batch", "3600", "4", "00:00:01", TRES, "cpu=00:00:01,mem=3M"),
            line("7.0", "3500", "4", "01:59:59", TRES, "cpu=01:59:59,mem=4096M,vmem=9G"),
        ]
    )
    used = read_usage(text, "7")
    assert Usage(3600.0, 4, 7200.0, 2, 4.0 * 2**30, 8.0 * 2**30) == used
    assert used is not None
    assert (0.5, 0.5, 2.0) == (used.cpu_share, used.memory_share, used.gpu_hours)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1-02:03:04", 93784.0), ("02:03.500", 123.5), ("00:00:00", 0.0), ("", None), ("INVALID", None)],
)
def test_processor_time_is_read_in_each_form(text: str, seconds: float | None) -> None:
    """With days, with fractions, or not at all."""
    used = read_usage(line("7", "10", "1", text, "", ""), "7")
    assert used is not None
    assert seconds == used.cpu_seconds


def test_what_nobody_counted_is_unknown() -> None:
    """A cluster without job accounting tells the time alone; an unknown job nothing at all."""
    used = read_usage(line("7", "0", "3", "00:00:00", "", ""), "7")
    assert used is not None
    assert (None, None, None, None) == (used.memory_bytes, used.gpus, used.cpu_share, used.gpu_hours)
    assert read_usage("", "7") is None


def test_slurmrestds_document_says_the_same() -> None:
    """Sizes that the steps used are bytes, sizes that they were given are mebibytes."""
    allocated = [{"type": "cpu", "count": 4}, {"type": "mem", "count": 8192},
                 {"type": "gres", "name": "gpu", "count": 2}]  # fmt: skip
    step = {"tres": {"requested": {"total": [{"type": "mem", "count": 2**32}]}}}
    times = {"elapsed": 3600, "total": {"seconds": 7199, "microseconds": 1_000_000}}
    job = {"time": times, "tres": {"allocated": allocated}, "steps": [step]}
    assert Usage(3600.0, 4, 7200.0, 2, 4.0 * 2**30, 8.0 * 2**30) == read_usage_document({"jobs": [job]})
    assert read_usage_document({"jobs": []}) is None


@given(st.text())
def test_nonsense_is_no_usage(text: str) -> None:
    """Whatever a wrapper prints."""
    read_usage(text, "7")
    assert isinstance(parse.read_waiting(text), list)
    assert [] == documents.read_waiting(text, "gpu")


def test_the_line_is_ordered_by_priority() -> None:
    """Then by who came first; who could not start even with room is left out."""
    waiting = [("9", "9", "5", "100", "Priority"), ("8", "8", "5", "90", "Resources"),
               ("7", "7", "9", "200", "Resources"), ("6", "6", "99", "1", "JobHeldUser"),
               ("5", "5", "99", "1", "Dependency")]  # fmt: skip
    text = "\n".join(line(*cells) for cells in waiting)
    assert ["7", "8", "9"] == parse.read_waiting(text)
