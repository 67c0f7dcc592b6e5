"""One spool file: only whole lines, bad ones counted, whatever state its reporter left it in."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.spool_file import (
    CHUNK_BYTES,
    LONGEST_LINE_BYTES,
    Chunk,
    Header,
    NoSpoolError,
    batch_of,
    is_run_id,
    open_spool,
    read_chunk,
    read_header,
)

HEADER = {"v": 1, "run": "r", "attempt": "a", "attempt_started": 1.0, "job": None, "name": "alpha"}


def line(**fields: Any) -> bytes:
    """Write one line without its end."""
    return json.dumps(fields).encode()


def step(number: int, **fields: Any) -> bytes:
    """Write the line of a step."""
    return line(k="step", seq=number, step=number, **{"loss": 1.0, **fields})


@contextmanager
def opened(path: Path, content: bytes) -> Iterator[int]:
    """Write a file and open it as a spool."""
    path.write_bytes(content)
    file = open_spool(path)
    yield file
    os.close(file)


@pytest.fixture
def header(tmp_path: Path) -> Header:
    """Return the header of run r, attempt a."""
    with opened(tmp_path / "header.jsonl", line(**HEADER) + b"\n") as file:
        read = read_header(file)
    assert read is not None
    return read


class TestHeader:
    """The first line says whose records follow."""

    def test_it_names_run_and_attempt(self, header: Header) -> None:
        """The heartbeat is a batch of that attempt."""
        assert ("r", "a", 1.0) == (header.run, header.heartbeat.attempt, header.started)

    def test_half_a_line_is_not_a_header_yet(self, tmp_path: Path) -> None:
        """While the reporter is writing it, there is none."""
        with opened(tmp_path / "s.jsonl", line(**HEADER)) as file:
            assert read_header(file) is None

    @pytest.mark.parametrize(
        "first",
        [
            b"nonsense", b"[]", b"{}", line(**{**HEADER, "run": "../up"}), line(**{**HEADER, "run": ".."}),
            line(**{**HEADER, "run": 7}), line(**{**HEADER, "attempt": ""}), line(**{**HEADER, "v": 2}),
            line(**{**HEADER, "job": {"id": 1}}), b"\xff\xff", b"x" * (CHUNK_BYTES + 1),
        ],
    )  # fmt: skip
    def test_another_first_line_is_refused(self, tmp_path: Path, first: bytes) -> None:
        """What does not begin with a header is no spool."""
        with opened(tmp_path / "s.jsonl", first + b"\n") as file, pytest.raises(NoSpoolError):
            read_header(file)


class TestOpen:
    """Only plain files are opened."""

    def test_a_link_is_refused(self, tmp_path: Path) -> None:
        """A link may lead to somebody else's file."""
        (tmp_path / "s.jsonl").symlink_to(tmp_path / "target")
        (tmp_path / "target").touch()
        with pytest.raises(NoSpoolError):
            open_spool(tmp_path / "s.jsonl")

    def test_a_pipe_is_refused_without_waiting(self, tmp_path: Path) -> None:
        """A pipe nobody writes to does not stop the service."""
        os.mkfifo(tmp_path / "s.jsonl")
        with pytest.raises(NoSpoolError):
            open_spool(tmp_path / "s.jsonl")


