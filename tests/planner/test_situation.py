"""Where a run stands."""

from dataclasses import replace

import numpy as np
import pytest

from planner.eta import eta
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


@pytest.mark.parametrize("before", [600.0, 36_000.0])
def test_hours_before_the_newest_process_are_no_overhead_of_its_steps(before: float) -> None:
    """100 steps of 45 s after a start-up of 60 s leave nothing unexplained, however old the allocation is.

    So 900 more take 40,500 s; counted as this process's own, the hours before doubled them.
    """
    steps = Timings(np.arange(1.0, 101), np.full(100, 45.0))
    own = EtaQuery(
        100, Plan(1000, "never", checkpoint_every="never"), 60.0, steps, elapsed_seconds=4_560.0,
    )  # fmt: skip
    kept = replace(own, elapsed_seconds=before + 4_560.0, before_seconds=before)
    clock = stand(kept).clock
    assert clock is not None
    assert clock.unexplained_seconds(45.0) == pytest.approx(0.0)
    expected, found = eta(own).remaining_seconds, eta(kept).remaining_seconds
    assert found == expected
    assert found is not None
    assert found.at(0.5) == pytest.approx(40_500.0, rel=1e-3)


def test_the_limit_counts_from_the_allocation_not_from_the_process() -> None:
    """Of a limit of 50,000 s 9,440 are left after 36,000 s of an earlier process and 4,560 of this one."""
    steps = Timings(np.arange(1.0, 101), np.full(100, 45.0))
    plan = Plan(1000, "never", checkpoint_every="never")
    query = EtaQuery(
        100, plan, 60.0, steps, elapsed_seconds=40_560.0, time_limit_seconds=50_000.0, before_seconds=36_000.0
    )
    answer = eta(query)
    assert 0.0 == answer.finishes_within_limit
    assert answer.step_at_limit is not None
    assert answer.step_at_limit.at(0.5) == pytest.approx(100 + 9_440 // 45, abs=1)


def test_start_up_and_budget_count_from_the_process() -> None:
    """After 300 s of a process 660 s of a start-up of 960 s are ahead, and 3,300 s of a budget of an hour."""
    plan = Plan(total_steps=311, max_seconds=3_600.0)
    query = EtaQuery(0, plan, 960.0, STEPS, elapsed_seconds=36_300.0, before_seconds=36_000.0)
    assert (660.0, 3_300.0) == (stand(query).startup_seconds, stand(query).budget_seconds)


def test_a_stride_that_is_told_goes_before_the_log_s() -> None:
    """A log's entry stands for its steps, unless it is told how far its entries are apart."""
    query = EtaQuery(43, PLAN, steps=Timings(STEPS.step, STEPS.seconds, np.full(43, 4.0)))
    told = [stand(replace(query, stride=stride)).stride for stride in (None, 10.0, 0.5)]
    assert [4.0, 10.0, 1.0] == told
