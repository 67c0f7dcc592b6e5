"""The spool file: append-only, private, and patient where the disk is not there."""

import json
import shutil
import stat
from pathlib import Path

import pytest
from cutloss import spool as spool_module
from cutloss.counters import Counters
from cutloss.records import encode
from cutloss.spool import HELD_LIMIT, Line, Spool

HEADER = {"v": 1, "run": "r", "attempt": "a"}


def lines(first: int, last: int, *, is_step: bool = True) -> list[Line]:
    """Return numbered lines."""
    return [Line(seq, encode({"k": "step", "seq": seq}), is_step) for seq in range(first, last + 1)]


def written(path: Path) -> list[int]:
    """Return the numbers in a spool file, its torn lines left out."""
    return [json.loads(line)["seq"] for line in path.read_text().splitlines()[1:] if line.endswith("}")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a spool file goes."""
    return tmp_path / "spool" / "r" / "a.jsonl"


def test_the_header_comes_first_and_lines_follow(path: Path) -> None:
    """One header, then one line a record, in order."""
    spool = Spool(path, HEADER, Counters())
    spool.append(lines(1, 2))
    assert spool.flush()
    spool.append(lines(3, 3))
    spool.close()
    assert json.loads(path.read_text().splitlines()[0]) == HEADER
    assert [1, 2, 3] == written(path)


def test_nobody_else_can_read_it(path: Path) -> None:
    """The file is 0600, the folders are 0700."""
    spool = Spool(path, HEADER, Counters())
    spool.append(lines(1, 1))
    spool.close()
    modes = [stat.S_IMODE(place.stat().st_mode) for place in (path, path.parent, path.parent.parent)]
    assert [0o600, 0o700, 0o700] == modes


def test_lines_are_held_while_there_is_no_place_for_them(tmp_path: Path) -> None:
    """A spool folder below a plain file cannot be made; once it can, nothing is missing."""
    blocker = tmp_path / "spool"
    blocker.write_text("not a folder")
    counters = Counters()
    spool = Spool(blocker / "r" / "a.jsonl", HEADER, counters)
    spool.append(lines(1, 3))
    assert not spool.flush()
    assert (1, [1, 2, 3]) == (counters.spool_failures, [line.seq for line in spool.held])
    blocker.unlink()
    spool.close()
    assert [1, 2, 3] == written(blocker / "r" / "a.jsonl")


def test_a_full_disk_tears_no_later_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that stops in mid-line is gone on with on a new line, and no record is lost or doubled."""
    counters = Counters()
    spool = Spool(path, HEADER, counters)
    spool.append(lines(1, 1))
    spool.flush()
    real_write = spool_module.os.write
    monkeypatch.setattr(spool_module.os, "write", lambda file, data: real_write(file, data[:30]))
    spool.append(lines(2, 4))
    assert not spool.flush()
    monkeypatch.setattr(spool_module.os, "write", real_write)
    spool.close()
    assert [1, 2, 3, 4] == written(path)
    assert 1 == counters.spool_failures


def test_a_device_without_room_is_no_error(tmp_path: Path) -> None:
    """Every write to /dev/full fails; the spool holds its lines and counts."""
    folder = tmp_path / "spool" / "r"
    folder.mkdir(parents=True)
    counters = Counters()
    spool = Spool(folder / "a.jsonl", HEADER, counters)
    spool._file = spool_module.os.open("/dev/full", spool_module.os.O_WRONLY)
    spool._is_removed = lambda _file: False  # type: ignore[method-assign]  # the device has another inode
    spool.append(lines(1, 2))
    assert not spool.flush()
    assert (1, 2) == (counters.spool_failures, len(spool.held))
    spool.close()
    assert [1, 2] == written(folder / "a.jsonl")


def test_a_removed_folder_comes_back_with_everything(path: Path) -> None:
    """What someone cleaned away is written anew from the open file, then what came since."""
    spool = Spool(path, HEADER, Counters())
    spool.append(lines(1, 3))
    spool.flush()
    shutil.rmtree(path.parent.parent)
    spool.append(lines(4, 5))
    spool.close()
    assert [1, 2, 3, 4, 5] == written(path)


def test_what_is_held_is_bounded_and_only_steps_are_given_up(tmp_path: Path) -> None:
    """Without a disk for long, old steps are thinned; a validation among them stays."""
    blocker = tmp_path / "spool"
    blocker.write_text("")
    counters = Counters()
    spool = Spool(blocker / "r" / "a.jsonl", HEADER, counters)
    spool.append(lines(1, 1, is_step=False))
    for first in range(2, 4 * HELD_LIMIT, 1000):
        spool.append(lines(first, first + 999))
    assert len(spool.held) <= HELD_LIMIT
    assert 1 == spool.held[0].seq
    assert counters.thinned > 2 * HELD_LIMIT


def test_a_spool_that_grew_too_large_takes_every_hundredth_step(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is bounded in practice, and everything but steps still goes in."""
    monkeypatch.setattr(spool_module, "SIZE_LIMIT", 100)
    counters = Counters()
    spool = Spool(path, HEADER, counters)
    spool.append(lines(1, 10))
    spool.flush()
    spool.append(lines(11, 310))
    spool.append(lines(311, 312, is_step=False))
    spool.close()
    assert [*range(1, 11), 110, 210, 310, 311, 312] == written(path)
    assert 297 == counters.thinned


def test_a_spool_has_a_last_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First no step goes in any more, at last nothing does, and what was left out is counted."""
    for name in ("SIZE_LIMIT", "STEPS_LIMIT"):
        monkeypatch.setattr(spool_module, name, 100)
    counters = Counters()
    spool = Spool(path, HEADER, counters)
    spool.append(lines(1, 10))
    spool.flush()
    spool.append(lines(11, 310))
    spool.append(lines(311, 312, is_step=False))
    spool.flush()
    monkeypatch.setattr(spool_module, "LAST_LIMIT", 100)
    spool.append(lines(313, 314, is_step=False))
    spool.close()
    assert [*range(1, 11), 311, 312] == written(path)
    assert 302 == counters.thinned
