"""What a format is, and the two simplest: JSON lines, and a table."""

import csv
import json
from collections.abc import Mapping
from typing import Any, Protocol

from cutloss.logs.interpreter import Interpreter
from cutloss.logs.names import EPOCH_NAMES, STEP_NAMES, plain_name
from cutloss.logs.readings import Reading
from cutloss.logs.rows import facts_of_row, to_number


class Format(Protocol):
    """Reads one kind of log, line after line.

    Attributes:
        name: the preset's name.
        total_steps: steps of the whole run, where the log tells.
    """

    name: str

    @property
    def total_steps(self) -> int | None:
        """Steps of the whole run, where the log tells."""
        ...

    def read(self, line: str) -> list[Reading]:
        """Return the readings that a line brings about."""
        ...

    def flush(self) -> list[Reading]:
        """Return what was held back."""
        ...


class Interpreted:
    """A format whose lines are facts for an interpreter."""

    name = ""

    def __init__(self) -> None:
        self.interpreter = Interpreter()
        self._declared: int | None = None

    @property
    def total_steps(self) -> int | None:
        """Steps of the whole run, where the log tells."""
        return self._declared or self.interpreter.total_steps

    def flush(self) -> list[Reading]:
        """Return what was held back."""
        return self.interpreter.flush()


class JsonLines(Interpreted):
    """One JSON object a line."""

    name = "jsonl"

    def read(self, line: str) -> list[Reading]:
        """Return the readings of an object."""
        if not line.lstrip().startswith("{"):
            return []
        try:
            row = json.loads(line)
        except ValueError:
            return []
        if not isinstance(row, dict):
            return []
        self.name = _json_name(row, self.name)
        return self.interpreter.take(facts_of_row(row))


def _json_name(row: Mapping[str, Any], name: str) -> str:
    if "eta_seconds" in row and "iteration" in row:
        return "detectron2"
    if "mode" in row and "epoch" in row and "iter" in row:
        return "mmdet"
    if "data_time" in row and "iter" in row:
        return "mmengine"
    if "n_parameters" in row and "train_lr" in row:
        return "detr"
    return name


class Columns(Interpreted):
    """A table with a heading: Lightning's metrics.csv, YOLO's results.csv, timm's summary.csv, any other."""

    name = "csv"

    def __init__(self) -> None:
        super().__init__()
        self._heading: list[str] = []

    def read(self, line: str) -> list[Reading]:
        """Return the readings of a row."""
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=self._delimiter(line)), [])]
        if not self._heading or cells == self._heading:
            self._take_heading(cells)
            return []
        if len(cells) != len(self._heading):
            return []
        row = {name: cell for name, cell in zip(self._heading, cells, strict=True) if cell}
        return self.interpreter.take(facts_of_row(row))

    def _delimiter(self, line: str) -> str:
        return max(",\t;", key=line.count)

    def _take_heading(self, cells: list[str]) -> None:
        names = [plain_name(cell) for cell in cells]
        is_heading = len(cells) > 1 and any(name in STEP_NAMES + EPOCH_NAMES for name in names)
        if not is_heading or any(to_number(cell) is not None for cell in cells):
            return
        self._heading = cells
        if "train_box_loss" in names or "metrics_map50_b" in names:
            self.name = "yolo"
        elif "epoch" in names and "step" in names:
            self.name = "lightning"
        elif "eval_loss" in names and "epoch" in names:
            self.name = "timm"
