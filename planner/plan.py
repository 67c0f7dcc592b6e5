"""What a trainer declares about its run, and what is still due of it."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.errors import InvalidInputError
from planner.stop_rule import EarlyStopping

Cadence = int | Literal["never"] | None
"""Steps between two events; ``"never"`` is declared absence, ``None`` is undeclared."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A declared plan; ``None`` means undeclared.

    Attributes:
        total_steps: optimizer steps over the whole run.
        validate_every: steps between validations.
        validate_at_end: whether a validation follows ``total_steps``.
        checkpoint_every: steps between checkpoints.
        validation_batches: batches in one validation.
        max_seconds: a wall-clock budget: the trainer ends the run by itself so many seconds after its
            process's start, if it has not reached its steps by then.
        early_stopping: what ends the run once validations improve no more.
    """

    total_steps: int | None = None
    validate_every: Cadence = None
    validate_at_end: bool = False
    checkpoint_every: Cadence = None
    validation_batches: int | None = None
    max_seconds: float | None = None
    early_stopping: EarlyStopping | None = None

    def __post_init__(self) -> None:
        """Refuse counts below one, and a budget of no time.

        Raises:
            InvalidInputError: a count is not a positive whole number, or the budget no positive time.
        """
        for name in ("total_steps", "validate_every", "checkpoint_every", "validation_batches"):
            value = getattr(self, name)
            if isinstance(value, int) and value < 1:
                raise InvalidInputError(f"/plan/{name}", value, "a whole number of at least 1")
        if self.max_seconds is not None and not 0 < self.max_seconds < math.inf:
            raise InvalidInputError("/plan/max_seconds", self.max_seconds, "seconds above 0")


@dataclass(frozen=True, slots=True)
class Due:
    """The steps after which an event is still due: a regular range and perhaps one at the end."""

    regular: range
    end: int | None = None

    @property
    def count(self) -> int:
        """How many events are due."""
        return len(self.regular) + (self.end is not None)

    def count_up_to(self, step: ArrayLike) -> NDArray[np.int64]:
        """Return how many are due at or before each step, shape of ``step``."""
        steps = np.asarray(step, dtype=float)
        passed = np.floor((steps - self.regular.start) / self.regular.step) + 1
        counted = np.minimum(np.maximum(passed, 0), len(self.regular))
        at_end = 0 if self.end is None else (steps >= self.end).astype(np.int64)
        return np.asarray(counted.astype(np.int64) + at_end)

    def first_from(self, step: ArrayLike) -> NDArray[np.float64]:
        """Return the first due step at or after each step, inf where none is left."""
        steps = np.asarray(step, dtype=float)
        ahead = np.clip(np.ceil((steps - self.regular.start) / self.regular.step), 0, None)
        last = np.inf if self.end is None else np.where(steps <= self.end, self.end, np.inf)
        found = self.regular.start + ahead * self.regular.step
        return np.asarray(np.where(ahead < len(self.regular), found, last), dtype=float)


def validations_due(plan: Plan, at_step: int, seen: Collection[int] = ()) -> Due | None:
    """Return the steps after which a validation is still due, ``None`` where that is undeclared.

    Args:
        plan: the declared plan.
        at_step: completed steps.
        seen: steps of the validations already done; where some were given, one due at ``at_step``
            that is not among them is still due.
    """
    return _due(plan.validate_every, plan, at_step, seen, at_end=plan.validate_at_end)


def checkpoints_due(plan: Plan, at_step: int, seen: Collection[int] = ()) -> Due | None:
    """Return the steps after which a checkpoint is still due, counted as validations are."""
    return _due(plan.checkpoint_every, plan, at_step, seen, at_end=False)


def _due(every: Cadence, plan: Plan, at_step: int, seen: Collection[int], *, at_end: bool) -> Due | None:
    if plan.total_steps is None or (every is None and not at_end):
        return None
    pending = bool(seen) and at_step not in seen and at_step > 0
    first_after = at_step if pending else at_step + 1
    regular = _multiples(every, first_after, plan.total_steps) if isinstance(every, int) else range(0)
    end_is_due = at_end and plan.total_steps >= first_after and plan.total_steps not in regular
    return Due(regular, plan.total_steps if end_is_due else None)


def _multiples(every: int, first: int, last: int) -> range:
    return range(-(-max(first, 1) // every) * every, last + 1, every)
