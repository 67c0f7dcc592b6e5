"""Turns what the training reported into numbered records."""

import time
from typing import Any

from cutloss.counters import Counters
from cutloss.queues import Entry, StepEntry
from cutloss.records import KINDS, Record, duration, encode, finite, measured, plain, whole
from cutloss.spool import Line

SPAN_SECONDS = 10.0
"""Spans of one phase are added up over this long: a data loader is timed at every step."""


class StepTimes:
    """Seconds of one step, from the time between two reports.

    Args:
        startup_seconds: what passed between the process's start and the reporter's.
        warmup_steps: first steps that are start-up too: compilation, warm-up.
    """

    def __init__(self, startup_seconds: float, warmup_steps: int = 1) -> None:
        self._startup_seconds = startup_seconds
        self._warmup_steps = warmup_steps
        self._first_step: int | None = None
        self._last_step: int | None = None
        self._is_over = False

    def startup(self, step: int, elapsed: float) -> float | None:
        """Return the start-up time, told by the first report and again by the last one that is start-up."""
        if self._is_over:
            return None
        is_first = self._first_step is None
        self._first_step = step if self._first_step is None else self._first_step
        self._startup_seconds += max(elapsed, 0.0)
        return self._startup_seconds if is_first or self._ends_startup(step) else None

    def seconds(self, step: int, elapsed: float) -> float | None:
        """Return the mean seconds of a step since the last report; ``startup`` is asked before.

        ``None`` for the first ones, which are start-up, and after a step back.
        """
        last, self._last_step = self._last_step, step
        was_over, self._is_over = self._is_over, self._is_over or self._ends_startup(step)
        if last is None or step <= last or not was_over:
            return None
        return duration(elapsed / (step - last))

    def _ends_startup(self, step: int) -> bool:
        return self._first_step is not None and step - self._first_step + 1 >= self._warmup_steps


class Composer:
    """Numbers the records and cleans their fields. Only the reporter's thread uses it.

    Args:
        times: the step times of this attempt.
        counters: where unusable entries are counted.
        last_seq: the greatest number already given.
    """

    def __init__(self, times: StepTimes, counters: Counters, last_seq: int = 0) -> None:
        self._times = times
        self._counters = counters
        self._seq = last_seq
        self.read_clocks()
        self._spans: dict[str, Record] = {}
        self._reported: dict[str, int] = {}
        self._reported_at = 0.0

    def read_clocks(self) -> None:
        """Learn what the training's clock readings are in wall-clock time; over days that shifts."""
        self._epoch_offset = time.time() - time.perf_counter()

    def compose(self, entry: Entry) -> list[Line]:
        """Return the lines of an entry; none where it holds no step, which is counted."""
        return self._step(entry) if isinstance(entry, tuple) else self._other(entry)

    def due(self, *, everything: bool = False) -> list[Line]:
        """Return the lines that time brings about: added-up spans, and a note of what went wrong."""
        return self._finished_spans(everything=everything) + self._warning(everything=everything)

    def _step(self, entry: StepEntry) -> list[Line]:
        given, ended, began, loss, lr = entry
        elapsed = ended - began
        step = whole(given)
        if step is None:
            self._counters.invalid += 1
            return []
        startup = self._times.startup(step, elapsed)
        fields = {
            "step": step,
            "ended": round(self._epoch_offset + ended, 2),
            "seconds": self._times.seconds(step, elapsed),
            "loss": measured(loss),
            "lr": finite(lr),
        }
        note = [] if startup is None else [self._note("startup", {"seconds": round(startup, 3)})]
        return [*note, self._line("step", fields)]

    def _other(self, entry: dict[str, Any]) -> list[Line]:
        kind = entry["k"]
        if kind == "note":
            return [self._note(entry["kind"], entry["data"])]
        if kind == "span":
            return self._add_span(entry)
        if kind == "step":
            # Read from a log, where the times are the log's own.
            return [self._line(kind, {name: entry[name] for name in KINDS[kind].fields})]
        if (step := whole(entry["step"])) is None:
            self._counters.invalid += 1
            return []
        timed = {"step": step, "started": round(entry["started"], 3), "seconds": duration(entry["seconds"])}
        if kind == "validation":
            own = {"loss": measured(entry["loss"]), "metrics": plain(entry["metrics"])}
        else:
            own = {"path": entry["path"]}
        return [self._line(kind, timed | own)]

    def _add_span(self, entry: dict[str, Any]) -> list[Line]:
        """Add a stretch to its phase."""
        summed = self._spans.setdefault(entry["phase"], entry | {"seconds": 0.0})
        summed["seconds"] += entry["seconds"]
        return []

    def _finished_spans(self, *, everything: bool) -> list[Line]:
        oldest = time.time() - SPAN_SECONDS
        finished = [name for name, span in self._spans.items() if everything or span["started"] < oldest]
        return [self._span(self._spans.pop(name)) for name in finished]

    def _span(self, span: Record) -> Line:
        fields = {"phase": str(span["phase"]), "started": round(span["started"], 3)}
        return self._line("span", fields | {"seconds": duration(span["seconds"])})

    def _warning(self, *, everything: bool) -> list[Line]:
        counts, now = self._counters.nonzero(), time.monotonic()
        if counts == self._reported or not (everything or now - self._reported_at > SPAN_SECONDS):
            return []
        self._reported, self._reported_at = counts, now
        return [self._note("warning", {"text": "the reporter had difficulties", **counts})]

    def _note(self, kind: str, data: object) -> Line:
        return self._line("note", {"kind": kind, "data": plain(data)})

    def _line(self, kind: str, fields: dict[str, Any]) -> Line:
        self._seq += 1
        return Line(self._seq, encode({"k": kind, "seq": self._seq, **fields}), kind == "step")
