"""A file that is being written, read line by line."""

from pathlib import Path

import pytest
from cutloss.logs.tail import LONGEST_LINE_BYTES, Tail


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return the path of a log that is not there yet."""
    return tmp_path / "train.log"


def add(path: Path, text: bytes) -> None:
    """Append to a log."""
    with path.open("ab") as file:
        file.write(text)


def test_a_line_waits_for_its_end(log: Path) -> None:
    """A torn line is given once, whole."""
    tail = Tail(log)
    assert [] == tail.lines()
    add(log, b"step 1\nste")
    assert ["step 1"] == tail.lines()
    add(log, b"p 2\n")
    assert ["step 2"] == tail.lines()
    assert [] == tail.lines()
    tail.close()


def test_the_last_line_may_lack_its_end(log: Path) -> None:
    """It is given when nobody writes any more."""
    tail = Tail(log)
    add(log, b"step 1\nstep 2")
    assert (["step 1"], ["step 2"], []) == (tail.lines(), tail.rest(), tail.rest())
    tail.close()


def test_a_carriage_return_ends_a_line(log: Path) -> None:
    """Each redrawing of a bar is a line; empty ones are none."""
    add(log, b"\r10%\r20%\r\ndone\r\n")
    tail = Tail(log)
    assert ["10%", "20%", "done"] == tail.lines()
    tail.close()


def test_a_file_cut_short_is_read_anew(log: Path) -> None:
    """What was written over it is not lost."""
    tail = Tail(log)
    add(log, b"step 1\nstep 2\nste")
    tail.lines()
    log.write_bytes(b"step 1\n")
    assert ["step 1"] == tail.lines()
    assert 1 == tail.restarts
    tail.close()


def test_a_rotated_file_is_read_to_its_end_first(log: Path) -> None:
    """Lines that came before the rotation come first, then those of the new file."""
    tail = Tail(log)
    add(log, b"step 1\n")
    assert ["step 1"] == tail.lines()
    add(log, b"step 2\n")
    log.rename(log.with_suffix(".1"))
    assert ["step 2"] == tail.lines()
    assert [] == tail.lines()
    add(log, b"step 3\n")
    assert ["step 3"] == tail.lines()
    tail.close()


def test_bytes_that_are_no_text_are_no_fault(log: Path) -> None:
    """They stand for themselves, marked."""
    add(log, b"\xff\xfe step 1\n")
    tail = Tail(log)
    assert ["\ufffd\ufffd step 1"] == tail.lines()
    tail.close()


def test_a_line_without_an_end_is_bounded(log: Path) -> None:
    """Its beginning is given up before the memory is."""
    add(log, b"x" * (LONGEST_LINE_BYTES + 1000) + b"y\n")
    tail = Tail(log)
    lines: list[str] = []
    for _ in range(10):
        lines += tail.lines()
    tail.close()
    assert 1 == len(lines)
    assert len(lines[0]) <= LONGEST_LINE_BYTES + (1 << 18)
    assert lines[0].endswith("xy")
