"""The rule for a training loss that rises."""

from app.alerts.facts import Facts, Finding
from app.schemas.alerts import AlertSettings
from planner.rising import rising

FIRM = 2.0
"""A rise is over when half of what made it one is gone."""


def loss_rises(facts: Facts, _: AlertSettings, episode: str | None) -> Finding | None:
    """Find that the training loss has risen above its best beyond its noise."""
    blocks = facts.blocks
    known = blocks.finite_count > 0
    rise = rising(
        blocks.last_step[known],
        blocks.loss_mean[known],
        blocks.finite_count[known],
        1.0 if episode is None else FIRM,
    )
    if rise is None:
        return None
    data = {"best": rise.best, "best_step": rise.best_step, "now": rise.now, "step": rise.since_step}
    return Finding(episode or f"step-{rise.since_step}", data)
