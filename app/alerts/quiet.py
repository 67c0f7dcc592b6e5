"""Quiet hours: until when something is held back, in a person's own time."""

from datetime import UTC, datetime, timedelta, tzinfo

from app.schemas.alerts import QuietHours


def quiet_until(at: float, hours: QuietHours | None, timezone: tzinfo | None) -> float | None:
    """Return when the quiet hours around a moment end, ``None`` where it lies in none.

    Hours are what a clock on the wall shows: a night in which the clock is changed is an hour longer or
    shorter. An end that the change leaves out is the moment of the change; one that comes twice, the first
    that is still ahead.

    Args:
        at: epoch seconds.
        hours: the quiet hours; they may run over midnight.
        timezone: of the person; ``None``: the service's own.
    """
    if hours is None:
        return None
    start, end = hours.bounds
    local = datetime.fromtimestamp(at, UTC).astimezone(timezone)
    now = local.time()
    is_quiet = start <= now < end if start < end else now >= start or now < end
    if not is_quiet:
        return None
    day = local.date() if now < end else local.date() + timedelta(days=1)
    ends = [datetime.combine(day, end, timezone).replace(fold=fold).timestamp() for fold in (0, 1)]
    return next((moment for moment in ends if moment > at), None)
