"""The spool folders are read like HTTP, and survive whatever happens to files."""

import json
import os
import pwd
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.records import RecordBatch
from app.spools import Look, Spools
from app.store import Store, open_store
from app.store.facts import Command
from tests.waiting import PATIENCE_SECONDS

NOW = 2_000_000_000.0


class Spool:
    """A spool as a reporter writes it."""

    def __init__(self, folder: Path, run: str = "r", attempt: str = "a", started: float = 1.0) -> None:
        self.path = folder / run / f"{attempt}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.write({"v": 1, "run": run, "attempt": attempt, "attempt_started": started, "job": None})

    def write(self, *records: dict[str, Any]) -> None:
        """Append whole lines."""
        self.write_bytes("".join(json.dumps(record) + "\n" for record in records).encode())

    def write_bytes(self, data: bytes) -> None:
        """Append as it is."""
        with self.path.open("ab") as file:
            file.write(data)

    def steps(self, first: int, count: int) -> None:
        """Append steps whose seq is their number."""
        self.write(*({"k": "step", "seq": n, "step": n, "loss": 1.0} for n in range(first, first + count)))

    def touch(self, at: float) -> None:
        """Set the file's time."""
        os.utime(self.path, (at, at))

    def commands(self) -> list[dict[str, Any]]:
        """Return the commands left beside it."""
        path = self.path.with_suffix(".commands.jsonl")
        return [json.loads(line) for line in path.read_text().splitlines() if line] if path.exists() else []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Name the spool folder; it is not there yet."""
    return tmp_path / "spool"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open an empty store."""
    opened = open_store(tmp_path / "s.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def published() -> list[str]:
    """Collect the runs that were published."""
    return []


@pytest.fixture
def make(store: Store, folder: Path, published: list[str]) -> Callable[[], Spools]:
    """Return the maker of readers of the folder: each is a service started anew."""
    return lambda: Spools(store, [folder], "ann", lambda: NOW, published.append, may_acknowledge=lambda: True)


@pytest.fixture
def spools(make: Callable[[], Spools]) -> Spools:
    """Make a reader of the folder."""
    return make()


def command(run: str = "r", id_: str = "c1") -> Command:
    """Build a pending command."""
    return Command(id_, run, "checkpoint", None, None, "ann", 1.0, "pending", None)


class TestReading:
    """Every complete line is stored once."""

    def test_no_folder_is_nothing_to_read(self, spools: Spools) -> None:
        """The first reporter makes it."""
        assert Look() == spools.poll_once()

    def test_what_is_new_is_stored_and_published(
        self, spools: Spools, store: Store, folder: Path, published: list[str]
    ) -> None:
        """Each look takes up where the last one ended."""
        spool = Spool(folder)
        spool.steps(1, 3)
        first = spools.poll_once()
        spool.steps(4, 2)
        second, third = spools.poll_once(), spools.poll_once()
        assert (3, 2, Look()) == (first.stored, second.stored, third)
        assert ([1, 2, 3, 4, 5], ["r", "r"]) == (store.recent_steps("r").step.tolist(), published)

    def test_a_service_started_anew_goes_on(
        self, make: Callable[[], Spools], store: Store, folder: Path
    ) -> None:
        """How far a file was read is kept; a file read to its end is not read again."""
        spool = Spool(folder)
        spool.steps(1, 3)
        make().poll_once()
        assert Look() == make().poll_once()
        spool.steps(4, 1)
        assert Look(chunks=1, stored=1) == make().poll_once()
        assert 4 == store.step_count("r")

    def test_half_a_line_is_read_when_it_is_whole(self, spools: Spools, folder: Path) -> None:
        """A reporter may be in the middle of writing."""
        spool = Spool(folder)
        spool.write_bytes(b'{"k": "step", "seq": 1, "st')
        before = spools.poll_once().stored
        spool.write_bytes(b'ep": 1}\n')
        assert (0, 1) == (before, spools.poll_once().stored)

    def test_bad_lines_are_counted_on_the_run(self, spools: Spools, store: Store, folder: Path) -> None:
        """What cannot be stored is left out, said, and holds up nothing."""
        spool = Spool(folder)
        spool.write_bytes(b"torn\n")
        spool.write({"k": "step", "seq": 1, "step": 1, "seconds": -1})
        spool.steps(2, 2)
        look, run = spools.poll_once(), store.run("r")
        assert run is not None
        assert ((2, 2), {"bad_lines": 2}) == ((look.stored, look.bad_lines), run.warnings)

    def test_a_cut_file_is_read_from_its_start(self, spools: Spools, store: Store, folder: Path) -> None:
        """After a truncation what is there is read, and what is known is not stored twice."""
        spool = Spool(folder)
        spool.steps(1, 10)
        spools.poll_once()
        spool.path.unlink()
        Spool(folder).steps(9, 3)
        assert (1, 11) == (spools.poll_once().stored, store.step_count("r"))

    def test_a_truncated_file_is_read_from_its_start(
        self, spools: Spools, store: Store, folder: Path
    ) -> None:
        """The same file, made shorter in place."""
        spool = Spool(folder)
        spool.steps(1, 10)
        spools.poll_once()
        lines = spool.path.read_bytes().splitlines(keepends=True)
        os.truncate(spool.path, len(lines[0]))
        spool.steps(10, 2)
        assert (1, 11) == (spools.poll_once().stored, store.step_count("r"))

    def test_records_that_came_over_http_are_known(self, spools: Spools, store: Store, folder: Path) -> None:
        """A reporter that reaches the service keeps its spool too."""
        columns = {"seq": [1, 2], "step": [1, 2]}
        sent = {"v": 1, "attempt": "a", "attempt_started": 1.0, "steps": columns}
        store.add("ann", "r", RecordBatch.model_validate(sent), 5.0)
        Spool(folder).steps(1, 3)
        assert (1, 3) == (spools.poll_once().stored, store.step_count("r"))

    def test_a_long_file_gives_others_their_turn(
        self, spools: Spools, store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One look reads so much of a file, the next one goes on, though the file is not written to."""
        monkeypatch.setattr("app.spools.CHUNKS_A_LOOK", 1)
        monkeypatch.setattr("app.spool_file.CHUNK_BYTES", 512)
        Spool(folder, "long").steps(1, 100)
        Spool(folder, "short").steps(1, 3)
        spools.poll_once()
        assert store.step_count("long") < 100
        assert 3 == store.step_count("short")
        while spools.poll_once().stored:
            pass
        assert 100 == store.step_count("long")

    def test_a_touched_file_is_a_heartbeat(self, spools: Spools, store: Store, folder: Path) -> None:
        """A reporter without news shows by its file's time that it lives."""
        spool = Spool(folder)
        spool.touch(100.0)
        spools.poll_once()
        spool.touch(200.0)
        spools.poll_once()
        run = store.run("r")
        assert run is not None
        assert 200.0 == run.last_record_at

    def test_a_file_from_the_future_was_heard_now(self, spools: Spools, store: Store, folder: Path) -> None:
        """A file server's clock may be ahead."""
        Spool(folder).touch(NOW + 500.0)
        spools.poll_once()
        run = store.run("r")
        assert run is not None
        assert NOW == run.last_record_at


class TestRefusing:
    """A file that cannot be read harms no other, and is tried again when it changes."""

    @pytest.fixture
    def good(self, folder: Path) -> Spool:
        """Write a good spool that comes last."""
        spool = Spool(folder, "z")
        spool.steps(1, 3)
        return spool

    @pytest.mark.usefixtures("good")
    def test_a_file_without_a_header_is_refused(self, spools: Spools, folder: Path) -> None:
        """It is refused once, not at every look."""
        (folder / "r").mkdir()
        (folder / "r" / "a.jsonl").write_text("nonsense\n")
        assert [Look(1, 3, failed_files=1), Look()] == [spools.poll_once(), spools.poll_once()]

    @pytest.mark.usefixtures("good")
    def test_other_files_and_folders_are_left_alone(self, spools: Spools, folder: Path) -> None:
        """Positions, drafts, commands, stray files and folders that are no runs."""
        for name in ("a.sent.json", "a.12.tmp", "a.commands.jsonl"):
            (folder / "z" / name).write_text("{}")
        (folder / "stray.jsonl").write_text("{}")
        (folder / "not a run").mkdir()
        (folder / "not a run" / "a.jsonl").write_text("{}\n")
        assert Look(1, 3) == spools.poll_once()

    @pytest.mark.usefixtures("good")
    def test_a_linked_spool_is_refused(
        self, spools: Spools, store: Store, folder: Path, tmp_path: Path
    ) -> None:
        """A link may lead to somebody else's file."""
        Spool(tmp_path / "elsewhere").steps(1, 2)
        (folder / "r").mkdir()
        (folder / "r" / "a.jsonl").symlink_to(tmp_path / "elsewhere" / "r" / "a.jsonl")
        assert 1 == spools.poll_once().failed_files
        assert store.run("r") is None

    @pytest.mark.usefixtures("good")
    def test_a_run_of_another_user_is_refused(self, spools: Spools, store: Store, folder: Path) -> None:
        """A file cannot write to somebody else's run."""
        sent = {"v": 1, "attempt": "x", "attempt_started": 1.0}
        store.add("bob", "r", RecordBatch.model_validate(sent), 5.0)
        Spool(folder).steps(1, 3)
        assert (1, 0) == (spools.poll_once().failed_files, store.step_count("r"))

    @pytest.mark.skipif(os.geteuid() != 0, reason="left out: only root gives files to others")
    def test_another_owners_file_speaks_for_its_owners_run_only(
        self, spools: Spools, store: Store, folder: Path
    ) -> None:
        """Whose file it is decides whose records they are."""
        owner = pwd.getpwnam("nobody")
        spool = Spool(folder)
        spool.steps(1, 3)
        os.chown(spool.path, owner.pw_uid, owner.pw_gid)
        before = spools.poll_once()
        sent = {"v": 1, "attempt": "x", "attempt_started": 1.0}
        store.add("nobody", "r", RecordBatch.model_validate(sent), 5.0)
        spool.steps(4, 1)
        assert (1, 0, 4) == (before.failed_files, before.stored, spools.poll_once().stored)


class TestCommands:
    """Commands come back beside the newest spool."""

    def test_a_pending_command_is_left_once(self, spools: Spools, store: Store, folder: Path) -> None:
        """In the file of the newest attempt, in one line, for its owner only."""
        old, new = Spool(folder, attempt="z", started=1.0), Spool(folder, attempt="a", started=2.0)
        store.add_command(command())
        assert [1, 0] == [spools.poll_once().commands, spools.poll_once().commands]
        expected = {"id": "c1", "command": "checkpoint", "name": None, "value": None}
        assert ([], [expected]) == (old.commands(), new.commands())
        assert 0o600 == new.path.with_suffix(".commands.jsonl").stat().st_mode & 0o777

    def test_a_new_attempt_hears_what_is_still_asked(
        self, spools: Spools, store: Store, folder: Path
    ) -> None:
        """A command that the last attempt did not answer is put to the next one."""
        Spool(folder, attempt="a", started=1.0)
        store.add_command(command())
        spools.poll_once()
        resumed = Spool(folder, attempt="b", started=2.0)
        spools.poll_once()
        assert ["c1"] == [item["id"] for item in resumed.commands()]

    def test_a_torn_command_is_left_again_on_a_line_of_its_own(
        self, spools: Spools, store: Store, folder: Path
    ) -> None:
        """A disk that was full cuts a line; the next look mends it."""
        spool = Spool(folder)
        path = spool.path.with_suffix(".commands.jsonl")
        path.write_text('{"id": "c1", "comm')
        store.add_command(command())
        spools.poll_once()
        assert ['{"id": "c1", "comm', "c1"] == [
            path.read_text().splitlines()[0], json.loads(path.read_text().splitlines()[1])["id"],
        ]  # fmt: skip

    def test_an_answer_in_the_spool_ends_a_command(self, spools: Spools, store: Store, folder: Path) -> None:
        """The note comes the way the records come."""
        spool = Spool(folder)
        store.add_command(command())
        spools.poll_once()
        data = {"id": "c1", "status": "done", "step": 7, "path": "/x"}
        spool.write({"k": "note", "seq": 1, "kind": "command", "data": data})
        spools.poll_once()
        assert [("done", data)] == [(item.state, item.answer) for item in store.commands("r")]

    def test_a_run_without_a_spool_hears_over_http(self, spools: Spools, store: Store) -> None:
        """There is nowhere to leave it, and nothing fails."""
        store.add_command(command("elsewhere"))
        assert Look() == spools.poll_once()


def test_the_loop_reads_until_it_is_closed(store: Store, folder: Path) -> None:
    """Started, it stores what comes; closed, it has ended."""
    heard = threading.Event()
    spools = Spools(
        store,
        [folder],
        "ann",
        lambda: NOW,
        lambda _: heard.set(),
        may_acknowledge=lambda: True,
        shortest_seconds=0.01,
    )
    spools.start()
    Spool(folder).steps(1, 3)
    assert heard.wait(PATIENCE_SECONDS)
    spools.close()
    assert not spools._rounds.is_alive


REPORTER = """
import cutloss
run = cutloss.init("alpha", total_steps=20, validate_every=10, id="r")
for step in range(1, 21):
    run.step(step, loss=float("nan") if step == 5 else 1.0 / step, lr=0.1)
    if step % 10 == 0:
        with run.validation(step) as validation:
            validation.loss = 0.5
        with run.checkpoint(step, "/x.pt"):
            pass
run.finish()
"""


def test_a_real_reporters_spool_is_read(spools: Spools, store: Store, folder: Path, tmp_path: Path) -> None:
    """What the client writes where it reaches no service is a run with all its parts."""
    away = {"CUTLOSS_SPOOL": str(folder), "CUTLOSS_CREDENTIALS": str(tmp_path / "none"), "CUTLOSS": "on"}
    subprocess.run([sys.executable, "-c", REPORTER], env={**os.environ, **away}, check=True)
    look, run, blocks = spools.poll_once(), store.run("r"), store.step_blocks("r")
    assert run is not None
    assert (0, 0) == (look.bad_lines, look.failed_files)
    assert ("alpha", "ann", "finished", {}) == (run.name, run.user, run.finished, run.warnings)
    assert (20, 20) == (run.plan["total_steps"], blocks.count.sum())
    assert [5] == blocks.first_step[blocks.loss_count > blocks.finite_count].tolist()
    assert ([10, 20], [10, 20]) == (
        [item.step for item in store.validations("r")],
        [item.step for item in store.checkpoints("r")],
    )


def left_silent(folder: Path, run: str = "r") -> Spool:
    """Return a spool with three steps whose reporter has been silent for long enough."""
    spool = Spool(folder, run)
    spool.steps(1, 3)
    spool.touch(NOW - 61)
    return spool


def look_again(spools: Spools) -> None:
    """Look twice: what is acknowledged was read by an earlier look."""
    for _ in range(2):
        spools.poll_once()


def told(spool: Spool) -> dict[str, int] | None:
    """Return what is said beside a spool of how far it was read."""
    path = spool.path.with_suffix(".read.json")
    return json.loads(path.read_text()) if path.exists() else None


def test_a_silent_spool_is_acknowledged(spools: Spools, folder: Path) -> None:
    """Once its reporter has been silent for a while, how far it was read is written beside it."""
    spool = Spool(folder)
    spool.steps(1, 3)
    spool.touch(NOW - 30)
    look_again(spools)
    assert None is told(spool)
    spool.touch(NOW - 61)
    look_again(spools)
    assert {"offset": spool.path.stat().st_size} == told(spool)
    spool.write_bytes(b'{"k": "step", "seq": 4, "st')
    spool.touch(NOW - 61)
    look_again(spools)
    assert {"offset": spool.path.stat().st_size - 27} == told(spool)


def test_an_acknowledgement_that_cannot_be_written_harms_nobody(spools: Spools, folder: Path) -> None:
    """A folder in its place; the other spool is read and acknowledged."""
    odd, even = left_silent(folder, "odd"), left_silent(folder, "even")
    odd.path.with_suffix(".read.json").mkdir()
    look_again(spools)
    assert {"offset": even.path.stat().st_size} == told(even)


def test_a_spool_with_lines_that_could_not_be_stored_is_never_acknowledged(
    make: Callable[[], Spools], folder: Path
) -> None:
    """It alone has them; neither its good lines nor a service started anew change that."""
    spool = Spool(folder)
    spool.steps(1, 3)
    spool.write({"k": "step", "seq": 4, "step": -5, "loss": 1.0})
    spool.steps(5, 3)
    spool.touch(NOW - 61)
    spools = make()
    look = spools.poll_once()
    assert (6, 1) == (look.stored, look.bad_lines)
    for reader in (spools, make()):
        look_again(reader)
    assert None is told(spool)


def test_a_service_that_the_spools_are_not_for_acknowledges_nothing(store: Store, folder: Path) -> None:
    """It may be gone tomorrow with all it has; once it is the one they are for, it says what it has."""
    is_established = False
    spools = Spools(
        store, [folder], "ann", lambda: NOW, lambda _: None, may_acknowledge=lambda: is_established
    )
    spool = left_silent(folder)
    look_again(spools)
    spools.poll_once()
    assert None is told(spool)
    is_established = True
    spools.poll_once()
    assert {"offset": spool.path.stat().st_size} == told(spool)
