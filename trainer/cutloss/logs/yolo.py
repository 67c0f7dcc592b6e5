"""What Ultralytics' YOLO prints: a heading, a bar for each epoch below it, and a bar for its validation."""

import re

from cutloss.logs.formats import Interpreted
from cutloss.logs.lines import ANSI, NUMBER, scan
from cutloss.logs.names import plain_name
from cutloss.logs.readings import Reading

HEADING = re.compile(r"^\s*Epoch\s+(?:GPU_mem|gpu_mem)\s+(?P<names>\S.*)$")
ROW = re.compile(
    rf"^\s*(?P<epoch>\d+)/(?P<epochs>\d+)\s+\d[\d.]*[KMGT]?B?\s+(?P<values>(?:(?:{NUMBER})\s+)+)\d+:\s",
    re.IGNORECASE,
)
VALIDATION = re.compile(r"^\s*Class\s+Images\s+\S.*?100%")
VALIDATION_SECONDS = re.compile(r"\[(?P<minutes>\d+):(?P<seconds>\d\d)<|\s(?P<told>\d+(?:\.\d+)?)s\s*$")
RESULT = re.compile(rf"^\s*all\s+\d+\s+\d+\s+(?P<values>(?:(?:{NUMBER})\s*)+)$", re.IGNORECASE)
RESULTS = ("precision", "recall", "map50", "map50_95")
"""The first results of a detector; a model of segments or poses has four more of each kind."""


class YoloConsole(Interpreted):
    """The bars of a training; the columns of the validation's results become its metrics."""

    name = "yolo"

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self._is_zero_based: bool | None = None
        self._seconds: float | None = None

    def read(self, line: str) -> list[Reading]:
        """Return the readings of a line."""
        text = ANSI.sub("", line)
        if found := HEADING.match(text):
            self._names = [plain_name(name) for name in found["names"].split()]
        elif self._names and (found := ROW.match(text)):
            return self._row(text, found)
        elif self._names and VALIDATION.match(text):
            self._seconds = _validation_seconds(text)
        elif self._names and (found := RESULT.match(text)):
            return self._validation(found)
        return []

    def _row(self, text: str, found: re.Match[str]) -> list[Reading]:
        facts = scan(text)
        if facts.count is None or facts.of is None:
            return []
        epoch, epochs = int(found["epoch"]), int(found["epochs"])
        if self._is_zero_based is None:
            self._is_zero_based = epoch == 0
        facts.epoch, facts.epochs = epoch, epochs + self._is_zero_based
        facts.zero_based, facts.in_epoch = self._is_zero_based, True
        named = zip(self._names, found["values"].split(), strict=False)
        facts.fields |= {name: float(value) for name, value in named if name.endswith("loss")}
        return self.interpreter.take(facts)

    def _validation(self, found: re.Match[str]) -> list[Reading]:
        at, seconds = self.interpreter.counter.at, self._seconds
        self._seconds = None
        if at is None:
            return []
        values = map(float, found["values"].split())
        metrics = dict(zip(RESULTS, values, strict=False))
        return [*self.flush(), Reading("val", at, seconds=seconds, metrics=metrics)]


def _validation_seconds(text: str) -> float | None:
    found = VALIDATION_SECONDS.search(text)
    if found is None:
        return None
    return float(found["told"]) if found["told"] else 60.0 * int(found["minutes"]) + int(found["seconds"])
