"""Which format a log has: all read along until one of them finds what it knows."""

from cutloss.logs.formats import Columns, Format, JsonLines
from cutloss.logs.huggingface import PrintedDicts, TrainerState
from cutloss.logs.mlperf import MlPerf
from cutloss.logs.readings import Reading
from cutloss.logs.text import Text
from cutloss.logs.yolo import YoloConsole

FORMATS: dict[str, type[Format]] = {
    "mlperf": MlPerf, "trainer-state": TrainerState, "printed-dicts": PrintedDicts, "yolo": YoloConsole,
    "jsonl": JsonLines, "csv": Columns, "text": Text,
}  # fmt: skip
"""The most particular first: its readings win where several find some."""

PRESETS: dict[str, str] = {
    "lightning": "csv text", "transformers": "trainer-state printed-dicts", "tqdm": "text", "nanogpt": "text",
    "llm.c": "text", "modded-nanogpt": "text", "detectron2": "jsonl text", "mmdet": "jsonl text",
    "mmengine": "jsonl text", "mlperf": "mlperf", "timm": "text csv", "yolo": "yolo csv",
    "maskrcnn-benchmark": "text", "detr": "jsonl text", "caffe": "text", "keras": "text", "megatron": "text",
    "fairseq": "text jsonl", "imagenet": "text", "generic": "text", "csv": "csv", "jsonl": "jsonl",
}  # fmt: skip
"""The formats that each preset may come in."""

UNMISTAKABLE = (MlPerf, TrainerState, PrintedDicts)
SURE_AFTER = 2
WATCHED_LINES = 5000


class Guess:
    """Reads a log in every format at once, then in the one that fits.

    A better format may still take over after a lesser one: a progress bar is often there first.

    Args:
        preset: the preset to read by; ``None`` guesses among all.

    Attributes:
        chosen: the format that fits, ``None`` until one does.
    """

    def __init__(self, preset: str | None = None) -> None:
        names = PRESETS[preset].split() if preset else list(FORMATS)
        self._candidates: list[Format] = [FORMATS[name]() for name in FORMATS if name in names]
        self._waiting: list[list[Reading]] = [[] for _ in self._candidates]
        self._is_told = preset is not None
        self._lines = 0
        self.chosen: Format | None = None

    def read(self, line: str) -> list[Reading]:
        """Return the readings of a line, or those of all lines so far once a format is found."""
        if self.chosen is not None and len(self._candidates) == 1:
            return self.chosen.read(line)
        self._lines += 1
        readings: list[Reading] = []
        for index, candidate in enumerate(self._candidates):
            found = candidate.read(line)
            if candidate is self.chosen:
                readings = found
                break
            self._waiting[index] += found
            if self._is_sure(index):
                self._choose(index)
                return self._waiting[index]
        if self.chosen is not None and self._lines > WATCHED_LINES:
            self._candidates = [self.chosen]
        return readings

    def flush(self, *, at_end: bool = False) -> list[Reading]:
        """Return what was held back; at the end of a log also of a format that was never sure."""
        if self.chosen is None and at_end:
            ended = [self._ends(index) for index in range(len(self._waiting))]
            best = next((index for index, found in enumerate(ended) if found), None)
            if best is None:
                return []
            self._choose(best)
            return self._waiting[best]
        return self.chosen.flush() if self.chosen is not None else []

    def _ends(self, index: int) -> bool:
        self._waiting[index] += self._candidates[index].flush()
        return bool(self._waiting[index])

    def _is_sure(self, index: int) -> bool:
        found = sum(reading.kind != "checkpoint" for reading in self._waiting[index])
        is_plain = self._is_told or isinstance(self._candidates[index], UNMISTAKABLE)
        return found >= (1 if is_plain else SURE_AFTER)

    def _choose(self, index: int) -> None:
        self.chosen = self._candidates[index]
        self._candidates = self._candidates[: index + 1]
