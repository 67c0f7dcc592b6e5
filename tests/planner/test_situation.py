"""Where a run stands."""

import numpy as np
import pytest

from planner.eta_query import EtaQuery
from planner.plan import Plan
from planner.situation import Situation, situation
from planner.timings import Timings

PLAN = Plan(total_steps=311, validate_every=25, checkpoint_every=50)
STEPS = Timings(np.arange(1.0, 44), np.full(43, 45.0))


def stand(query: EtaQuery) -> Situation:
    """Return where a run stands that has a pace."""
    now = situation(query)
    assert now is not None
    return now


def test_events_of_the_attempt_before_are_not_on_this_clock() -> None:
    """After a resume at 20 the validation the first attempt made at 25 took none of this one's time."""
    earlier = Timings(np.array([25.0]), np.array([1200.0]))
    query = EtaQuery(
        23, PLAN, steps=Timings(np.arange(21.0, 24), np.full(3, 45.0)), validations=earlier,
        resumed_at_step=20, elapsed_seconds=135.0,
    )  # fmt: skip
    clock = stand(query).clock
    assert clock is not None
    assert clock.timed_seconds == pytest.approx(135.0)


def test_start_up_is_ahead_only_before_the_first_step() -> None:
    """Once a step is done, the start-up is over."""
    later = EtaQuery(43, PLAN, startup_seconds=960.0, steps=STEPS)
    assert stand(later).startup_seconds == 0.0


def test_clock_alone_tells_a_pace() -> None:
    """Where every duration was lost, 43 steps in 1935 s took 45 s each."""
    lost = Timings(np.arange(1.0, 44), np.full(43, np.nan))
    query = EtaQuery(43, PLAN, startup_seconds=0.0, steps=lost, elapsed_seconds=1935.0)
    assert stand(query).step.now_seconds == pytest.approx(45.0)


def test_nothing_tells_no_pace() -> None:
    """Without a step, a clock or an earlier run there is no situation to speak of."""
    assert situation(EtaQuery(0, PLAN)) is None
