"""One spool file: its header, its complete lines, and the batches they make.

The file belongs to a reporter that may be writing, on another machine, or have died in mid-line: only what
ends in a newline is read, and a line that holds no record is counted and left out.
"""

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from app.records import LONGEST_RUN_ID, OLDER_RUN_ID, RecordBatch, checked

CHUNK_BYTES = 1 << 20
LONGEST_LINE_BYTES = 8 << 20

READ_SUFFIX = ".read.json"
"""Of the file beside a spool that says how far it was read."""

FIELDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "step": ("steps", ("seq", "step", "ended", "seconds", "loss", "lr")),
    "validation": ("validations", ("seq", "step", "started", "seconds", "loss", "metrics")),
    "checkpoint": ("checkpoints", ("seq", "step", "started", "seconds", "path")),
    "span": ("spans", ("seq", "phase", "started", "seconds")),
    "note": ("notes", ("seq", "kind", "data")),
}
"""The kinds of a line: their place in a batch, and their fields."""

Record = Mapping[str, Any]


class NoSpoolError(Exception):
    """The file is no spool: not a plain file, or its first line is no header."""


@dataclass(frozen=True, slots=True)
class Header:
    """A spool's first line: which attempt of which run it holds, as a batch says it."""

    run: str
    envelope: Mapping[str, Any]

    @property
    def started(self) -> float:
        """Epoch seconds of the attempt's start."""
        started: float = self.envelope["attempt_started"]
        return started

    @property
    def heartbeat(self) -> RecordBatch:
        """A batch without records."""
        return RecordBatch.model_validate(self.envelope)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Complete lines of a file, and the position after them; ``skipped`` ones were too long to be records."""

    lines: Sequence[bytes]
    position: int
    skipped: int = 0


def is_run_id(name: object) -> bool:
    """Tell whether something may be the id of a run, and so the name of its folder.

    Ids of the older form are some: a reporter of before may be writing to such a folder, or have left it.
    """
    if not isinstance(name, str) or len(name) > LONGEST_RUN_ID:
        return False
    return re.fullmatch(OLDER_RUN_ID, name) is not None


def open_spool(path: Path) -> int:
    """Open a spool for reading and return its file descriptor.

    Raises:
        NoSpoolError: it is a link, a pipe or a folder.
        OSError: it cannot be opened.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise NoSpoolError(f"{path} is a link") from error
        raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise NoSpoolError(f"{path} is no plain file")
    return file


def acknowledge(path: Path, position: int) -> None:
    """Write beside a spool how many bytes of it are stored.

    Raises:
        OSError: the folder takes no file.
    """
    told = path.with_suffix(READ_SUFFIX)
    draft = told.with_suffix(f".{os.getpid()}.tmp")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, orjson.dumps({"offset": position}))
    finally:
        os.close(file)
    try:
        draft.replace(told)
    except OSError:
        draft.unlink()
        raise


def read_header(file: int) -> Header | None:
    """Return a spool's header, ``None`` while its first line is not complete.

    Raises:
        NoSpoolError: the first line is no header.
    """
    start = os.pread(file, CHUNK_BYTES, 0)
    line, newline, _ = start.partition(b"\n")
    if not newline and len(start) < CHUNK_BYTES:
        return None
    fields = _decoded(line)
    try:
        envelope = {name: fields[name] for name in ("v", "attempt", "attempt_started")}
        envelope["job"] = fields.get("job")
        checked(RecordBatch.model_validate(envelope))
        run = fields["run"]
    except (KeyError, ValueError) as error:
        raise NoSpoolError(f"the first line is no header: {error}") from error
    if not is_run_id(run):
        raise NoSpoolError(f"the header names no run: {str(run)[:100]!r}")
    return Header(run, envelope)


def read_chunk(file: int, position: int) -> Chunk:
    """Return the complete lines after a position: ``CHUNK_BYTES`` of them, or one line that is longer."""
    data = os.pread(file, CHUNK_BYTES, position)
    if b"\n" not in data and len(data) == CHUNK_BYTES:
        data = os.pread(file, LONGEST_LINE_BYTES, position)
        if b"\n" not in data and len(data) == LONGEST_LINE_BYTES:
            return Chunk([], position + len(data), skipped=1)
    whole = data[: data.rfind(b"\n") + 1]
    # The first line is the header; a torn line is ended by a newline of its own, which leaves empty ones.
    lines = whole.split(b"\n")[0 if position else 1 :]
    return Chunk([line for line in lines if line], position + len(whole))


def batch_of(header: Header, lines: Sequence[bytes]) -> tuple[RecordBatch, int]:
    """Return the batch that lines make, and how many of them hold no record that can be stored."""
    records = [record for line in lines if isinstance((record := _decoded(line)).get("k"), str)]
    try:
        return _batch(header, records), len(lines) - len(records)
    except ValueError:
        kept = _storable(header, records)
    return _batch(header, kept), len(lines) - len(kept)


def _storable(header: Header, records: Sequence[Record]) -> list[Record]:
    """Return the records that can be stored: halves are tried until a bad one stands alone."""
    try:
        _batch(header, records)
    except ValueError:
        half = len(records) // 2
        parts = (records[:half], records[half:]) if half else ()
        return [record for part in parts for record in _storable(header, part)]
    return list(records)


def _batch(header: Header, records: Sequence[Record]) -> RecordBatch:
    return checked(RecordBatch.model_validate({**header.envelope, **_columns(records)}))


def _columns(records: Sequence[Record]) -> dict[str, dict[str, list[Any]]]:
    """Return records as a batch's columns; kinds and fields it does not know stay, to be counted there."""
    batch: dict[str, dict[str, list[Any]]] = {}
    for record in records:
        kind = record["k"]
        place, fields = FIELDS.get(kind, (f"unknown {kind}", ("seq",)))
        columns = batch.setdefault(place, {name: [] for name in fields})
        for name in fields:
            columns[name].append(record.get(name))
        for name in record.keys() - columns.keys() - {"k"} if kind in FIELDS else ():
            columns[name] = []
    return batch


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return fields if isinstance(fields, dict) else {}
