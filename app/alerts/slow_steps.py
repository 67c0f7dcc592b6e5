"""The rule for steps that take longer than they did."""

import numpy as np

from app.alerts.facts import Facts, Finding
from app.schemas.alerts import AlertSettings
from planner.slowing import slowing

KEPT_SHARE = 0.5
"""A slow pace is over when half of what was asked to be told of is gone."""


def steps_slow(facts: Facts, settings: AlertSettings, episode: str | None) -> Finding | None:
    """Find that steps take longer than usual, by as much as was asked to be told of."""
    blocks = facts.blocks
    known = (blocks.seconds_count > 0) & np.isfinite(blocks.seconds_mean)
    found = slowing(blocks.first_step[known], blocks.seconds_mean[known], blocks.seconds_count[known])
    more = settings.slower_percent / 100 * (1.0 if episode is None else KEPT_SHARE)
    if found is None or found.ratio < 1 + more:
        return None
    data = {
        "usual_seconds": found.usual_seconds,
        "now_seconds": found.now_seconds,
        "step": found.since_step,
    }
    return Finding(episode or f"step-{found.since_step}", data)
