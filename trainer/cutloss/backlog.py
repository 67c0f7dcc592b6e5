"""What of a spool file the service has not acknowledged yet."""

import json
import os
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from cutloss.records import Record, decode


class Position(NamedTuple):
    """How far a spool file has been sent.

    Attributes:
        offset: bytes of the file that are done with.
        seq: greatest record number done with; numbers grow along the file.
        refused: first and last number of each stretch that the service refused for good.
    """

    offset: int = 0
    seq: int = 0
    refused: list[list[int]] = []  # noqa: RUF012 - never added to: a position is replaced, not changed


class Batch(NamedTuple):
    """Some records, and the position that stands once they are acknowledged."""

    records: list[Record]
    offset: int
    seq: int


class Backlog:
    """The unacknowledged part of one spool file, read from the file itself.

    Args:
        path: the spool file.
        identity: what goes with each batch: attempt, attempt_started and job.
        position: where to begin.
        held: returns the lines after a record number that the file did not take yet.
    """

    def __init__(
        self,
        path: Path,
        identity: dict[str, Any],
        position: Position | None = None,
        held: Callable[[int], list[bytes]] = lambda _: [],
    ) -> None:
        self.path = path
        self.identity = identity
        self.position = position or Position()
        self._held = held

    def next_batch(self, most: int) -> Batch:
        """Return up to ``most`` records in the order written; none where all is acknowledged."""
        offset = self.position.offset
        while lines := self._lines(offset, most):
            offset += sum(map(len, lines))
            if records := self._unacknowledged(lines):
                return Batch(records, offset, records[-1]["seq"])
        records = self._unacknowledged(self._held(self.position.seq)[:most])
        return Batch(records, offset, records[-1]["seq"] if records else self.position.seq)

    def settle(self, batch: Batch, *, stored: bool) -> None:
        """Move on past a batch that was stored, or refused for good."""
        refused = self.position.refused
        if not stored and batch.records:
            refused = [*refused, [batch.records[0]["seq"], batch.seq]]
        self.position = Position(batch.offset, batch.seq, refused)

    def _unacknowledged(self, lines: list[bytes]) -> list[Record]:
        return [record for line in lines if (record := decode(line)) and record["seq"] > self.position.seq]

    def _lines(self, offset: int, most: int) -> list[bytes]:
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                lines = list(islice(file, most))
        except OSError:
            return []
        # The last line may still be on its way to the disk.
        return lines if not lines or lines[-1].endswith(b"\n") else lines[:-1]


def identity(header: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a spool's header that travels with each batch."""
    return {key: header.get(key) for key in ("attempt", "attempt_started", "job")}


def read_header(path: Path) -> dict[str, Any] | None:
    """Return the header of a spool file, ``None`` where it holds none."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline())
    except (OSError, ValueError):
        return None
    known = isinstance(header, dict) and all(isinstance(header.get(key), str) for key in ("run", "attempt"))
    return header if known else None


def position_file(spool: Path) -> Path:
    """Return where the position in a spool file is kept."""
    return spool.with_suffix(".sent.json")


def acknowledged(spool: Path) -> int:
    """Return how many bytes of a spool the service has: of what was sent to it, or as it read by itself."""
    return max(load_position(spool).offset, _read_by_service(spool))


def read_file(spool: Path) -> Path:
    """Return where the service says how far it has read a spool by itself."""
    return spool.with_suffix(".read.json")


def _read_by_service(spool: Path) -> int:
    try:
        offset = json.loads(read_file(spool).read_text(encoding="utf-8"))["offset"]
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return offset if isinstance(offset, int) and offset <= spool.stat().st_size else 0


def follower_file(spool: Path) -> Path:
    """Return where it is said which process follows a log into a spool."""
    return spool.with_suffix(".follower.json")


def load_position(spool: Path) -> Position:
    """Return the position kept beside a spool file, its beginning where there is none."""
    try:
        kept = json.loads(position_file(spool).read_text(encoding="utf-8"))
        position = Position(int(kept["offset"]), int(kept["seq"]), list(kept["refused"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Position()
    return position if position.offset <= spool.stat().st_size else Position()


def save_position(spool: Path, position: Position) -> None:
    """Keep the position beside a spool file, replacing the old one in one go."""
    path = position_file(spool)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(position._asdict()), encoding="utf-8")
    draft.replace(path)


def spool_files(folder: Path) -> list[Path]:
    """Return the spool files of one run's folder, oldest attempt first."""
    return sorted(path for path in folder.glob("*.jsonl") if not path.name.endswith(".commands.jsonl"))
