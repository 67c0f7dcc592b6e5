"""What a log tells, in the words of the wire."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["train", "val", "checkpoint"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One fact read from a log.

    Attributes:
        kind: what it is about.
        step: the run-wide step, in the log's own counter.
        loss: may be nan or infinite; ``None`` where the line has none.
        lr: learning rate.
        seconds: of one step, or of the whole validation.
        ended: epoch seconds, where the log has a clock.
        metrics: further numbers of a validation.
        rank: how good a name the loss has; a lower one is better.
    """

    kind: Kind
    step: int
    loss: float | None = None
    lr: float | None = None
    seconds: float | None = None
    ended: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    rank: int = 0


@dataclass(slots=True)
class Facts:
    """The plain content of one line, before it is known what its counters mean.

    Attributes:
        fields: numbers by the names the log gives them, in the log's order.
        averages: the number in brackets behind a field: ``loss: 1.41 (1.49)``.
        epoch: the epoch the line is about, and of how many.
        count: the step or batch, and of how many.
        in_epoch: whether ``count`` starts again with each epoch; ``None`` where the line does not show it.
        is_validation: whether the whole line is about a validation.
        seconds: of one step, where the line says so in units.
        clock: seconds on the log's own clock, from any start.
        ended: epoch seconds.
        zero_based: whether epochs of this notation count from 0.
    """

    fields: dict[str, float] = field(default_factory=dict)
    averages: dict[str, float] = field(default_factory=dict)
    epoch: int | None = None
    epochs: int | None = None
    count: int | None = None
    of: int | None = None
    in_epoch: bool | None = None
    is_validation: bool = False
    seconds: float | None = None
    clock: float | None = None
    ended: float | None = None
    zero_based: bool | None = None
