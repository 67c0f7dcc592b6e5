"""The timed stretches of a training: a validation, a checkpoint, any other phase."""

import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from cutloss.commands import Commands
from cutloss.cuda import GpuTime, GpuTimes

PROGRESS_SECONDS = 1.0
LONGEST_PATH = 4096
LONGEST_NAME = 200
WITHIN_STEP = frozenset({"data", "forward", "backward", "optimizer", "communication"})
"""Phases that split a step; time in any other phase is not the step's."""

Emit = Callable[[dict[str, Any]], object]
Exclude = Callable[[float], None]


class Phase:
    """One stretch of a phase, timed by ``with``.

    Args:
        name: the phase.
        emit: takes a record.
        exclude: takes the clock reading since which the time is not the step's.
        gpu_times: asks the GPU for its seconds, where one is in use; ``None``: they are the clock's.
    """

    def __init__(self, name: str, emit: Emit, exclude: Exclude, gpu_times: GpuTimes | None = None) -> None:
        self.name = name[:LONGEST_NAME]
        self._emit = emit
        self._exclude = exclude
        self._gpu_times = gpu_times
        self._gpu: GpuTime | None = None
        self._started = self._began = 0.0

    def __enter__(self) -> Self:
        self._started, self._began = time.time(), time.perf_counter()
        self._gpu = self._gpu_times.begin() if self._gpu_times is not None else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = time.perf_counter() - self._began
        if self.name not in WITHIN_STEP:
            self._exclude(self._began)
        self._end(seconds, error)

    def _end(self, seconds: float, _error: BaseException | None) -> None:
        span = {"k": "span", "phase": self.name, "started": self._started, "seconds": seconds}
        if self._gpu_times is None or self._gpu is None:
            self._emit(span)
        else:
            self._gpu_times.end(self._gpu, span)

    def _note_progress(self, done: object, of: object) -> None:
        if isinstance(done, int) and isinstance(of, int) and done > of:
            of = None  # more than was declared: how many there are is not known
        data = {"phase": self.name, "started": round(self._started, 3), "done": done, "of": of}
        self._emit({"k": "note", "kind": "progress", "data": data})

    def _note_end(self) -> None:
        self._emit({"k": "note", "kind": "progress", "data": {"phase": None}})


class Validation(Phase):
    """One validation.

    Attributes:
        loss: its loss, a number or a tensor; set it inside the ``with`` block.
        metrics: further numbers by name.
    """

    def __init__(self, step: object, batches: object, emit: Emit, exclude: Exclude) -> None:
        super().__init__("validation", emit, exclude)
        self.loss: Any = None
        self.metrics: dict[str, Any] = {}
        self._step = step
        self._batches = batches
        self._noted = 0.0

    def __enter__(self) -> Self:
        super().__enter__()
        self._noted = self._began
        self._note_progress(0, self._batches)
        return self

    def progress(self, done: int, of: int | None = None) -> None:
        """Report how many batches are done, of how many; cheap enough for each batch."""
        now = time.perf_counter()
        if now - self._noted >= PROGRESS_SECONDS:
            self._noted = now
            self._note_progress(done, self._batches if of is None else of)

    def _end(self, seconds: float, error: BaseException | None) -> None:
        if error is not None:
            super()._end(seconds, error)
        else:
            timed = {"step": self._step, "started": self._started, "seconds": seconds}
            self._emit({"k": "validation", **timed, "loss": self.loss, "metrics": self.metrics})
        self._note_end()


class Save(Phase):
    """One save of a checkpoint; it answers the checkpoint commands that came before it began.

    Args:
        step: the step that is saved.
        path: where to.
        emit: takes a record.
        exclude: takes the clock reading since which the time is not the step's.
        commands: what the service asked for.
    """

    def __init__(self, step: object, path: object, emit: Emit, exclude: Exclude, commands: Commands) -> None:
        super().__init__("checkpoint", emit, exclude)
        self._step = step
        self._path = absolute(path)
        self._commands = commands
        self._claimed: list[str] = []

    def __enter__(self) -> Self:
        super().__enter__()
        self._claimed = self._commands.claim_checkpoints()
        self._note_progress(None, None)
        return self

    def _end(self, seconds: float, error: BaseException | None) -> None:
        if error is not None:
            super()._end(seconds, error)
            self._commands.failed(self._claimed, f"the save failed: {type(error).__name__}")
        else:
            timed = {"step": self._step, "started": self._started, "seconds": seconds}
            self._emit({"k": "checkpoint", **timed, "path": self._path})
            self._commands.saved(self._claimed, self._step, self._path)
        self._note_end()


def absolute(path: object) -> str | None:
    """Return a path as a text that holds wherever the next job runs, ``None`` where none was given."""
    if path is None:
        return None
    try:
        return os.path.abspath(os.fsdecode(path))[:LONGEST_PATH]  # type: ignore[arg-type]  # noqa: PTH100 - anything may come
    except (TypeError, ValueError, OSError):
        return str(path)[:LONGEST_PATH]
