"""The rule for a verdict that asks for something else than before."""

from app.alerts.facts import Facts, Finding
from app.schemas.alerts import AlertSettings

CALLS = frozenset({"relaunch", "stop"})
"""What is told at once; that a run may go on is news only after one of these."""


def verdict_changes(facts: Facts, _: AlertSettings, episode: str | None) -> Finding | None:
    """Find that relaunching or stopping is advised, or going on again after that.

    While too little is known nothing is taken back.
    """
    if facts.action is None or facts.action == "wait":
        return None if episode is None else Finding(episode)
    if facts.action == "continue" and episode is None:
        return None
    data = {
        "action": facts.action,
        "sure": facts.sure,
        "saving_seconds": facts.saving_seconds,
        "was": episode,
    }
    return Finding(facts.action, data, facts.verdict_since)
