"""How often a run's records usually come, and how long it ever paused."""

import numpy as np
from numpy.typing import NDArray

from app.alerts.facts import Tempo
from app.views import RunView

RECENT_BLOCKS = 65
EVENT_PHASES = ("validation", "checkpoint")


def tempo_of(view: RunView) -> Tempo:
    """Return how the records of a run's newest attempt come."""
    started = view.attempts[-1].started if view.attempts else 0.0
    gaps = _gaps(view, started)
    timed = {name: pace for name in EVENT_PHASES if (pace := getattr(view.pace, name)) is not None}
    pause = sum(pace.slow_seconds for pace in timed.values())
    return Tempo(
        last_active=_last_active(view),
        usual_seconds=float(np.median(gaps)) if len(gaps) else None,
        longest_seconds=max(float(gaps.max(initial=0.0)), pause),
        is_timed=frozenset(timed),
        at_step=view.at_step,
        total_steps=view.total_steps,
    )


def _gaps(view: RunView, since: float) -> NDArray[np.float64]:
    """Return the seconds between the newest records of the attempt that began at a moment."""
    ended, counts = view.blocks.ended[-RECENT_BLOCKS:], view.blocks.count[-RECENT_BLOCKS:]
    own = ended > since
    ended, counts = ended[own], counts[own]
    gaps = np.diff(ended) / np.maximum(counts[1:], 1)
    return np.asarray(gaps[gaps > 0])


def _last_active(view: RunView) -> float | None:
    ended = view.blocks.ended[np.isfinite(view.blocks.ended)]
    validated = [one.started + (one.seconds or 0.0) for one in view.validations[-1:]]
    saved = [one.started + (one.seconds or 0.0) for one in view.checkpoints[-1:]]
    return max((*validated, *saved, *ended[-1:].tolist()), default=None)
