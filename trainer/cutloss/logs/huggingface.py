"""What Hugging Face's Trainer leaves: ``trainer_state.json``, and the dictionaries it prints."""

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

from cutloss.logs.formats import Interpreted
from cutloss.logs.lines import BAR, number
from cutloss.logs.readings import Reading
from cutloss.logs.rows import facts_of_row, to_number

LONGEST_ENTRY = 200


class TrainerState(Interpreted):
    """Hugging Face's ``trainer_state.json``, written anew at each checkpoint: known steps are passed over."""

    name = "transformers"

    def __init__(self) -> None:
        super().__init__()
        self._entry: list[str] = []
        self._seen: set[tuple[str, int]] = set()
        self._inside = False

    def read(self, line: str) -> list[Reading]:
        """Return the readings of the entry that a line completes."""
        text = line.strip()
        if '"log_history"' in text:
            self._inside = True
            if text.endswith("}") and len(text) > LONGEST_ENTRY:
                return self._document(text)
        if found := re.match(r'"max_steps":\s*(\d+)', text):
            self._declared = int(found[1]) or None
        if not self._inside:
            return []
        if text == "{":
            self._entry = [text]
        elif self._entry:
            self._entry.append(text)
        if self._entry and text in {"}", "},"}:
            entry, self._entry = " ".join(self._entry).rstrip(","), []
            return self._entry_readings(entry)
        return []

    def _document(self, text: str) -> list[Reading]:
        try:
            state = json.loads(text)
        except ValueError:
            return []
        self._declared = state.get("max_steps") or None
        return [reading for row in state.get("log_history", []) for reading in self._new(row)]

    def _entry_readings(self, entry: str) -> list[Reading]:
        try:
            row = json.loads(entry)
        except ValueError:
            return []
        return self._new(row)

    def _new(self, row: Mapping[str, Any]) -> list[Reading]:
        if not isinstance(row, dict) or "step" not in row or "train_runtime" in row:
            return []
        readings = self.interpreter.take(facts_of_row(row))
        new = [reading for reading in readings if (reading.kind, reading.step) not in self._seen]
        self._seen.update((reading.kind, reading.step) for reading in new)
        return new


class PrintedDicts(Interpreted):
    """What Hugging Face's Trainer prints: ``{'loss': 0.5, 'epoch': 0.1}`` between progress bars.

    Such a line has no step: it is that of its ``epoch`` where the totals were printed, else the bar's.
    """

    name = "transformers"

    def __init__(self) -> None:
        super().__init__()
        self._bar: tuple[int, int] | None = None
        self._epochs: float | None = None
        self._count = 0

    def read(self, line: str) -> list[Reading]:
        """Return the readings of a printed dictionary."""
        if found := BAR.search(line):
            self._take_bar(int(found["count"]), int(found["of"]))
        self._take_totals(line)
        found = re.search(r"\{'[^{}]*\}", line)
        if not found or not re.search(r"'(?:eval_)?\w*(?:loss|runtime)'", found[0]):
            return []
        try:
            row = ast.literal_eval(re.sub(r":\s*(nan|-?inf)\b", r": '\1'", found[0]))
        except (ValueError, SyntaxError):
            return []
        if "train_runtime" in row:
            return []
        facts = facts_of_row(row)
        if facts.count is None:
            facts.count = self._step(row.get("epoch"), is_train="loss" in row)
        facts.epoch, facts.in_epoch = None, False
        return self.interpreter.take(facts)

    def _take_bar(self, count: int, of: int) -> None:
        main = self._bar[1] if self._bar else of
        if of == main:
            self._bar = (count, of)

    def _take_totals(self, line: str) -> None:
        if found := re.search(r"Total optimization steps\s*=\s*([\d,]+)", line):
            self._declared = int(number(found[1]))
        if found := re.search(r"Num Epochs\s*=\s*([\d,]+)", line):
            self._epochs = number(found[1])

    @property
    def total_steps(self) -> int | None:
        """Steps of the whole run: printed, or the length of the bar."""
        return self._declared or (self._bar[1] if self._bar else None)

    def _step(self, epoch: object, *, is_train: bool) -> int:
        self._count += is_train
        total, passed = self.total_steps, to_number(epoch)
        if total and self._epochs and passed is not None and passed > 0:
            estimate = round(passed / self._epochs * total)
            if self._bar is None or abs(estimate - self._bar[0]) > total / 100:
                return estimate
        return self._bar[0] if self._bar else self._count
