"""The time that a stretch of a training took on the GPU, told by two events that nobody waits for."""

import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

MILLISECONDS = 1000.0

MOST_PENDING = 256
"""Stretches whose time the GPU has not told yet; of the oldest beyond it the clock's time stands."""

Emit = Callable[[dict[str, Any]], object]


class GpuTime:
    """Two CUDA events around a stretch.

    Args:
        began: the event before it, recorded.
        ended: the event after it.
    """

    __slots__ = ("_began", "_ended")

    def __init__(self, began: Any, ended: Any) -> None:  # noqa: ANN401 - torch is not known here
        self._began = began
        self._ended = ended

    def end(self) -> None:
        """Note the end of the stretch."""
        self._ended.record()

    def has_passed(self) -> bool:
        """Tell whether the GPU has come so far; nothing is waited for."""
        return bool(self._ended.query())

    def seconds(self) -> float:
        """Return what passed on the GPU, which has come so far."""
        elapsed: float = self._began.elapsed_time(self._ended)
        return elapsed / MILLISECONDS


class GpuTimes:
    """The stretches of a run that wait for the GPU.

    Only the thread that began the first of them asks the GPU, and never while its work is captured as a
    graph: a question from any other thread, or one at that time, makes the capture invalid.

    Args:
        emit: takes a record, once its seconds are known.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._thread: int | None = None
        self._pending: deque[tuple[GpuTime, dict[str, Any]]] = deque()

    def begin(self) -> GpuTime | None:
        """Return a stretch that begins now.

        ``None`` where no GPU is in use, where its work is being captured, and in another thread than the
        first one's: there the clock tells the time.
        """
        try:
            if (cuda := self._usable()) is None:
                return None
            self._tell_passed()
            began, ended = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
            began.record()
        except (RuntimeError, AttributeError):
            return None
        return GpuTime(began, ended)

    def end(self, stretch: GpuTime, record: dict[str, Any]) -> None:
        """End a stretch; its record holds the clock's seconds, and is emitted with the GPU's later."""
        try:
            if self._usable() is None:
                self._emit(record)
                return
            stretch.end()
        except (RuntimeError, AttributeError):
            self._emit(record)
            return
        self._pending.append((stretch, record))
        self._tell_passed()
        if len(self._pending) > MOST_PENDING:
            self._emit(self._pending.popleft()[1])

    def close(self) -> None:
        """Emit what is left, with the clock's seconds where the GPU has not come so far."""
        try:
            if self._pending and self._usable() is not None:
                self._tell_passed()
        except (RuntimeError, AttributeError):
            pass
        while self._pending:
            self._emit(self._pending.popleft()[1])

    def _usable(self) -> Any:  # noqa: ANN401 - torch is not known here
        """Return torch's CUDA where this thread may ask it now.

        torch is looked for and never imported: a training that uses a GPU has it.
        """
        cuda = getattr(sys.modules.get("torch"), "cuda", None)
        if cuda is None or not cuda.is_initialized() or cuda.is_current_stream_capturing():
            return None
        here = threading.get_ident()
        self._thread = here if self._thread is None else self._thread
        return cuda if here == self._thread else None

    def _tell_passed(self) -> None:
        """Emit the stretches that the GPU has behind it, the oldest first."""
        while self._pending:
            stretch, record = self._pending[0]
            try:
                if not stretch.has_passed():
                    return
                told = record | {"seconds": stretch.seconds()}
            except (RuntimeError, AttributeError):
                told = record
            self._pending.popleft()
            self._emit(told)
