"""Every rule, by its name."""

from collections.abc import Callable, Mapping

from app.alerts.broken_loss import loss_breaks
from app.alerts.ending import run_ends
from app.alerts.facts import Facts, Finding, Pulse
from app.alerts.missed_limit import misses_limit
from app.alerts.overfitting import overfits
from app.alerts.reached_target import target_reached
from app.alerts.rising_loss import loss_rises
from app.alerts.silence import falls_silent
from app.alerts.slow_steps import steps_slow
from app.alerts.verdict_change import verdict_changes
from app.schemas.alerts import AlertSettings, RuleName

OF_FACTS: Mapping[RuleName, Callable[[Facts, AlertSettings, str | None], Finding | None]] = {
    "verdict": verdict_changes,
    "limit": misses_limit,
    "loss_broken": loss_breaks,
    "loss_rising": loss_rises,
    "overfitting": overfits,
    "slow_steps": steps_slow,
    "target": target_reached,
}
"""Asked each time a run was computed anew. Each is given the key of its episode that goes on, if any."""

OF_PULSE: Mapping[RuleName, Callable[[Pulse, AlertSettings, str | None], Finding | None]] = {
    "silence": falls_silent,
    "ended": run_ends,
}
"""Asked all the time: nothing needs to come for them to find something."""

NAMES: tuple[RuleName, ...] = (
    "verdict", "limit", "loss_broken", "loss_rising", "overfitting", "silence", "slow_steps", "target",
    "ended",
)  # fmt: skip
"""In the order in which people are shown them."""
