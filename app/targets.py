"""When a declared target counts as reached: in alerts, in the list and on a run's page alike."""

import math
from collections.abc import Sequence
from typing import Literal

from app.store.facts import Validation


def first_at(target: float, validations: Sequence[Validation]) -> Validation | None:
    """Return the first validation at or below a target: with it the target is reached, whatever follows.

    Args:
        target: a validation loss.
        validations: in step order; several may have come at once, and the last of them be worse again.
    """
    return next((one for one in validations if one.loss is not None and -math.inf < one.loss <= target), None)


def reached_loss(
    target: float | None,
    of: Literal["train", "val"],
    loss_now: float | None,
    validations: Sequence[Validation],
) -> float | None:
    """Return the loss that reached a target, ``None`` where none did, or none is declared.

    Args:
        target: the declared target.
        of: the curve it is a target of.
        loss_now: smoothed training loss: a single step at a target is chance.
        validations: in step order.
    """
    if target is None:
        return None
    if of == "train":
        return loss_now if loss_now is not None and loss_now <= target else None
    found = first_at(target, validations)
    return None if found is None else found.loss
