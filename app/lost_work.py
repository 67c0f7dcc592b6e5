"""What a cancel would lose: the steps since the newest checkpoint, and the time they took."""

from dataclasses import dataclass

import numpy as np

from app.store.facts import StepBlocks
from app.views import RunView


@dataclass(frozen=True, slots=True)
class LostWork:
    """The work that is done again when a run is cancelled without a new checkpoint.

    Attributes:
        steps: completed steps that no checkpoint holds.
        seconds: what they took, where unknown at the present pace; ``None`` before a pace was measured.
        since_step: the newest checkpoint's step; ``None``: there is none, all is done again.
    """

    steps: int
    seconds: float | None
    since_step: int | None


def lost_work(view: RunView) -> LostWork | None:
    """Return what a cancel at this moment would lose, ``None`` before the first step."""
    if view.at_step is None:
        return None
    held = [one.step for one in view.checkpoints if one.step <= view.at_step]
    since = max(held, default=None)
    steps = view.at_step - (since or 0)
    pace = view.pace.step
    if pace is None:
        return LostWork(steps, None, since)
    seconds, recorded = _recorded(view.blocks, since or 0, view.at_step)
    return LostWork(steps, seconds + (steps - recorded) * pace.mean_seconds, since)


def _recorded(blocks: StepBlocks, since: int, until: int) -> tuple[float, int]:
    """Return the recorded seconds of the steps after one and up to another, and of how many they are."""
    if not len(blocks.last_step):
        return 0.0, 0
    behind = np.concatenate(([blocks.first_step[0] - 1], blocks.last_step[:-1]))
    steps = np.clip(np.minimum(blocks.last_step, until) - np.maximum(behind, since), 0, None)
    known = blocks.seconds_count > 0
    return float(np.sum(steps[known] * blocks.seconds_mean[known])), int(steps[known].sum())
