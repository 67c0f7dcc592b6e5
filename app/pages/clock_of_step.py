"""When a step was, or will be, done: the wall clock beside the step counter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.store.facts import FloatArray
    from app.views import RunView

DEFAULT_STEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ClockOfStep:
    """Clock times at steps, piecewise linear: as reported up to now, by the ETA after it. Shape (n,)."""

    steps: FloatArray
    times: FloatArray

    @classmethod
    def of(cls, view: RunView) -> ClockOfStep:
        """Return the clock of a run."""
        known = np.flatnonzero(np.isfinite(view.blocks.ended))
        steps = view.blocks.last_step[known].astype(float)
        times = np.maximum.accumulate(view.blocks.ended[known]) if len(known) else np.array([])
        start = view.as_of - view.elapsed_seconds if view.elapsed_seconds is not None else view.run.created
        first = [(0.0, min([start, *times[:1].tolist()]))] if not len(steps) or steps[0] > 0 else []
        points = np.array([*first, *zip(steps, times, strict=True), *_ahead(view)], dtype=float)
        return cls(points[:, 0], points[:, 1])

    def at(self, steps: Sequence[float]) -> list[float]:
        """Return the clock time at each step, epoch seconds."""
        return [float(at) for at in np.interp(steps, self.steps, self.times)]

    def steps_at(self, times: Sequence[float]) -> list[float]:
        """Return where the run was at each time, epoch seconds."""
        return [float(at) for at in np.interp(times, self.times, self.steps)]


def _ahead(view: RunView) -> list[tuple[float, float]]:
    """Return the end by the ETA; beyond it nothing is promised."""
    at_step, total = view.at_step or 0, view.total_steps
    left = view.eta.remaining_seconds.at(0.5) if view.eta.remaining_seconds else None
    if total is None or total <= at_step:
        return []
    pace = view.pace.step.mean_seconds if view.pace.step else DEFAULT_STEP_SECONDS
    seconds = left if left is not None else (total - at_step) * pace
    return [(float(total), view.as_of + seconds)]
