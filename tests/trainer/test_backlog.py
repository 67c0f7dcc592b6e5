"""What of a spool file is still to be sent."""

from pathlib import Path

import pytest
from cutloss.backlog import Backlog, Position, load_position, read_header, save_position, spool_files
from cutloss.records import encode


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a spool file with a header, three records, and half a fourth."""
    header = b'{"v":1,"run":"r","attempt":"a","attempt_started":1.0,"job":null}\n'
    content = header + b"".join(encode({"k": "step", "seq": seq}) for seq in (1, 2, 3)) + b'{"k":"st'
    (tmp_path / "a.jsonl").write_bytes(content)
    return tmp_path / "a.jsonl"


def seqs(backlog: Backlog, most: int = 100) -> list[int]:
    """Return the numbers of the next batch."""
    return [record["seq"] for record in backlog.next_batch(most).records]


def test_a_batch_comes_again_until_it_is_settled(path: Path) -> None:
    """An unanswered post loses nothing."""
    backlog = Backlog(path, {})
    assert seqs(backlog) == [1, 2, 3] == seqs(backlog)
    backlog.settle(backlog.next_batch(100), stored=True)
    assert [] == seqs(backlog)


def test_batches_are_bounded_and_follow_each_other(path: Path) -> None:
    """A batch holds at most as many lines as asked for; the header is one of them."""
    backlog = Backlog(path, {})
    found = []
    for _ in range(3):
        batch = backlog.next_batch(2)
        found.append([record["seq"] for record in batch.records])
        backlog.settle(batch, stored=True)
    assert [[1], [2, 3], []] == found


def test_half_a_line_waits_for_its_other_half(path: Path) -> None:
    """A line that is still being written is sent once it is whole."""
    backlog = Backlog(path, {})
    backlog.settle(backlog.next_batch(100), stored=True)
    with path.open("ab") as file:
        file.write(b'ep","seq":4}\n')
    assert [4] == seqs(backlog)


def test_held_lines_follow_the_file_and_are_sent_once(path: Path) -> None:
    """What the disk did not take is sent from memory, and not again when the disk took it after all."""
    held = [encode({"k": "step", "seq": 4})]
    backlog = Backlog(path, {}, held=lambda _: held)
    backlog.settle(backlog.next_batch(100), stored=True)
    assert [4] == seqs(backlog)
    backlog.settle(backlog.next_batch(100), stored=True)
    held.clear()
    with path.open("ab") as file:
        file.write(b"\n" + encode({"k": "step", "seq": 4}) + encode({"k": "step", "seq": 5}))
    assert [5] == seqs(backlog)


def test_what_was_refused_is_set_aside_and_passed(path: Path) -> None:
    """A refused stretch is remembered by its numbers."""
    backlog = Backlog(path, {})
    backlog.settle(backlog.next_batch(3), stored=False)
    assert ([3], [[1, 2]]) == (seqs(backlog), backlog.position.refused)


def test_a_missing_file_has_nothing_to_send(tmp_path: Path) -> None:
    """No file, no batch, no error."""
    assert [] == seqs(Backlog(tmp_path / "gone.jsonl", {}))


def test_the_position_survives_the_process(path: Path) -> None:
    """It is kept beside the spool, and anything unusable there means the beginning."""
    position = Position(70, 2, [[1, 1]])
    save_position(path, position)
    assert position == load_position(path)
    (path.parent / "a.sent.json").write_text('{"offset": "x"}')
    assert Position() == load_position(path)


def test_a_position_beyond_the_file_means_the_beginning(path: Path) -> None:
    """A spool that was removed and came back shorter is sent anew."""
    save_position(path, Position(10_000, 9))
    assert Position() == load_position(path)


def test_the_header_identifies_the_attempt(path: Path) -> None:
    """A file without a usable header is nobody's."""
    header = read_header(path)
    assert header is not None
    assert ("r", "a") == (header["run"], header["attempt"])
    path.write_text("{}\n")
    assert read_header(path) is None


def test_commands_are_no_spool(path: Path) -> None:
    """The service's file beside the spool is left out."""
    (path.parent / "a.commands.jsonl").write_text("")
    assert [path] == spool_files(path.parent)
