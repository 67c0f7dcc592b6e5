"""Lines of text, of whatever program: it is the names in them that count."""

import re

from cutloss.logs.formats import Interpreted
from cutloss.logs.lines import is_telling, number, scan
from cutloss.logs.readings import Facts, Reading

SIGNED_WITHIN = 5000
DIGIT = re.compile(r"\d")
SAVED = re.compile(
    r"\b(?:sav(?:ing|ed)|snapshotting|writ(?:ing|ten)|wrote)\b.{0,40}"
    r"\b(?:checkpoint|ckpt|model|weights|solver state|state)"
    r"|\bsnapshotting to\b",
    re.IGNORECASE,
)  # fmt: skip
HEADER = re.compile(r"\[step=(\d+)(?:/(\d+))?")
"""OLMo names the step on a line of its own, above the indented numbers."""

EVALUATED = re.compile(r"\bstep \d+: train loss .* val loss")
AT_EPOCHS = re.compile(r"\bat (\d+) epochs")
TOTAL_STEPS = re.compile(
    r"\b(?:max_steps|max_iters?|total_steps|num_train_steps|train_num_steps|training_steps|num_iterations"
    r"|max_train_steps|MAX_ITER|lr_decay_iters|Total optimization steps)\b['\"]?,?\s*[:=|]?\s*([\d,]*\d)\b"
)  # fmt: skip
TOTAL_EPOCHS = re.compile(
    r"\b(?:total_epochs|max_epochs|num_epochs|n_epochs|num_train_epochs|epochs|Num Epochs)"
    r"\b['\"]?\s*[:=]\s*(\d+)"
)
SIGNATURES = {
    "modded-nanogpt": re.compile(r"^step:\d+/\d+ .*(?:_loss|train_time):"),
    "llm.c": re.compile(r"^s:\d+ (?:tel|trl|eval):|^step +\d+/\d+ \| (?:train )?loss"),
    "nanogpt": re.compile(r"\b(?:iter|step) \d+: (?:train |val )?(?:loss|train|val)"),
    "detectron2": re.compile(r"\biter: \d+\s+total_loss:"),
    "maskrcnn-benchmark": re.compile(r"\beta: .*\biter: \d+\s+loss:"),
    "mmengine": re.compile(r"\b(?:Epoch|Iter)\(\w+\)\s*\["),
    "mmdet": re.compile(r"\b(?:Epoch \[\d+\]|Iter )\["),
    "timm": re.compile(r"\bTrain: \d+ \[\s*\d+/\d+"),
    "detr": re.compile(r"\bEpoch: \[\d+(?:/\d+)?\]\s+\[\s*\d+/\d+\]\s+eta:"),
    "caffe": re.compile(r"\bIteration \d+.*(?:loss|lr) ="),
    "megatron": re.compile(r"\biteration\s+\d+/\s*\d+ \|"),
    "fairseq": re.compile(r"num_updates"),
    "keras": re.compile(r"\d+m?s/(?:step|epoch)\S* - \w+: "),
    "lightning": re.compile(
        r"^\W*Epoch \d+.*\d+/\d+.*(?:it/s|s/it)|^\W*(?:Sanity Checking|Validation) DataLoader \d+:"
    ),
    "tqdm": re.compile(r"\|\s*\d+/\d+ \["),
    "imagenet": re.compile(r"\bEpoch: \[\d+\]\["),
}


class Text(Interpreted):
    """Lines of text with names and numbers; the preset only says whose they are."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "generic"
        self._unsigned = 0
        self._saved_at: int | None = None
        self._header: tuple[int, int | None] | None = None

    def read(self, line: str) -> list[Reading]:
        """Return the readings of a line."""
        if SAVED.search(line):
            return self._checkpoint(line)
        if not DIGIT.search(line) or not is_telling(line):
            return []
        self._take_totals(line)
        if self.name == "generic" and self._unsigned < SIGNED_WITHIN:
            self._unsigned += 1
            self.name = next((name for name, sign in SIGNATURES.items() if sign.search(line)), "generic")
        return self.interpreter.take(self._placed(scan(line), line))

    def _placed(self, facts: Facts, line: str) -> Facts:
        """Return a line's facts with what the lines around it say."""
        if found := HEADER.search(line):
            self._header = (int(found[1]), int(found[2]) if found[2] else None)
        elif facts.count is None and self._header is not None and line[:1].isspace():
            facts.count, facts.of = self._header
        elif EVALUATED.search(line):
            # nanoGPT's estimate of both losses; the training's own line follows.
            facts.fields.pop("train_loss", None)
        return facts

    def _checkpoint(self, line: str) -> list[Reading]:
        counter = self.interpreter.counter
        epochs = AT_EPOCHS.search(line)
        at = int(epochs[1]) * counter.length if epochs and counter.length else counter.at
        if at is None or at == self._saved_at:
            return []
        self._saved_at = at
        return [*self.flush(), Reading("checkpoint", at)]

    def _take_totals(self, line: str) -> None:
        if self._declared is None and (found := TOTAL_STEPS.search(line)):
            self._declared = int(number(found[1])) or None
        if self.interpreter.counter.epochs is None and (found := TOTAL_EPOCHS.search(line)):
            self.interpreter.counter.epochs = int(number(found[1])) or None
