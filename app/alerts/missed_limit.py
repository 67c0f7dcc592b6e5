"""The rule for a run that will not end within its job's time limit."""

from app.alerts.facts import Facts, Finding
from app.schemas.alerts import AlertSettings

MARGIN = 0.15
"""How much likelier it must become before the run is said to fit again: estimates breathe."""


def misses_limit(facts: Facts, settings: AlertSettings, episode: str | None) -> Finding | None:
    """Find that the chance to end in time has fallen below what was asked to be told of."""
    if facts.within_limit is None:
        return None if episode is None else Finding(episode)
    least = settings.limit_probability + (0.0 if episode is None else MARGIN)
    if facts.within_limit >= least:
        return None
    end = None if facts.remaining_seconds is None else facts.now + facts.remaining_seconds
    return Finding("missed", {"within_limit": facts.within_limit, "ends_at": end, "limit_at": facts.limit_at})
