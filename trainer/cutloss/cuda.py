"""The time that a stretch of a training took on the GPU, told by two events that nobody waits for."""

import sys
from typing import Any, Self

MILLISECONDS = 1000.0


class GpuTime:
    """Two CUDA events around a stretch: recorded by the training, read later by the client's thread.

    Args:
        began: the event before it, recorded.
        ended: the event after it.
    """

    __slots__ = ("_began", "_ended", "_is_recorded")

    def __init__(self, began: Any, ended: Any) -> None:  # noqa: ANN401 - torch is not known here
        self._began = began
        self._ended = ended
        self._is_recorded = False

    @classmethod
    def begin(cls) -> Self | None:
        """Return a stretch that begins now; ``None`` where no GPU is in use, or its work is being captured.

        torch is looked for and never imported: a training that uses a GPU has it.
        """
        cuda = getattr(sys.modules.get("torch"), "cuda", None)
        try:
            if cuda is None or not cuda.is_initialized() or cuda.is_current_stream_capturing():
                return None
            began, ended = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
            began.record()
        except (RuntimeError, AttributeError):
            return None
        return cls(began, ended)

    def end(self) -> None:
        """Note the end of the stretch."""
        try:
            self._ended.record()
        except RuntimeError:
            return  # the stretch is then told by the clock
        self._is_recorded = True

    @property
    def seconds(self) -> float | None:
        """What passed on the GPU, ``None`` while it has not come so far; nothing is waited for."""
        try:
            if not self._is_recorded or not self._ended.query():
                return None
            elapsed: float = self._began.elapsed_time(self._ended)
        except RuntimeError:
            return None
        return elapsed / MILLISECONDS
