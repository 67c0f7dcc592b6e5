"""What is still due of a phase: as declared, else as it was seen to come."""

from collections.abc import Callable, Collection

import numpy as np

from planner.plan import Cadence, Due, Plan
from planner.timings import Timings

_RECENT_GAPS = 8


def still_due(
    plan: Plan,
    every: Cadence,
    at_step: int,
    events: Timings,
    declared: Callable[[Plan, int, Collection[int]], Due | None],
) -> Due | None:
    """Return the steps after which an event is still due, ``None`` where nothing tells.

    Args:
        plan: the declared plan.
        every: the declared cadence of this phase.
        at_step: completed steps.
        events: those seen.
        declared: counts by the plan (``validations_due`` or ``checkpoints_due``).
    """
    by_plan = declared(plan, at_step, events.seen)
    if every is not None or plan.total_steps is None:
        return by_plan
    seen_every = seen_cadence(events)
    if seen_every is None:
        return by_plan
    return _continued(max(events.seen), seen_every, at_step, plan)


def seen_cadence(events: Timings) -> int | None:
    """Return the usual steps between the newest events, ``None`` where none was seen after step 0."""
    at = sorted(step for step in events.seen if step >= 0)
    if not at or at[-1] == 0:
        return None
    gaps = np.diff([0, *at] if len(at) == 1 else at)[-_RECENT_GAPS:]
    return int(np.median(gaps))


def _continued(last: int, every: int, at_step: int, plan: Plan) -> Due:
    """Return a seen cadence continued from its last event; it need not fall on multiples (0-based logs)."""
    total = plan.total_steps or 0
    # The last one may lie ahead: another attempt's, which this one has still to come to.
    regular = range(last + ((at_step - last) // every + 1) * every, total + 1, every)
    at_end = plan.validate_at_end and total > at_step and total not in regular
    return Due(regular, total if at_end else None)
