"""One stretch of training: from a step on, by a plan, at a pace."""

from dataclasses import dataclass

import numpy as np

from planner.curve import FloatArray
from planner.plan import Due, Plan, checkpoints_due, validations_due

_WHOLE = 1e-9
"""How near to a whole step, relative to it, a crossing counts as that step: interpolation rounds."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Steps, validations and checkpoints done on the way to a step, shape (n,) or (1,) each."""

    steps: FloatArray
    validations: FloatArray
    checkpoints: FloatArray


@dataclass(frozen=True, slots=True)
class Leg:
    """Training from a step to the plan's end; in each step the validation comes before the checkpoint.

    Attributes:
        start: completed steps at its start, at most ``total``, shape (n,) or (1,).
        total: the plan's ``total_steps``.
        validations: where they are due over the whole run; ``None`` where only their number is known.
        checkpoints: where they are due over the whole run.
        validated: validations due at or before the start, shape of ``start``.
        saved: checkpoints due at or before the start, shape of ``start``.
        validations_left: the number that overrides the count.
    """

    start: FloatArray
    total: int
    validations: Due | None
    checkpoints: Due
    validated: FloatArray
    saved: FloatArray
    validations_left: int | None

    def counts_to(self, step: FloatArray, *, checkpoint_at_step: bool = True) -> Counts:
        """Return what is done by a step, the validation due at it included."""
        steps = np.maximum(step - self.start, 0.0)
        saved_by = step if checkpoint_at_step else step - 1.0
        saved = np.maximum(self.checkpoints.count_up_to(saved_by) - self.saved, 0.0)
        return Counts(steps, self._validations_to(step), saved)

    def first_validation_from(self, step: FloatArray) -> FloatArray:
        """Return the first step at or after a step, and after the start, with a validation due; else inf."""
        if self.validations is None:
            return np.full(np.shape(step), np.inf)
        return self.validations.first_from(np.maximum(whole_step(step), self.start + 1.0))

    def _validations_to(self, step: FloatArray) -> FloatArray:
        counted = np.zeros(1)
        if self.validations is not None:
            counted = np.maximum(self.validations.count_up_to(step) - self.validated, 0.0)
        if self.validations_left is None:
            return counted
        at_end = np.asarray(step) >= self.total
        return np.where(at_end, float(self.validations_left), np.minimum(counted, self.validations_left))


def whole_step(step: FloatArray) -> FloatArray:
    """Return the first whole step at or after each step, shape of ``step``."""
    nearest = np.round(step)
    with np.errstate(invalid="ignore"):  # inf - inf where a step is never
        is_whole = np.abs(step - nearest) <= _WHOLE * np.maximum(1.0, nearest)
    return np.where(is_whole, nearest, np.ceil(step))


def leg_of(plan: Plan, start: FloatArray, validations_left: int | None) -> Leg | str:
    """Return the stretch of training a plan leaves, or why it cannot be counted."""
    if plan.total_steps is None:
        return "unknown_total_steps"
    validations, checkpoints = validations_due(plan, 0), checkpoints_due(plan, 0)
    if validations is None and validations_left is None:
        return "unknown_validate_every"
    if checkpoints is None:
        return "unknown_checkpoint_every"
    start = np.minimum(start, plan.total_steps)
    validated = np.zeros(1) if validations is None else validations.count_up_to(start).astype(float)
    saved = checkpoints.count_up_to(start).astype(float)
    return Leg(start, plan.total_steps, validations, checkpoints, validated, saved, validations_left)
