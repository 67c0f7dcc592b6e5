"""What the service asks of the training, and what the training answers."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Value = TypeVar("Value")
Answer = Callable[[dict[str, Any]], None]


class Commands:
    """The commands received so far.

    They arrive in the client's threads; the training looks at plain attributes and takes no lock.

    Args:
        answer: takes the data of a command note.

    Attributes:
        checkpoint_wanted: whether a checkpoint was asked for and is not saved yet.
        stop_wanted: whether the training was asked to stop.
    """

    def __init__(self, answer: Answer) -> None:
        self.checkpoint_wanted = False
        self.stop_wanted = False
        self._answer = answer
        self._known: set[str] = set()
        self._checkpoints: list[str] = []
        self._stops: list[str] = []
        self._settings: dict[str, Any] = {}
        self._unread: dict[str, str] = {}
        self.renew_lock()

    def renew_lock(self) -> None:
        """Take another lock: after a fork the old one may be held by a thread that the child has not."""
        # A signal's handler may save a checkpoint in the midst of another question: the lock lets it in.
        self._lock = threading.RLock()

    def take(self, received: object) -> None:
        """Take in commands as they travel; what was taken before is left out."""
        for command in received if isinstance(received, list | tuple) else []:
            if isinstance(command, dict) and isinstance(command.get("id"), str):
                self._take_one(command["id"], command)

    def _take_one(self, command_id: str, command: dict[str, Any]) -> None:
        with self._lock:
            if command_id in self._known:
                return
            self._known.add(command_id)
            match command.get("command"), command.get("name"):
                case "checkpoint", _:
                    self._checkpoints.append(command_id)
                    self.checkpoint_wanted = True
                case "stop", _:
                    self._stops.append(command_id)
                    self.stop_wanted = True
                case "set", str() as name:
                    self._settings[name] = command.get("value")
                    self._unread[name] = command_id
                case _:
                    self._refuse(command_id, "this client does not know the command")

    def claim_checkpoints(self) -> list[str]:
        """Return the ids of the checkpoint commands that a save starting now will answer."""
        with self._lock:
            claimed, self._checkpoints = self._checkpoints, []
            self.checkpoint_wanted = False
            return claimed

    def saved(self, claimed: list[str], step: object, path: str | None) -> None:
        """Answer claimed checkpoint commands: the save has ended."""
        for command_id in claimed:
            self._answer({"id": command_id, "status": "done", "step": step, "path": path})

    def failed(self, claimed: list[str], reason: str) -> None:
        """Answer claimed checkpoint commands: the save failed."""
        for command_id in claimed:
            self._refuse(command_id, reason)

    def stopped(self, step: object) -> None:
        """Answer the stop commands: the training ends after this step."""
        for command_id in self._stops:
            self._answer({"id": command_id, "status": "done", "step": step})
        self._stops = []

    def setting(self, name: str, default: Value) -> tuple[Value, bool]:
        """Return the value last set, else the default, and whether it was just read for the first time.

        A value of another type than the default's, or a count below 1 in place of one, is refused:
        the training must not fail on it.
        """
        if name not in self._settings:
            return default, False
        with self._lock:
            value, command_id = self._settings[name], self._unread.pop(name, None)
            if not fits(value, default):
                self._settings.pop(name)
                if command_id:
                    self._refuse(command_id, f"{name} is {value!r}; expected a value like {default!r}")
                return default, False
        if command_id:
            self._answer({"id": command_id, "status": "done"})
        return (float(value) if isinstance(default, float) else value), command_id is not None  # type: ignore[return-value]  # fits() compared the types

    def _refuse(self, command_id: str, reason: str) -> None:
        self._answer({"id": command_id, "status": "refused", "text": reason})


def fits(value: object, default: object) -> bool:
    """Tell whether a setting's value can stand where the default stands."""
    if default is None:
        return True
    if isinstance(default, bool) or isinstance(value, bool):
        return type(value) is type(default)
    if isinstance(default, int):
        return isinstance(value, int) and (value >= 1 or default < 1)
    if isinstance(default, float):
        return isinstance(value, int | float) and value - value == 0
    return isinstance(value, type(default))


class CommandsFile:
    """The file beside the spool in which the service leaves commands where it cannot be reached.

    Args:
        path: the file; it may not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> list[Any]:
        """Return the commands that have come since the last call; half a line waits for its other half."""
        try:
            if self._path.stat().st_size <= self._offset:
                return []
            with self._path.open("rb") as file:
                file.seek(self._offset)
                arrived = file.read()
        except OSError:
            return []
        whole_lines = arrived[: arrived.rfind(b"\n") + 1]
        self._offset += len(whole_lines)
        return [command for line in whole_lines.splitlines() if (command := _parse(line)) is not None]


def _parse(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None
