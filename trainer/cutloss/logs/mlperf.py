"""MLPerf's log of events."""

import json
from collections.abc import Mapping
from typing import Any

from cutloss.logs.readings import Reading
from cutloss.logs.rows import to_number

LOSS_NAMES = ("train_loss", "loss", "reduced_train_loss")
SAMPLE_NAMES = ("samples_count", "epoch_num", "epoch_count")


class MlPerf:
    """MLPerf's ``:::MLLOG`` lines; samples count as steps of a global batch where no step is given."""

    name = "mlperf"

    def __init__(self) -> None:
        self._batch = 1.0
        self._started: tuple[float, int | None] | None = None
        self._last: tuple[int, float] | None = None
        self.total_steps: int | None = None

    def read(self, line: str) -> list[Reading]:
        """Return the readings of one event."""
        _, _, event = line.partition(":::MLLOG")
        try:
            row = json.loads(event)
            key, value, about, ended = (
                row["key"],
                row["value"],
                row.get("metadata") or {},
                row["time_ms"] / 1000,
            )
        except (ValueError, KeyError, TypeError):
            return []
        step = self._step(about)
        match key:
            case "global_batch_size":
                self._batch = to_number(value) or 1.0
            case "max_steps" | "opt_learning_rate_training_steps" | "train_steps":
                self.total_steps = self.total_steps or max(int(to_number(value) or 0), 0) or None
            case "eval_start":
                self._started = (ended, step)
            case "eval_accuracy" | "eval_loss" | "eval_error" | "validation_loss":
                return self._validation(key, value, step, ended)
            case "train_loss" | "loss":
                return self._train(to_number(value), about, step, ended)
            case "tracked_stats" | "throughput" if isinstance(value, dict):
                loss = next(
                    (to_number(value[name]) for name in LOSS_NAMES if name in value),
                    None,
                )
                return self._train(loss, about, step, ended)
        return []

    def flush(self) -> list[Reading]:
        """Return nothing: every event stands for itself."""
        return []

    def _step(self, about: Mapping[str, Any]) -> int | None:
        for name in ("step", "step_num", "iteration", "iter_num"):
            if (step := to_number(about.get(name))) is not None:
                return int(step)
        samples = next(
            (to_number(about[name]) for name in SAMPLE_NAMES if name in about),
            None,
        )
        return None if samples is None else round(samples / self._batch)

    def _train(
        self, loss: float | None, about: Mapping[str, Any], step: int | None, ended: float
    ) -> list[Reading]:
        if loss is None or step is None:
            return []
        before, self._last = self._last, (step, ended)
        seconds = None
        if before and step > before[0] and ended >= before[1] and self._started is None:
            seconds = (ended - before[1]) / (step - before[0])
        self._started = None
        return [Reading("train", step, loss, to_number(about.get("lr")), seconds, ended)]

    def _validation(self, key: str, value: object, step: int | None, ended: float) -> list[Reading]:
        began, at = self._started or (None, None)
        step, measure = at if at is not None else step, to_number(value)
        if step is None or measure is None:
            return []
        seconds = None if began is None else ended - began
        # Language models and diffusion report their loss under this name; an accuracy ends at 1.
        return [Reading("val", step, measure, None, seconds, ended, {key: measure})]
