"""Read the records of reporters that cannot reach the service, from the files they keep.

Compute nodes often have no route to a service on the login node's loopback: there the spool on the shared
file system is the transport, in both directions.
"""

import os
import pwd
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import structlog

from app.rounds import Rounds
from app.spool_file import NoSpoolError, acknowledge, batch_of, is_run_id, open_spool, read_chunk, read_header
from app.store import ForeignRunError, Store, StoreError
from app.store.facts import Command, SpoolMark

CHUNKS_A_LOOK = 16
"""How much of one file is read before the others have their turn."""
SLOWEST = 5.0
"""The pause grows to so many times the shortest one while nothing comes."""
QUIET_SECONDS = 60.0
"""A reporter that lives shows it every 10 s: one silent for so long has written its last, for now."""
COMMANDS_SUFFIX = ".commands.jsonl"

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the spool folders brought."""

    chunks: int = 0
    stored: int = 0
    bad_lines: int = 0
    commands: int = 0
    failed_files: int = 0

    def __add__(self, other: "Look") -> "Look":
        return Look(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class _Seen:
    """How a file was when it was last looked at; while it stays so, it is not opened."""

    inode: int
    size: int
    changed_ns: int


class Spools:
    """The spool folders, and how far each file in them has been read.

    Args:
        store: takes the records, and keeps how far each file was read.
        folders: one folder a run in each, one file an attempt in it.
        user: whose runs the files of the service's own user are.
        clock: returns epoch seconds.
        publish: is told each run that has changed.
        may_acknowledge: tells whether this service is the one that the spools are for: what it has may be
            removed. Another one reads them too, and may be gone tomorrow with all it has.
        shortest_seconds: pause between two looks while records come.
    """

    def __init__(  # noqa: PLR0913 - the parts it works with
        self,
        store: Store,
        folders: Sequence[Path],
        user: str,
        clock: Callable[[], float],
        publish: Callable[[str], None],
        *,
        may_acknowledge: Callable[[], bool],
        shortest_seconds: float = 1.0,
    ) -> None:
        self._store = store
        self._folders = folders
        self._user = user
        self._clock = clock
        self._publish = publish
        self._may_acknowledge = may_acknowledge
        self._acknowledges = False
        self._shortest_seconds = shortest_seconds
        self._seen: dict[Path, _Seen] = {}
        self._refused: set[Path] = set()
        self._acknowledged: dict[Path, int] = {}
        self._pause_seconds = shortest_seconds
        self._rounds = Rounds(
            "spools", self._turn, lambda: self._pause_seconds,
            survives=(OSError, StoreError, sqlite3.Error), event="spools_not_read",
        )  # fmt: skip

    def start(self) -> None:
        """Begin to look at the folders, again and again."""
        self._rounds.start(after_seconds=self._shortest_seconds)

    def close(self) -> None:
        """Finish the look that is under way."""
        self._rounds.close()

    def poll_once(self) -> Look:
        """Look once: store what is new, and leave pending commands beside the spools."""
        paths = [path for folder in self._folders for path in _spools_in(folder)]
        self._seen = {path: self._seen[path] for path in paths if path in self._seen}
        self._acknowledged = {path: self._acknowledged[path] for path in paths if path in self._acknowledged}
        self._acknowledges = self._may_acknowledge()
        look = Look()
        for path in paths:
            if not self._rounds.is_ending:
                look += self._look_at(path)
        for run, commands in _by_run(self._store.commands(state="pending")).items():
            look += Look(commands=self._deliver(run, commands))
        return look

    def _turn(self) -> None:
        """Look once; the pause grows while nothing comes, and where the look fails."""
        self._pause_seconds = min(1.5 * self._pause_seconds, SLOWEST * self._shortest_seconds)
        look = self.poll_once()
        if look.stored or look.commands:
            self._pause_seconds = self._shortest_seconds

    def _look_at(self, path: Path) -> Look:
        """Read one file where it has changed; one that cannot be read harms no other."""
        try:
            return self._read_if_changed(path)
        except (NoSpoolError, ForeignRunError) as error:
            if path not in self._refused:  # said once, though its reporter goes on writing
                logger.warning("spool_refused", path=str(path), error=str(error))
            self._refused.add(path)
        except (OSError, StoreError, sqlite3.Error) as error:
            self._seen.pop(path, None)  # it may be readable at the next look, though unchanged
            logger.warning("spool_not_read", path=str(path), error=repr(error))
        return Look(failed_files=1)

    def _read_if_changed(self, path: Path) -> Look:
        status = path.lstat()
        before, now = self._seen.get(path), _Seen(status.st_ino, status.st_size, status.st_mtime_ns)
        if now == before:
            self._acknowledge(path, status)
            return Look()
        self._seen[path] = now
        mark = self._mark(path, now)
        if before is None and mark.position == now.size > 0:
            return Look()  # read to its end before this service was started
        file = open_spool(path)
        try:
            return self._read(file, mark)
        finally:
            os.close(file)

    def _acknowledge(self, path: Path, status: os.stat_result) -> None:
        """Say beside a spool that has fallen silent how far it was read: then its owner may remove it.

        Nothing is said of one with lines that could not be stored: it alone has them.
        """
        if self._acknowledged.get(path) == status.st_size or self._clock() - status.st_mtime < QUIET_SECONDS:
            return
        if not self._acknowledges:
            return
        self._acknowledged[path] = status.st_size
        mark = self._store.spool_mark(str(path))
        if mark is None or mark.bad_lines or mark.inode != status.st_ino:
            return
        if status.st_uid == os.geteuid():
            acknowledge(path, mark.position)

    def _mark(self, path: Path, now: _Seen) -> SpoolMark:
        """Return how far a file has been read: from the start where it is another file, or was cut."""
        mark = self._store.spool_mark(str(path))
        if mark is None or mark.inode != now.inode or mark.position > now.size:
            return SpoolMark(str(path), now.inode, 0, mark.bad_lines if mark else 0)
        return mark

    def _read(self, file: int, mark: SpoolMark) -> Look:
        header = read_header(file)
        if header is None:
            return Look()
        status = os.fstat(file)
        user = self._reporter(status.st_uid, header.run)
        # The file's own time: what is found at a start after days did not arrive just now.
        received = min(self._clock(), status.st_mtime)
        look = Look()
        for _ in range(CHUNKS_A_LOOK):
            chunk = read_chunk(file, mark.position)
            if chunk.position == mark.position and look.chunks:
                break
            batch, bad_lines = batch_of(header, chunk.lines)
            bad_lines += chunk.skipped
            # Without a new line this is the heartbeat: the reporter touches its file while it lives.
            added = self._store.add(user, header.run, batch, received, {"bad_lines": bad_lines})
            look += Look(chunks=1, stored=added.stored, bad_lines=bad_lines)
            mark = replace(mark, position=chunk.position, bad_lines=mark.bad_lines + bad_lines)
            # Kept after the records: a kill in between has them read again, and known.
            self._store.put_spool_mark(mark)
        else:
            self._seen.pop(Path(mark.path))  # there is more, though the file may not change
        self._publish(header.run)
        return look

    def _reporter(self, owner: int, run: str) -> str:
        """Return whose records a file of an owner holds.

        Raises:
            NoSpoolError: the run is somebody else's, or the owner is a stranger with no such run.
        """
        name = self._user if owner == os.geteuid() else _name_of(owner)
        known = self._store.run(run)
        if known is not None and known.user == name:
            return name
        if known is None and owner == os.geteuid():
            return name
        raise NoSpoolError(f"its owner, {name} with uid {owner}, has no run {run}")

    def _deliver(self, run: str, commands: Sequence[Command]) -> int:
        """Leave the commands not left yet beside the spool of the run's newest attempt."""
        spool = self._newest_spool(run)
        if spool is None:
            return 0
        path = spool.with_suffix(COMMANDS_SUFFIX)
        left = path.read_bytes() if path.exists() else b""
        lines = [line for command in commands if (line := _line(command)) not in left]
        if lines:
            torn = b"\n" if left and not left.endswith(b"\n") else b""
            _append(path, torn + b"".join(lines))
        return len(lines)

    def _newest_spool(self, run: str) -> Path | None:
        folders = [folder / run for folder in self._folders]
        started = {
            path: started
            for folder in folders
            for path in _spools_of(folder)
            if (started := _own_start(path, run)) is not None
        }
        return max(started, key=lambda path: started[path], default=None)


