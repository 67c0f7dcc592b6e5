"""Spools that have served are removed, and no others."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cutloss
import pytest
from cutloss.backlog import Position, acknowledged, read_file, save_position
from cutloss.housekeeping import KEPT_SECONDS, QUIET_SECONDS, remove_served

NOW = 1.8e9


@pytest.fixture
def spool(tmp_path: Path) -> Callable[..., Path]:
    """Return what lays down a spool of a given age and position."""

    def lay(name: str, age: float, offset: int | None = 100, refused: list[list[int]] | None = None) -> Path:
        path = tmp_path / "spool" / "run" / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 100)
        os.utime(path, (NOW - age, NOW - age))
        if offset is not None:
            save_position(path, Position(offset, 1, refused or []))
        return path

    return lay


def test_what_was_acknowledged_long_ago_is_removed(spool: Callable[..., Path]) -> None:
    """With all that lies beside it, and the folder that it leaves empty."""
    path = spool("a", KEPT_SECONDS + 1)
    path.with_suffix(".commands.jsonl").touch()
    assert 1 == remove_served(path.parent.parent, NOW)
    assert not path.parent.exists()


@pytest.mark.parametrize(
    "kept",
    [
        {"age": KEPT_SECONDS - 1},
        {"age": 1e8, "offset": 99},
        {"age": 1e8, "offset": None},
        {"age": 1e8, "refused": [[1, 2]]},
    ],
    ids=["young", "not sent in full", "never sent from here", "refused in part"],
)
def test_any_other_spool_stays(spool: Callable[..., Path], kept: dict[str, Any]) -> None:
    """What may still be wanted is not the client's to remove."""
    path = spool("a", **kept)
    assert 0 == remove_served(path.parent.parent, NOW)
    assert path.exists()


def test_what_the_service_read_by_itself_has_served_too(spool: Callable[..., Path]) -> None:
    """Where compute nodes have no network the service acknowledges a spool beside it."""
    path = spool("a", KEPT_SECONDS + 1, offset=None)
    read_file(path).write_text('{"offset": 99}')
    assert (0, 99) == (remove_served(path.parent.parent, NOW), acknowledged(path))
    read_file(path).write_text('{"offset": 100}')
    assert 1 == remove_served(path.parent.parent, NOW)
    assert not path.parent.exists()


@pytest.mark.parametrize("text", ["", "[]", '{"offset": "100"}', '{"offset": 101}', '{"at": 100}'])
def test_an_acknowledgement_that_is_none_counts_for_nothing(spool: Callable[..., Path], text: str) -> None:
    """Torn, odd, or of a file that was longer."""
    path = spool("a", KEPT_SECONDS + 1, offset=None)
    read_file(path).write_text(text)
    assert (0, 0) == (remove_served(path.parent.parent, NOW), acknowledged(path))


def test_too_much_is_too_much_whatever_its_age(spool: Callable[..., Path]) -> None:
    """The oldest that have served go until the rest fits; what has not, and what is written, stays."""
    oldest, old, young = (spool(name, age) for name, age in (("a", 9e5), ("b", 8e5), ("c", 7e5)))
    unserved, written = spool("d", 9.5e5, offset=10), spool("e", QUIET_SECONDS - 1)
    assert 2 == remove_served(oldest.parent.parent, NOW, kept_bytes=300)
    assert [False, False, True, True, True] == [
        path.exists() for path in (oldest, old, young, unserved, written)
    ]


def test_a_training_that_reaches_the_service_cleans_up(
    home: Path, service: Any, wait_for: Callable[[Callable[[], object], str], None]
) -> None:
    """Once, in the client's own thread."""
    old = home / ".cutloss" / "spool" / "old" / "a.jsonl"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"x")
    os.utime(old, (1.0, 1.0))
    save_position(old, Position(1, 1))
    run = cutloss.init("new")
    wait_for(lambda: service.batches and not old.exists(), "the old spool's end")
    run.finish()


def test_a_training_without_a_service_cleans_up_too(
    home: Path, wait_for: Callable[[Callable[[], object], str], None]
) -> None:
    """What the service has read by itself is removed by trainings that never reach it."""
    old = home / ".cutloss" / "spool" / "old" / "a.jsonl"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"x")
    os.utime(old, (1.0, 1.0))
    read_file(old).write_text('{"offset": 1}')
    run = cutloss.init("new")
    wait_for(lambda: not old.exists(), "the old spool's end")
    run.finish()
