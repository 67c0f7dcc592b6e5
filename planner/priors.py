"""What to expect of a phase before it was seen: earlier runs, else the plan, else something wide."""

from dataclasses import dataclass

import numpy as np

from planner.eta_table import TABLE
from planner.event_level import EventLevel
from planner.plan import Cadence, Plan
from planner.step_level import StepLevel
from planner.timings import LARGEST, SHORTEST_SECONDS


@dataclass(frozen=True, slots=True)
class Priors:
    """Mean seconds in the person's earlier runs of the same name, one number a run, newest last."""

    step_seconds: tuple[float, ...] = ()
    validation_seconds: tuple[float, ...] = ()
    checkpoint_seconds: tuple[float, ...] = ()


def expected_step(priors: Priors) -> StepLevel | None:
    """Return the pace of earlier runs as that of the steps ahead, ``None`` where there is none."""
    earlier = _earlier(priors.step_seconds)
    if earlier is None:
        return None
    return StepLevel(earlier.seconds, earlier.seconds, 1.0, 1.0, earlier.prior, 0.0, 0, 0.0, None)


def expected_validation(plan: Plan, every: Cadence, step_seconds: float, priors: Priors) -> EventLevel:
    """Return what a validation may take before one was timed.

    A batch of validation has no backward pass and no optimizer: about a third of a step's arithmetic.
    """
    earlier = _earlier(priors.validation_seconds)
    if earlier is not None:
        return earlier
    if plan.validation_batches is not None:
        seconds = TABLE.batch_share * plan.validation_batches * step_seconds
        return EventLevel(seconds, 0.0, 0, TABLE.batch_share_spread)
    return _share(TABLE.validation_share, every, step_seconds)


def expected_checkpoint(every: Cadence, step_seconds: float, priors: Priors) -> EventLevel:
    """Return what a checkpoint may take before one was timed."""
    return _earlier(priors.checkpoint_seconds) or _share(TABLE.checkpoint_share, every, step_seconds)


def _share(share: float, every: Cadence, step_seconds: float) -> EventLevel:
    """Return a share of the time between two events, for want of anything better: wide."""
    steps = every if isinstance(every, int) else TABLE.unknown_cadence
    return EventLevel(share * steps * step_seconds, 0.0, 0, TABLE.share_spread)


def _earlier(seconds: tuple[float, ...]) -> EventLevel | None:
    known = np.array([s for s in seconds if SHORTEST_SECONDS < s < LARGEST], dtype=float)
    if not len(known):
        return None
    logs = np.log(known)
    spread = float(
        np.sqrt((TABLE.earlier_spread**2 * 2 + np.sum((logs - logs.mean()) ** 2)) / (1 + len(logs)))
    )
    return EventLevel(float(np.exp(np.median(logs))), 0.0, 0, spread)
