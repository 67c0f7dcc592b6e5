"""Early stopping: the rule that ends a run once its validations improve no more."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from planner.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """A declared rule: the run ends after ``patience`` validations in a row that were no better.

    Attributes:
        patience: validations in a row without an improvement that end the run.
        min_delta: by how much a value must beat the best one to count as better.
        monitor: the name of what is watched; ``None`` is the validation loss.
        mode: ``"min"`` where less is better.
    """

    patience: int
    min_delta: float = 0.0
    monitor: str | None = None
    mode: Literal["min", "max"] = "min"

    def __post_init__(self) -> None:
        """Refuse a rule that cannot be.

        Raises:
            InvalidInputError: the patience is below one, or the difference is negative or not finite.
        """
        if self.patience < 1:
            expected = "a whole number of at least 1"
            raise InvalidInputError("/plan/early_stopping/patience", self.patience, expected)
        if not 0 <= self.min_delta < math.inf:
            raise InvalidInputError(
                "/plan/early_stopping/min_delta", self.min_delta, "a finite number of at least 0"
            )

    @property
    def watches_loss(self) -> bool:
        """Whether it is the validation loss that is watched."""
        return self.mode == "min" and (self.monitor is None or self.monitor in LOSS_NAMES)


LOSS_NAMES = frozenset(
    {
        "loss", "val_loss", "eval_loss", "valid_loss", "validation_loss", "val/loss", "loss/val",
        "val_loss_epoch",
    }
)  # fmt: skip
"""What trainers call the validation loss."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Where a rule stands.

    Attributes:
        best: the best value so far, ``None`` before the first finite one.
        waited: validations in a row without an improvement.
        stops: whether the rule has ended the run already.
    """

    best: float | None
    waited: int
    stops: bool


def watched(rule: EarlyStopping, values: Iterable[float]) -> Watch:
    """Return where a rule stands after the values seen, in time order; what is not finite is no better."""
    sign = 1.0 if rule.mode == "min" else -1.0
    best, waited, stops = math.inf, 0, False
    for value in values:
        if math.isfinite(value) and sign * value < best - rule.min_delta:
            best, waited = sign * value, 0
        else:
            waited += 1
            stops = stops or waited >= rule.patience
    return Watch(sign * best if math.isfinite(best) else None, waited, stops)
