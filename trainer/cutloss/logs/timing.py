"""Seconds and moments for readings whose log does not name them."""

from dataclasses import replace

from cutloss.logs.readings import Reading

LONGEST_STEP_FACTOR = 20.0
"""A gap this much longer than the steps before it was no step: the job waited, or was started again."""


class Timing:
    """Completes readings from the log's timestamps, or, while it is followed live, from their arrival."""

    def __init__(self) -> None:
        self._step: tuple[int, float] | None = None
        self._seconds: float | None = None
        self._is_disturbed = False

    def complete(self, reading: Reading, arrived: float | None) -> Reading:
        """Return a reading with its moment and its seconds, where they can be known.

        Args:
            reading: as the log tells it.
            arrived: epoch seconds at which the line was read, ``None`` for a line that was there before.
        """
        ended = reading.ended if reading.ended is not None else arrived
        seconds = reading.seconds
        if reading.kind == "train":
            seconds = self._step_seconds(reading.step, ended) if seconds is None else seconds
            self._step = None if ended is None else (reading.step, ended)
            self._seconds = seconds if seconds is not None else self._seconds
            self._is_disturbed = False
        elif reading.kind == "val":
            seconds = self._validation_seconds(reading.step, ended) if seconds is None else seconds
            self._is_disturbed = True
        else:
            self._is_disturbed = True
        return replace(reading, ended=ended, seconds=seconds)

    def _step_seconds(self, step: int, ended: float | None) -> float | None:
        if self._step is None or ended is None or self._is_disturbed:
            return None
        last, at = self._step
        if step <= last or ended < at:
            return None
        seconds = (ended - at) / (step - last)
        return None if self._seconds and seconds > LONGEST_STEP_FACTOR * self._seconds else seconds

    def _validation_seconds(self, step: int, ended: float | None) -> float | None:
        """Return what passed since the last training line, less the steps in between."""
        if self._step is None or ended is None or self._is_disturbed:
            return None
        last, at = self._step
        seconds = ended - at - max(step - last, 0) * (self._seconds or 0.0)
        return seconds if seconds > 0 else None
