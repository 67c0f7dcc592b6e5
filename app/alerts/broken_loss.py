"""The rule for a loss that is no number any more."""

import math

import numpy as np

from app.alerts.facts import Facts, Finding
from app.schemas.alerts import AlertSettings
from app.states import has_diverged
from app.store.facts import StepBlocks


def loss_breaks(facts: Facts, _: AlertSettings, episode: str | None) -> Finding | None:
    """Find that the newest training losses, or the newest validation's, are not finite."""
    if has_diverged(facts.blocks):
        step, ended = _first_broken(facts.blocks)
        return Finding(episode or f"train-{step}", {"of": "train", "step": step}, ended, is_alarm=True)
    val = facts.last_val
    if val is None or val.loss is None or math.isfinite(val.loss):
        return None
    data = {"of": "val", "step": val.step}
    return Finding(episode or f"val-{val.step}", data, val.started + (val.seconds or 0.0), is_alarm=True)


def _first_broken(blocks: StepBlocks) -> tuple[int, float | None]:
    """Return since which step no loss was finite, and the epoch seconds when that step ended."""
    finite = np.flatnonzero(blocks.finite_count > 0)
    first = int(finite[-1]) + 1 if len(finite) else 0
    ended = float(blocks.ended[first])
    return int(blocks.first_step[first]), ended if math.isfinite(ended) else None