def _name_of(owner: int) -> str:
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError as error:
        raise NoSpoolError(f"its owner, uid {owner}, has no name here") from error


def _spools_in(folder: Path) -> list[Path]:
    """Return the spool files of every run in a folder; a folder that is not there yet has none."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        runs = [Path(entry) for entry in entries if is_run_id(entry.name)]
        return [path for run in sorted(runs) for path in _spools_of(run)]
    return []


def _spools_of(run_folder: Path) -> list[Path]:
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(run_folder) as entries:
        names = [entry.name for entry in entries if entry.name.endswith(".jsonl")]
        return [run_folder / name for name in sorted(names) if not name.endswith(COMMANDS_SUFFIX)]
    return []


def _own_start(path: Path, run: str) -> float | None:
    """Return when the attempt in a spool of this service's user started."""
    with suppress(OSError, NoSpoolError):
        file = open_spool(path)
        try:
            header = read_header(file)
            if header and header.run == run and os.fstat(file).st_uid == os.geteuid():
                return header.started
        finally:
            os.close(file)
    return None


def _by_run(commands: Sequence[Command]) -> Mapping[str, list[Command]]:
    runs: dict[str, list[Command]] = {}
    for command in commands:
        runs.setdefault(command.run, []).append(command)
    return runs


def _line(command: Command) -> bytes:
    fields = {"id": command.id, "command": command.command, "name": command.name, "value": command.value}
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def _append(path: Path, lines: bytes) -> None:
    """Append in one write, so that the reporter never sees a command without its end for long."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, lines)
    finally:
        os.close(file)
