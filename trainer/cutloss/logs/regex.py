"""A log read by a regular expression of the user's own."""

import re

from cutloss.logs.counter import StepCounter
from cutloss.logs.lines import NUMBER, number, written_at
from cutloss.logs.readings import Facts, Reading

GROUPS = frozenset(
    {
        "step",
        "loss",
        "lr",
        "val_loss",
        "seconds",
        "validation_seconds",
        "epoch",
        "epochs",
        "total_steps",
        "batch",
        "batches",
    }
)
WHOLE_NUMBER = re.compile(rf"^\s*(?:{NUMBER})\s*$", re.IGNORECASE)


class RegexError(ValueError):
    """The expression cannot be used: the message says why."""


class Regex:
    """Reads lines by named groups.

    Args:
        expression: with groups named as in ``GROUPS``; ``step``, or ``batch`` with ``epoch``, places the
            line, and a line without either belongs to the last step.

    Raises:
        RegexError: it is none, or has no group that tells anything.
    """

    name = "regex"

    def __init__(self, expression: str) -> None:
        try:
            self._expression = re.compile(expression)
        except re.error as error:
            raise RegexError(f"{expression!r} is no regular expression: {error}") from error
        groups = set(self._expression.groupindex)
        if unknown := groups - GROUPS:
            raise RegexError(f"{sorted(unknown)} are groups nobody reads; expected some of {sorted(GROUPS)}")
        if not groups & {"loss", "val_loss", "step"}:
            raise RegexError(f"{expression!r} has no group step, loss or val_loss")
        self._counter = StepCounter()
        self.total_steps: int | None = None

    def read(self, line: str) -> list[Reading]:
        """Return the readings of a line."""
        found = self._expression.search(line)
        if not found:
            return []
        values = {
            name: number(text)
            for name, text in found.groupdict().items()
            if text is not None and WHOLE_NUMBER.match(text)
        }
        step, ended = self._step(values), written_at(line)
        if step is None:
            return []
        if "total_steps" in values:
            self.total_steps = int(values["total_steps"])
        readings = []
        if "loss" in values or "val_loss" not in values:
            readings.append(
                Reading("train", step, values.get("loss"), values.get("lr"), values.get("seconds"), ended)
            )
        if "val_loss" in values:
            readings.append(
                Reading(
                    "val", step, values["val_loss"], seconds=values.get("validation_seconds"), ended=ended
                )
            )
        return readings

    def flush(self) -> list[Reading]:
        """Return nothing: every line stands for itself."""
        return []

    def _step(self, values: dict[str, float]) -> int | None:
        whole = {name: int(value) for name, value in values.items() if value - value == 0}
        is_batch = "batch" in whole
        facts = Facts(
            epoch=whole.get("epoch"), epochs=whole.get("epochs"), count=whole.get("batch", whole.get("step")),
            of=whole.get("batches"), in_epoch=True if is_batch else None,
        )  # fmt: skip
        if facts.count is None:
            return self._counter.at
        return self._counter.train(facts)
