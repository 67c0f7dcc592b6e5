"""The rule for a run that reaches its target."""

from app.alerts.facts import Facts, Finding
from app.schemas.alerts import AlertSettings
from app.targets import first_at, reached_loss


def target_reached(facts: Facts, _: AlertSettings, episode: str | None) -> Finding | None:
    """Find that the loss is at its target; once told it stays so, whatever the loss does next."""
    if facts.target_loss is None:
        return None
    key = f"{facts.target_of}-{facts.target_loss:g}"
    if episode == key:
        return Finding(key)
    loss = reached_loss(facts.target_loss, facts.target_of, facts.loss_now, facts.validations)
    if loss is None:
        return None
    val = first_at(facts.target_loss, facts.validations) if facts.target_of == "val" else None
    step = facts.at_step if val is None else val.step
    data = {"of": facts.target_of, "loss": loss, "target": facts.target_loss, "step": step}
    return Finding(key, data, None if val is None else val.started + (val.seconds or 0.0))
