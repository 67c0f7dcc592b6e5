"""``cutloss attach``: follow a log that a training writes, and report what it reads."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutloss.catch_up import Replay, told
from cutloss.logs.guess import Guess
from cutloss.logs.readings import Reading
from cutloss.logs.regex import Regex
from cutloss.logs.tail import Tail
from cutloss.logs.timing import Timing
from cutloss.records import duration, finite, measured
from cutloss.run import Run

POLL_SECONDS = 0.5
QUEUE_ROOM = 5000
"""Reports that may wait for the disk: a log of a million lines is read no faster than it is written down."""

EVEN_GAPS = 2
"""Validations this evenly apart in a row are a cadence."""


@dataclass(slots=True)
class Found:
    """What was read of a log.

    Attributes:
        preset: what kind of log it is, ``None`` where nothing was found.
        steps: training lines.
        validations: validations.
        checkpoints: checkpoints.
        last_step: the last one read.
        total_steps: of the whole run, where the log tells.
        first_loss: the first training loss, and so on.
    """

    preset: str | None = None
    steps: int = 0
    validations: int = 0
    checkpoints: int = 0
    last_step: int | None = None
    total_steps: int | None = None
    first_loss: float | None = None
    last_loss: float | None = None
    last_val_loss: float | None = None
    restarts: int = field(default=0)

    def take(self, reading: Reading) -> None:
        """Count a reading."""
        self.last_step = reading.step
        if reading.kind == "train":
            self.steps += 1
            self.first_loss = reading.loss if self.first_loss is None else self.first_loss
            self.last_loss = reading.loss if reading.loss is not None else self.last_loss
        elif reading.kind == "val":
            self.validations += 1
            self.last_val_loss = reading.loss if reading.loss is not None else self.last_val_loss
        else:
            self.checkpoints += 1


class Attachment:
    """Carries readings from a log to a run.

    Args:
        path: the log.
        reader: a guess among the presets, or the user's own expression.
        run: what it is reported as, or what stands in its place until the log is read up to where an
            earlier process left it.
        declared: fields of the plan that the user gave; the log does not overrule them.
    """

    def __init__(
        self, path: Path, reader: Guess | Regex, run: Run | Replay, declared: dict[str, Any]
    ) -> None:
        self._tail = Tail(path)
        self._reader = reader
        self._run = run
        self._declared = declared
        self._timing = Timing()
        self._cadences = {"val": Cadence(), "checkpoint": Cadence()}
        self._reported: set[tuple[object, ...]] = set()
        self._last: dict[str, tuple[int, float | None]] = {}
        self.found = Found()

    def catch_up(self, replay: Replay) -> bool:
        """Read as far as was reported before; tell whether the log still says what was reported."""
        while not replay.is_over and (lines := self._tail.lines()):
            self._take(lines, None)
        remaining = replay.remaining()
        if remaining is None:
            self._tail.close()
            return False
        self._reported = remaining
        return True

    def go_on(self, replay: Replay, run: Run) -> None:
        """Report what was read beyond the earlier report, and all that comes."""
        self._run = run
        for record in replay.fresh:
            run.emit(record)

    def read_to_end(self, *, is_live: bool = False) -> int:
        """Read what is there; return how many lines."""
        count = 0
        while lines := self._tail.lines():
            count += len(lines)
            self._take(lines, time.time() if is_live else None)
        self.found.restarts = self._tail.restarts
        return count

    def follow(self, idle_seconds: float | None, is_wanted: Callable[[], bool]) -> Iterator[Found]:
        """Read what is there, then what comes; yield after each time that something did.

        Args:
            idle_seconds: ends after so long without a line; ``None`` never does.
            is_wanted: tells whether to go on.
        """
        self.read_to_end()
        came = time.monotonic()
        yield self.found
        while is_wanted() and (idle_seconds is None or time.monotonic() - came < idle_seconds):
            time.sleep(POLL_SECONDS)
            if self.read_to_end(is_live=True):
                came = time.monotonic()
                yield self.found
            else:
                self._report(self._reader.flush(), time.time())

    def close(self) -> None:
        """Read the last line, though it lack its end."""
        self._take(self._tail.rest(), None)
        held = self._reader.flush(at_end=True) if isinstance(self._reader, Guess) else self._reader.flush()
        self._report(held, None)
        self._tail.close()

    def _take(self, lines: list[str], arrived: float | None) -> None:
        for line in lines:
            if readings := self._reader.read(line):
                self._report(readings, arrived)

    def _report(self, readings: list[Reading], arrived: float | None) -> None:
        for reading in readings:
            if self._last.get(reading.kind) == (reading.step, reading.loss):
                continue
            self._last[reading.kind] = (reading.step, reading.loss)
            timed = self._timing.complete(reading, arrived)
            self.found.take(timed)
            record = record_of(timed)
            if told(record) in self._reported:
                self._reported.remove(told(record))
            else:
                self._run.emit(record)
            self._note_cadence(timed)
        self._note_totals()
        while len(self._run.queued) > QUEUE_ROOM:
            time.sleep(0.01)

    def _note_totals(self) -> None:
        source = self._reader.chosen if isinstance(self._reader, Guess) else self._reader
        if source is None:
            return
        self.found.preset = source.name
        if source.total_steps and source.total_steps != self.found.total_steps:
            self.found.total_steps = source.total_steps
            self._declare("total_steps", source.total_steps)

    def _note_cadence(self, reading: Reading) -> None:
        cadence = self._cadences.get(reading.kind)
        if cadence is None or (every := cadence.take(reading.step)) is None:
            return
        self._declare("validate_every" if reading.kind == "val" else "checkpoint_every", every)

    def _declare(self, name: str, value: int) -> None:
        if self._declared.get(name) is None:
            self._run.declare(**{name: value})


class Cadence:
    """Finds how many steps apart something happens."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._gap: int | None = None
        self._even = 0
        self._told: int | None = None

    def take(self, step: int) -> int | None:
        """Return the cadence once it is plain, and again where it changes."""
        last, self._last = self._last, step
        if last is None or step <= last:
            return None
        self._even = self._even + 1 if step - last == self._gap else 1
        self._gap = step - last
        if self._even < EVEN_GAPS or self._gap == self._told or step % self._gap:
            return None
        self._told = self._gap
        return self._gap


def record_of(reading: Reading) -> dict[str, Any]:
    """Return a reading as the reporter's queue takes it."""
    ended = None if reading.ended is None else round(reading.ended, 3)
    seconds = duration(reading.seconds)
    if reading.kind == "train":
        return {
            "k": "step", "step": reading.step, "ended": ended, "seconds": seconds,
            "loss": measured(reading.loss), "lr": finite(reading.lr),
        }  # fmt: skip
    started = (time.time() if ended is None else ended) - (seconds or 0.0)
    timed = {"k": "validation", "step": reading.step, "started": started, "seconds": seconds}
    if reading.kind == "val":
        return timed | {"loss": reading.loss, "metrics": reading.metrics}
    return timed | {"k": "checkpoint", "path": None}
