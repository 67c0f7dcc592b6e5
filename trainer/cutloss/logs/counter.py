"""One run-wide step from the counters of a log, which may start again with each epoch."""

from cutloss.logs.readings import Facts


class StepCounter:
    """Places each line of one log on the run's own axis of steps."""

    def __init__(self) -> None:
        self._epoch: int | None = None
        self._first_epoch: int | None = None
        self._starts: dict[int, int] = {}
        self._in_epoch: bool | None = None
        self._last = 0
        self._gap = 0
        self._length: int | None = None
        self._told = False
        self.epochs: int | None = None
        self.at: int | None = None

    @property
    def length(self) -> int | None:
        """Steps in an epoch, where the log tells or has shown it."""
        return self._length

    @property
    def total_steps(self) -> int | None:
        """Steps of the whole run, where epochs and their length are told exactly."""
        return self.epochs * self._length if self.epochs and self._length and self._told else None

    def train(self, facts: Facts) -> int | None:
        """Return the step of a training line, ``None`` where the line has no counter."""
        self.enter(facts)
        if facts.count is None:
            return None
        is_global = facts.in_epoch is False or "_is_global" in facts.fields
        if is_global or self._epoch is None:
            self.at = facts.count
            return self.at
        if facts.in_epoch or "_is_batch" in facts.fields:
            self._in_epoch = True
        if self._in_epoch and facts.of:
            self._length, self._told = facts.of, True
        self.at = self._start(facts) + facts.count
        self._gap = facts.count - self._last if facts.count > self._last else self._gap
        self._last = facts.count
        return self.at

    def validation(self, facts: Facts) -> int | None:
        """Return the step that a validation line is about: its own where it names one, else the last."""
        if "_mode" in facts.fields and facts.epoch is not None:
            self._length_from(facts)
        if facts.count is not None and facts.in_epoch is not True and "_is_batch" not in facts.fields:
            self.at = self.at if facts.count < (self.at or 0) and self._in_epoch else facts.count
            return self.at
        epoch = facts.epoch
        if epoch is not None and self._in_epoch and self._length_from(facts):
            start = self._starts.get(epoch)
            return None if start is None else start + (self._length or 0)
        self.enter(facts)
        # Before the first step a validation is at step 0, where the line is about nothing else.
        return self.at if self.at is not None else facts.epoch if "_alone" not in facts.fields else 0

    def epoch_end(self, facts: Facts) -> int | None:
        """Return the step of a line about a whole epoch: the epoch itself where nothing finer is counted."""
        if self.at is None or (self._in_epoch is None and self.at == self._epoch):
            self.enter(facts)
            self.at = facts.epoch
            return self.at
        return self.validation(facts)

    def _length_from(self, facts: Facts) -> bool:
        """Take the length of an epoch from a validation line that repeats it; tell whether it is known."""
        if facts.count and not facts.of and self._last <= facts.count < self._last + max(self._gap, 1):
            self._length, self._told = facts.count, True
        elif self._length is None and self._last:
            self._length = self._last
        return self._length is not None

    def enter(self, facts: Facts) -> None:
        """Take note of the epoch that a line names."""
        if facts.epochs:
            self.epochs = facts.epochs
        if facts.epoch is None or facts.epoch == self._epoch:
            return
        self._epoch = facts.epoch
        if self._first_epoch is None:
            self._first_epoch = 0 if facts.zero_based else min(facts.epoch, 1)

    def _start(self, facts: Facts) -> int:
        """Return the run-wide step that the current epoch began after."""
        epoch = self._epoch if self._epoch is not None else 0
        if epoch in self._starts:
            return self._starts[epoch]
        if not self._starts:
            known = self._length if self._in_epoch else None
            start = (epoch - (self._first_epoch or 0)) * known if known else 0
        else:
            start = self._next_start(epoch, facts)
        self._starts[epoch] = start
        self._last = 0
        return start

    def _next_start(self, epoch: int, facts: Facts) -> int:
        previous = max((known for known in self._starts if known < epoch), default=None)
        if previous is None:
            return 0
        if not self._in_epoch and (facts.count or 0) > self._last:
            return self._starts[previous]  # the counter goes on: it is the run's own
        self._in_epoch = True
        if not self._told:
            reaches_back = (facts.count or 0) < self._gap
            self._length = self._last + (self._gap if reaches_back else 0)
        return self._starts[previous] + (self._length or self._last) * (epoch - previous)
