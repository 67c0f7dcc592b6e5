"""From the content of a line to what it says about the training."""

import math
from dataclasses import replace

from cutloss.logs.counter import StepCounter
from cutloss.logs.names import (
    EPOCH_CLOCK_NAMES,
    VALIDATION_SECONDS_NAMES,
    find_first,
    find_loss,
    find_lr,
    is_validation,
)  # fmt: skip
from cutloss.logs.readings import Facts, Reading

CLOCK_PROOF = 6
"""A column called ``time`` that rose this often in a row is a clock; a step's time would waver."""


class Interpreter:
    """Makes readings of facts. Holds the last training line back while its rate may still follow."""

    def __init__(self) -> None:
        self.counter = StepCounter()
        self.total_steps: int | None = None
        self._ranks: dict[str, int] = {}
        self._rate: tuple[int | None, float | None] = (None, None)
        self._held: Reading | None = None
        self._pending: Reading | None = None
        self._time = TimeColumn()
        self._clock: tuple[int, float] | None = None
        self._main_bar: int | None = None
        self._bar_step: int | None = None
        self._is_fine = False
        self._bar_validation: float | None = None

    def take(self, facts: Facts) -> list[Reading]:
        """Return the readings that a line brings about, those held back before it included."""
        loss, val_loss = (find_loss(facts.fields, validation=kind) for kind in (False, True))
        if facts.is_validation and val_loss is None:
            loss, val_loss = None, self._average_loss(facts) or loss
        readings: list[Reading] = []
        if "_bar" in facts.fields and (readings_of_bar := self._bar(facts, loss, val_loss)) is not None:
            return readings_of_bar
        if val_loss is not None or self._is_bare_validation(facts):
            readings = self._both(facts, loss, val_loss)
        elif loss is not None:
            readings = self._train(facts, *loss)
        elif facts.count is not None and facts.clock is not None and not facts.is_validation:
            readings = self._train(facts, None, self._ranks.get("train", 0))
        else:
            self._note_rate(facts)
        self._note_totals(facts)
        return readings

    def _bar(
        self, facts: Facts, loss: tuple[float, int] | None, val_loss: tuple[float, int] | None
    ) -> list[Reading] | None:
        """Read a progress bar, which is drawn anew all the time; ``None`` where it is like any other line."""
        if facts.is_validation:
            return [] if val_loss is None else None
        main = self._main_bar = self._main_bar or facts.of
        if facts.of != main and facts.in_epoch is None:
            return []
        self._note_totals(facts)
        step = self.counter.train(facts)
        if step is None or facts.count == 0:
            return []
        readings = []
        if step != self._bar_step or loss is not None:
            value, rank = loss if loss is not None else (None, 0)
            readings = self._at(step, facts, value, rank) if step != self._bar_step else []
        self._bar_step = step
        if val_loss is not None and val_loss[0] != self._bar_validation:
            self._bar_validation = val_loss[0]
            readings += [*self._release(), Reading("val", step, val_loss[0], rank=val_loss[1])]
        return readings

    def flush(self) -> list[Reading]:
        """Return what was held back."""
        held = [reading for reading in (self._held, self._pending) if reading is not None]
        self._held = self._pending = None
        return held

    def _both(
        self, facts: Facts, loss: tuple[float, int] | None, val_loss: tuple[float, int] | None
    ) -> list[Reading]:
        """Read a line with a validation in it; a training loss beside it stands at the same step."""
        has_train = loss is not None and not facts.is_validation
        step = (
            self._summary_step(facts) if has_train or facts.count is None else self.counter.validation(facts)
        )
        if step is None:
            return []
        readings = []
        if has_train and loss is not None and (facts.count is not None or not self._is_fine):
            readings += self._at(step, facts, *loss)
        ended = facts.ended if facts.ended is not None else facts.fields.get("_ended")
        value, rank = val_loss if val_loss is not None else (None, 0)
        if not self._is_best("val", rank):
            return readings
        duration = find_first(facts.fields, VALIDATION_SECONDS_NAMES)
        metrics = {
            name: value
            for name, value in facts.fields.items()
            if is_validation(name) and math.isfinite(value)
        }
        reading = Reading("val", step, value, None, duration and duration[1], ended, metrics, rank)
        if (
            facts.in_epoch
            and facts.of
            and facts.is_validation
            and facts.count is not None
            and facts.count < facts.of - 1
        ):
            self._pending = reading
            return [*readings, *self._release()]
        self._pending = None
        return [*readings, *self._release(), reading]

    def _summary_step(self, facts: Facts) -> int | None:
        if facts.count is None and facts.epoch is not None:
            return self.counter.epoch_end(facts)
        return self.counter.train(facts) if facts.count is not None else self.counter.validation(facts)

    def _train(self, facts: Facts, loss: float | None, rank: int) -> list[Reading]:
        step = self.counter.train(facts)
        self._is_fine = self._is_fine or step is not None
        if step is None:
            summary = facts.epoch is not None and not self._is_fine
            step = self.counter.epoch_end(facts) if summary else None
        if step is None:
            return []
        pending, self._pending = self._pending, None
        before = [*self._release(), pending] if pending else []
        return [*before, *self._at(step, facts, loss, rank)]

    def _at(self, step: int, facts: Facts, loss: float | None, rank: int) -> list[Reading]:
        """Return what was held, and hold this training reading where its rate may follow."""
        if not self._is_best("train", rank):
            return []
        rate = find_lr(facts.fields)
        if rate is None and self._rate[0] == step:
            rate = self._rate[1]
        stamp = find_first(facts.fields, EPOCH_CLOCK_NAMES)
        ended = facts.ended if facts.ended is not None else stamp[1] if stamp and stamp[1] > 1e9 else None  # noqa: PLR2004 - 2001: an epoch second
        reading = Reading("train", step, loss, rate, self._seconds(step, facts), ended, rank=rank)
        released = self._release()
        if rate is not None:
            return [*released, reading]
        self._held = reading
        return released

    def _release(self) -> list[Reading]:
        held, self._held = self._held, None
        return [] if held is None else [held]

    def _note_rate(self, facts: Facts) -> None:
        """Keep the rate of a line that has nothing else, for the loss at the same step beside it."""
        rate = find_lr(facts.fields)
        if rate is None:
            if facts.epoch is not None and facts.count is None:
                self.counter.enter(facts)
            return
        self._rate = (facts.count, rate)
        if self._held is not None and facts.count in {None, self._held.step}:
            self._held = replace(self._held, lr=rate)

    def _seconds(self, step: int, facts: Facts) -> float | None:
        if facts.count == 0 and facts.in_epoch:
            return None  # the data loader's start, not a step
        if facts.seconds is not None:
            return facts.seconds
        clock = facts.clock
        if clock is None and "time" in facts.fields:
            seconds, clock = self._time.read(facts.fields["time"])
            if clock is None:
                return seconds
        if clock is None:
            return None
        before, self._clock = self._clock, (step, clock)
        if before is None or step <= before[0] or clock < before[1]:
            return None
        return (clock - before[1]) / (step - before[0])

    def _average_loss(self, facts: Facts) -> tuple[float, int] | None:
        return find_loss(facts.averages, validation=False)

    def _is_best(self, kind: str, rank: int) -> bool:
        """Tell whether no better name for this loss has been seen: two series must not be mixed."""
        best = self._ranks.setdefault(kind, rank)
        self._ranks[kind] = min(best, rank)
        return rank <= best

    def _is_bare_validation(self, facts: Facts) -> bool:
        """Tell whether a line without a loss ends a validation all the same."""
        is_placed = facts.in_epoch is not None or facts.epoch is not None or "_mode" in facts.fields
        return (facts.is_validation and is_placed) or any(
            name in facts.fields for name in VALIDATION_SECONDS_NAMES
        )

    def _note_totals(self, facts: Facts) -> None:
        if facts.of and facts.count is not None and not facts.is_validation and facts.count <= facts.of:
            is_total = facts.in_epoch is False or (facts.in_epoch is None and facts.epoch is None)
            if is_total and "_is_batch" not in facts.fields and self.counter.length is None:
                self.total_steps = facts.of
        elif not self._is_fine and self.counter.epochs and self.counter.at == facts.epoch is not None:
            self.total_steps = self.counter.epochs
        self.total_steps = self.counter.total_steps or self.total_steps


class TimeColumn:
    """A column called ``time``: of one step in some logs, since the start in others."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._rises = 0
        self._is_step: bool | None = None

    def read(self, value: float) -> tuple[float | None, float | None]:
        """Return a value as seconds of a step, or as a clock's reading."""
        rises = self._last is not None and value > self._last
        fell = self._last is not None and value < self._last
        self._last = value
        self._rises = self._rises + 1 if rises else self._rises
        if self._is_step is None and (fell or self._rises >= CLOCK_PROOF):
            self._is_step = fell
        return (
            (None, value)
            if self._is_step is False or (self._is_step is None and self._rises > 1)
            else (value, None)
        )
