"""The append-only file that every record goes to first."""

import os
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from cutloss.counters import Counters
from cutloss.records import encode

HELD_LIMIT = 10_000
"""Lines kept in memory while the file takes none."""

SIZE_LIMIT = 1 << 30
"""Bytes after which only every hundredth step is written."""

STEPS_LIMIT = SIZE_LIMIT * 5 // 4
"""Bytes after which no step is."""

LAST_LIMIT = SIZE_LIMIT * 3 // 2
"""Bytes after which nothing is."""

RETRY_SECONDS = 2.0
SYNC_SECONDS = 2.0
TOUCH_SECONDS = 10.0
SPARSE_EVERY = 100
COPY_BYTES = 1 << 20


class Line(NamedTuple):
    """One encoded record; only a step may be given up."""

    seq: int
    data: bytes
    is_step: bool


class Spool:
    """One attempt's spool file. The reporter's thread writes; the sender's reads what is ``held``.

    A write that fails leaves its lines held, in bounds, until the file takes lines again. No locks, no
    mapping: the folder may lie on NFS or Lustre.

    Args:
        path: the file; its folders are made.
        header: the file's first line.
        counters: where failures are counted.
    """

    def __init__(self, path: Path, header: dict[str, Any], counters: Counters) -> None:
        self.path = path
        self._header = encode(header)
        self._counters = counters
        self._file: int | None = None
        self._is_torn = False
        self._held: list[Line] = []
        self._held_lock = threading.Lock()
        self._retry_at = self._synced_at = self._touched_at = 0.0
        self._is_dirty = False
        self._size = 0
        self._beyond = 0

    @property
    def held(self) -> list[Line]:
        """The lines that are not in the file yet."""
        with self._held_lock:
            return list(self._held)

    def sendable(self, after: int) -> list[bytes]:
        """Return the held lines after a record number; none while a removed file has some before them."""
        file = self._file
        try:
            held = [] if file is not None and self._is_removed(file) else self.held
        except OSError:
            return []
        return [line.data for line in held if line.seq > after]

    def append(self, lines: list[Line]) -> None:
        """Hold lines for the next ``flush``, giving up the oldest steps where there are too many."""
        with self._held_lock:
            self._held.extend(line for line in lines if self._has_room(line))
            if len(self._held) > HELD_LIMIT:
                self._held = self._thinned(self._held)

    def flush(self) -> bool:
        """Write what is held; tell whether nothing is held any more."""
        now = time.monotonic()
        if self._held and now >= self._retry_at:
            try:
                self._write_held()
            except OSError:
                self._counters.spool_failures += 1
                self._retry_at = now + RETRY_SECONDS
        return not self._held

    def tend(self) -> None:
        """Push written lines to the disk, and show by the file's time that the run lives."""
        now = time.monotonic()
        if self._file is None:
            return
        try:
            if self._is_dirty and now - self._synced_at > SYNC_SECONDS:
                # On NFS another machine sees lines only after they were pushed.
                self._synced_at, self._is_dirty = now, False
                os.fdatasync(self._file)
            if now - self._touched_at > TOUCH_SECONDS:
                self._touched_at = now
                os.utime(self._file)
        except OSError:
            self._counters.spool_failures += 1

    def close(self) -> None:
        """Write what can be written, and close the file."""
        self._retry_at = 0.0
        self.flush()
        self._close_file()

    def _has_room(self, line: Line) -> bool:
        if self._size < SIZE_LIMIT:
            return True
        self._beyond += line.is_step
        if line.is_step:
            has_room = self._beyond % SPARSE_EVERY == 0 and self._size < STEPS_LIMIT
        else:
            has_room = self._size < LAST_LIMIT
        self._counters.thinned += not has_room
        return has_room

    def _thinned(self, lines: list[Line]) -> list[Line]:
        half = len(lines) // 2
        kept = [line for index, line in enumerate(lines[:half]) if not line.is_step or index % 2]
        self._counters.thinned += half - len(kept)
        return kept + lines[half:]

    def _write_held(self) -> None:
        file = self._usable_file()
        lines = self.held
        data = b"\n" * self._is_torn + b"".join(line.data for line in lines)
        try:
            written = os.write(file, data)
        except OSError:
            self._close_file()
            raise
        self._is_dirty = True
        self._size += written
        self._release(lines, written - self._is_torn)
        self._is_torn = written < len(data)
        if self._is_torn:
            raise OSError(f"{self.path} took {written} of {len(data)} bytes")

    def _release(self, lines: list[Line], written: int) -> None:
        whole_lines = 0
        for line in lines:
            written -= len(line.data)
            if written < 0:
                break
            whole_lines += 1
        with self._held_lock:
            del self._held[:whole_lines]

    def _usable_file(self) -> int:
        if self._file is None:
            self._file = self._open()
        elif self._is_removed(self._file):
            # Someone cleaned the folder; the open file still holds what was written.
            old, self._file = self._file, self._open()
            try:
                self._copy(old, self._file)
            finally:
                os.close(old)
        return self._file

    def _is_removed(self, file: int) -> bool:
        try:
            return not os.path.samestat(self.path.stat(), os.fstat(file))
        except FileNotFoundError:
            return True

    def _open(self) -> int:
        self.path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(self.path, flags, 0o600)
        try:
            self._write_header(file)
        except OSError:
            os.close(file)
            raise
        return file

    def _write_header(self, file: int) -> None:
        self._size = os.fstat(file).st_size
        if self._size >= len(self._header):
            # An earlier process may have ended in mid-line.
            self._is_torn = os.pread(file, 1, self._size - 1) != b"\n"
            return
        os.ftruncate(file, 0)
        self._size = os.write(file, self._header)
        if self._size < len(self._header):
            raise OSError(f"{self.path} took {self._size} bytes of its header")

    def _copy(self, old: int, new: int) -> None:
        offset = len(self._header)
        while data := os.pread(old, COPY_BYTES, offset):
            written = os.write(new, data)
            offset += written
            self._size += written

    def _close_file(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.close(file)
            except OSError:
                self._counters.spool_failures += 1
