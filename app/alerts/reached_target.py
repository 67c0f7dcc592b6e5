"""The rule for a run that reaches its target."""

import math

from app.alerts.facts import Facts, Finding
from app.schemas.alerts import AlertSettings


def target_reached(facts: Facts, _: AlertSettings, episode: str | None) -> Finding | None:
    """Find that the loss is at its target; once told it stays so, whatever the loss does next."""
    if facts.target_loss is None:
        return None
    key = f"{facts.target_of}-{facts.target_loss:g}"
    if episode == key:
        return Finding(key)
    seen, at = facts.loss_now, None
    if facts.target_of == "val":
        val = facts.last_val
        seen = val.loss if val is not None else None
        at = val.started + (val.seconds or 0.0) if val is not None else None
    if seen is None or not math.isfinite(seen) or seen > facts.target_loss:
        return None
    data = {"of": facts.target_of, "loss": seen, "target": facts.target_loss, "step": facts.at_step}
    return Finding(key, data, at)
