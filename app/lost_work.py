"""What a cancel would lose: the steps since the newest checkpoint, and the time they took."""

from dataclasses import dataclass

from app.views import RunView


@dataclass(frozen=True, slots=True)
class LostWork:
    """The work that is done again when a run is cancelled without a new checkpoint.

    Attributes:
        steps: completed steps that no checkpoint holds.
        seconds: what they take at the present pace; ``None`` before a pace was measured.
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
    return LostWork(steps, steps * pace.mean_seconds if pace is not None else None, since)
