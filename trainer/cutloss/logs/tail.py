"""A file that is being written, line by line: cut short, replaced, or torn in mid-line."""

import os
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 1 << 18
LONGEST_LINE_BYTES = 1 << 20
"""Longer than any line worth reading; what comes without an end does not fill the memory."""


class Tail:
    """Reads what has come to a file since the last call.

    A carriage return ends a line like a line feed: a progress bar is many lines. A file that was cut
    short, or replaced under its name, is read again from its beginning.

    Args:
        path: the file; it may not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        self.restarts = 0

    def lines(self) -> list[str]:
        """Return the whole lines that have come, at most a chunk of them; none where nothing has."""
        data = self._read()
        if not data:
            return []
        *whole, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        self._rest = self._rest[-LONGEST_LINE_BYTES:]
        return [line.decode(errors="replace") for line in whole if line]

    def rest(self) -> list[str]:
        """Return the last line of a file that nobody writes any more: it may lack its end."""
        rest, self._rest = self._rest, b""
        return [rest.decode(errors="replace")] if rest.strip() else []

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self) -> bytes:
        try:
            if self._file is None:
                self._file = self.path.open("rb")
            data = self._file.read(CHUNK_BYTES)
            # What was written before a rotation is read to its end first.
            if not data and self._is_another():
                self._begin_again()
                data = self._file.read(CHUNK_BYTES) if self._file else b""
        except OSError:
            self.close()
            return b""
        return data

    def _is_another(self) -> bool:
        if self._file is None:
            return False
        try:
            named, opened = self.path.stat(), os.fstat(self._file.fileno())
        except FileNotFoundError:
            return False  # between the two halves of a rotation
        return not os.path.samestat(named, opened) or named.st_size < self._file.tell()

    def _begin_again(self) -> None:
        self.close()
        self._rest = b""
        self.restarts += 1
        self._file = self.path.open("rb")