class TestChunks:
    """Complete lines, in bounded pieces."""

    def test_the_header_is_no_record(self, tmp_path: Path) -> None:
        """The first chunk begins after the first line."""
        with opened(tmp_path / "s.jsonl", b"header\none\ntwo\n") as file:
            assert Chunk([b"one", b"two"], 15) == read_chunk(file, 0)

    def test_half_a_line_waits_for_its_other_half(self, tmp_path: Path) -> None:
        """What has no newline yet is read later."""
        with opened(tmp_path / "s.jsonl", b"header\none\ntw") as file:
            assert Chunk([b"one"], 11) == read_chunk(file, 0)
            assert Chunk([], 11) == read_chunk(file, 11)

    def test_the_empty_line_after_a_torn_one_is_left_out(self, tmp_path: Path) -> None:
        """A reporter ends a torn line with a newline of its own."""
        with opened(tmp_path / "s.jsonl", b"header\n\none\n") as file:
            assert Chunk([b"one"], 12) == read_chunk(file, 0)

    def test_a_long_file_comes_in_pieces(self, tmp_path: Path) -> None:
        """Chunks are bounded, cut at lines, and together hold every line."""
        lines = [b"%07d" % number for number in range(3 * CHUNK_BYTES // 8)]
        found: list[bytes] = []
        position = 0
        with opened(tmp_path / "s.jsonl", b"header\n" + b"\n".join(lines) + b"\n") as file:
            while (chunk := read_chunk(file, position)).lines:
                assert chunk.position - position <= CHUNK_BYTES
                position = chunk.position
                found += chunk.lines
        assert lines == found

    def test_a_line_longer_than_a_chunk_is_read_whole(self, tmp_path: Path) -> None:
        """A note that names every parameter of a model may be long."""
        long = b"x" * (2 * CHUNK_BYTES)
        with opened(tmp_path / "s.jsonl", b"header\n" + long + b"\nnext\n") as file:
            assert [long, b"next"] == list(read_chunk(file, 7).lines)

    def test_a_line_without_end_is_skipped(self, tmp_path: Path) -> None:
        """What is too long to be a record does not stop the file."""
        with opened(tmp_path / "s.jsonl", b"header\n" + b"x" * (LONGEST_LINE_BYTES + 10)) as file:
            assert Chunk([], 7 + LONGEST_LINE_BYTES, skipped=1) == read_chunk(file, 7)


class TestBatch:
    """Lines become the batch that HTTP would have brought."""

    def test_every_kind_has_its_place(self, header: Header) -> None:
        """Steps, validations, checkpoints, spans and notes."""
        lines = [
            step(1, lr=0.1, seconds=0.5, ended=2.0),
            line(k="validation", seq=2, step=1, started=1.0, seconds=3.0, loss="nan", metrics={"a": 1}),
            line(k="checkpoint", seq=3, step=1, started=1.0, seconds=3.0, path="/x"),
            line(k="span", seq=4, phase="data", started=1.0, seconds=3.0),
            line(k="note", seq=5, kind="startup", data={"seconds": 9}),
        ]
        batch, bad = batch_of(header, lines)
        assert 0 == bad
        assert [1, 1, 1, 1, 1] == [columns.length for _, columns in batch.columns()]
        assert ([1.0], ["nan"], ["/x"]) == (batch.steps.loss, batch.validations.loss, batch.checkpoints.path)
        assert (["data"], [{"seconds": 9}]) == (batch.spans.phase, batch.notes.data)

    @pytest.mark.parametrize(
        "wrong",
        [
            b"torn {", b"[1]", b"7", b"\xff", line(seq=9), line(k=["step"], seq=9), step(9, seconds=-1.0),
            step(9, loss="big"), line(k="step", step=9), line(k="note", seq=9, kind="warning", data=None),
            line(k="note", seq=9, kind="plan", data={"total_steps": 0}),
        ],
    )  # fmt: skip
    def test_a_bad_line_is_counted_and_harms_no_other(self, header: Header, wrong: bytes) -> None:
        """The lines around it are stored."""
        batch, bad = batch_of(header, [step(1), step(2), wrong, step(3)])
        assert (1, [1, 2, 3]) == (bad, batch.steps.seq)

    def test_a_file_of_bad_lines_is_a_heartbeat(self, header: Header) -> None:
        """Nothing can be stored, and each line is counted."""
        batch, bad = batch_of(header, [b"x", step(1, seconds=-1), step(2, seconds=-1)])
        assert (3, 0) == (bad, batch.steps.length)

    def test_unknown_kinds_and_fields_are_counted_as_over_http(self, header: Header) -> None:
        """A newer client's lines are no bad lines."""
        batch, bad = batch_of(header, [line(k="gauge", seq=1, value=2), step(2, mood="good")])
        assert (0, {"unknown_fields": 1, "unknown_kinds": 1}, [1]) == (bad, batch.unknown, batch.ignored_seqs)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("a-1.b_C", True),
        (".x", True),
        ("-x", True),
        ("_x", True),
        ("..", False),
        (".", False),
        ("a/b", False),
        ("", False),
        ("x" * 101, False),
        ("a\n", False),
        (7, False),
    ],
)
def test_a_run_id_is_safe_as_a_folder(name: object, *, is_one: bool) -> None:
    """No separator, no parent, no end."""
    assert is_one == is_run_id(name)
