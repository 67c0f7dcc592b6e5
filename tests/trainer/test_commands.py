"""What the service asks for, and how it is answered."""

import threading
from pathlib import Path
from typing import Any

import pytest
from cutloss.commands import Commands, CommandsFile, fits


@pytest.fixture
def answers() -> list[dict[str, Any]]:
    """Return the list that answers go to."""
    return []


@pytest.fixture
def commands(answers: list[dict[str, Any]]) -> Commands:
    """Return commands that answer into the list."""
    return Commands(answers.append)


def test_a_checkpoint_is_done_when_its_save_ends(commands: Commands, answers: list[dict[str, Any]]) -> None:
    """Asked, claimed by the save, and answered with step and path only at its end."""
    commands.take([{"id": "c1", "command": "checkpoint"}])
    assert commands.checkpoint_wanted
    claimed = commands.claim_checkpoints()
    assert (False, []) == (commands.checkpoint_wanted, answers)
    commands.saved(claimed, 7, "/p")
    assert [{"id": "c1", "status": "done", "step": 7, "path": "/p"}] == answers


def test_a_command_that_comes_during_a_save_waits_for_the_next(commands: Commands) -> None:
    """The save that had begun may hold older weights than asked for."""
    commands.take([{"id": "c1", "command": "checkpoint"}])
    claimed = commands.claim_checkpoints()
    commands.take([{"id": "c2", "command": "checkpoint"}])
    commands.saved(claimed, 7, "/p")
    assert commands.checkpoint_wanted


def test_a_command_counts_once(commands: Commands, answers: list[dict[str, Any]]) -> None:
    """The service repeats a command until the note reaches it."""
    for _ in range(3):
        commands.take([{"id": "c1", "command": "checkpoint"}])
    commands.saved(commands.claim_checkpoints(), 1, "/p")
    commands.take([{"id": "c1", "command": "checkpoint"}])
    assert (1, False) == (len(answers), commands.checkpoint_wanted)


def test_a_stop_is_answered_at_the_end(commands: Commands, answers: list[dict[str, Any]]) -> None:
    """The training sees it at once; done it is when the training ends."""
    commands.take([{"id": "s", "command": "stop"}])
    assert commands.stop_wanted
    commands.stopped(9)
    assert [{"id": "s", "status": "done", "step": 9}] == answers


def test_a_setting_is_done_when_the_training_reads_it(
    commands: Commands, answers: list[dict[str, Any]]
) -> None:
    """A training that never asks for it never took it."""
    commands.take([{"id": "v", "command": "set", "name": "validate_every", "value": 100}])
    assert [] == answers
    assert (100, True) == commands.setting("validate_every", 25)
    assert (100, False) == commands.setting("validate_every", 25)
    assert [{"id": "v", "status": "done"}] == answers


@pytest.mark.parametrize("value", [0, -3, "100", None, 2.5, True, [1]])
def test_a_setting_that_could_hurt_is_refused(
    commands: Commands, answers: list[dict[str, Any]], value: object
) -> None:
    """A cadence of 0 would divide by zero in the training: it gets its default instead."""
    commands.take([{"id": "v", "command": "set", "name": "validate_every", "value": value}])
    assert (25, False) == commands.setting("validate_every", 25)
    assert ["refused"] == [answer["status"] for answer in answers]


def test_numbers_stand_for_each_other_where_that_is_safe() -> None:
    """A whole number is a rate too; a flag is no number."""
    found = [
        fits(1, 0.5),
        fits(0.5, 0.1),
        fits(float("nan"), 0.1),
        fits("a", "b"),
        fits(1, default=True),
        fits([1], None),
    ]
    assert [True, True, False, True, False, True] == found


def test_a_question_in_the_midst_of_another_does_not_hang(answers: list[dict[str, Any]]) -> None:
    """A signal's handler may save a checkpoint while the same thread is at a command."""

    def interrupted(answer: dict[str, Any]) -> None:
        answers.append(answer | {"claimed": commands.claim_checkpoints()})

    commands = Commands(interrupted)
    commands.take([{"id": "c1", "command": "checkpoint"}])
    thread = threading.Thread(target=commands.take, args=([{"id": "c2", "command": "no such"}],), daemon=True)
    thread.start()
    thread.join(30)
    assert [("c2", ["c1"])] == [(answer["id"], answer["claimed"]) for answer in answers]


def test_an_unknown_command_is_refused(commands: Commands, answers: list[dict[str, Any]]) -> None:
    """An older client says no to what it does not know."""
    commands.take([{"id": "x", "command": "dance"}, {"id": "y", "command": "set"}])
    assert [("x", "refused"), ("y", "refused")] == [(answer["id"], answer["status"]) for answer in answers]


@pytest.mark.parametrize("received", [None, {}, "checkpoint", [None, 3, {"command": "stop"}, {"id": 5}]])
def test_nonsense_is_no_command(commands: Commands, answers: list[dict[str, Any]], received: object) -> None:
    """What has no id is not a command."""
    commands.take(received)
    assert (False, []) == (commands.stop_wanted, answers)


def test_the_file_is_read_on_as_it_grows(tmp_path: Path) -> None:
    """Each command is read once; half a line waits; a broken line is passed over."""
    path = tmp_path / "a.commands.jsonl"
    file = CommandsFile(path)
    assert [] == file.read()
    path.write_text('{"id": "1"}\n{"id"')
    assert [{"id": "1"}] == file.read()
    with path.open("a") as growing:
        growing.write(': "2"}\nbroken\n')
    assert [{"id": "2"}] == file.read()
    assert [] == file.read()
