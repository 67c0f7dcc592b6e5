"""What a run is at while it says nothing."""

from planner.eta_query import EtaQuery, InProgress
from planner.plan import Cadence, Due
from planner.timings import Timings


def under_way(
    query: EtaQuery,
    validations: tuple[Due | None, Cadence],
    checkpoints: tuple[Due | None, Cadence],
) -> InProgress | None:
    """Return what is in progress: as told, else what a silence most likely is.

    That is the validation or the checkpoint that comes next, where one follows the last step; else steps.

    Args:
        query: the run as it stands.
        validations: those still due, and their cadence as declared or seen.
        checkpoints: the same of these.
    """
    if query.in_progress is not None or query.silence is None:
        return query.in_progress
    phases = (("validation", validations, query.validations), ("checkpoint", checkpoints, query.checkpoints))
    next_one = (name for name, (due, every), seen in phases if _is_next(query.at_step, due, every, seen))
    return InProgress(next(next_one, "step"), query.silence.seconds)


def under_way_seconds(query: EtaQuery) -> float:
    """Return for how long it has been in progress: on the clock, and in no measurement."""
    if query.in_progress is not None:
        return query.in_progress.elapsed_seconds
    return 0.0 if query.silence is None else query.silence.seconds


def steps_under_way(query: EtaQuery, step_seconds: float) -> float:
    """Return the steps in progress at a pace, where it is steps: of a silence those that one report tells."""
    if query.in_progress is not None or query.silence is None:
        return 1.0
    return max(query.silence.usual_seconds / step_seconds, 1.0)


def _is_next(at_step: int, due: Due | None, every: Cadence, events: Timings) -> bool:
    """Whether an event comes next: due here and not told of, or a whole cadence after the last."""
    if due is not None and due.count_up_to(at_step) > 0:
        return True
    return at_step - max((step for step in events.seen if step <= at_step), default=0) == every
