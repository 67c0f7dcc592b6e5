"""The rule for a validation loss that has turned up for good."""

import math

from app.alerts.facts import Facts, Finding
from app.schemas.alerts import AlertSettings


def overfits(facts: Facts, _: AlertSettings, episode: str | None) -> Finding | None:
    """Find that the validation loss rises, as its forecast warns, until one is below the best."""
    losses = [(one.loss, one.step) for one in facts.validations if one.loss is not None]
    finite = [(loss, step) for loss, step in losses if math.isfinite(loss)]
    if not finite:
        return None
    best, best_step = min(finite)
    now, step = finite[-1]
    key = f"best-{best_step}"
    if episode != key and not facts.is_overfitting:
        return None
    return Finding(key, {"best": best, "best_step": best_step, "now": now, "step": step})
