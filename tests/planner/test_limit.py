"""What the time limit does to a run."""

from dataclasses import replace

import numpy as np
import pytest

from planner.eta_query import EtaQuery, InProgress
from planner.limit import LimitOutlook, outlook, plan_effects
from planner.plan import Plan
from planner.timings import Timings

PLAN = Plan(total_steps=1000, validate_every=100, checkpoint_every=100)
SECONDS_BY_NOW = 300 * 10.0 + 3 * 50.0 + 3 * 20.0


def events(seconds: float) -> Timings:
    """Return events at 100, 200 and 300."""
    return Timings(np.array([100.0, 200.0, 300.0]), np.full(3, seconds))


QUERY = EtaQuery(
    300,
    PLAN,
    startup_seconds=100.0,
    steps=Timings(np.arange(1.0, 301), np.full(300, 10.0)),
    validations=events(50.0),
    checkpoints=events(20.0),
    elapsed_seconds=100.0 + SECONDS_BY_NOW,
    time_limit_seconds=100.0 + SECONDS_BY_NOW + 2640.0,
)
"""Step 300 of 1000 at 10 s; the limit leaves room for 250 more steps with two validations and checkpoints."""


def look(query: EtaQuery, queue_seconds: float = 600.0) -> LimitOutlook:
    """Return the outlook where there is one."""
    found = outlook(query, queue_seconds)
    assert found is not None
    return found


def test_last_checkpoint_and_lost_work_at_the_limit() -> None:
    """The run stops near step 550, resumes at 500, and repeats the 50 steps between."""
    found = look(QUERY)
    assert found.finishes == 0.0
    assert found.step.at(0.5) == pytest.approx(550, abs=3)
    assert found.checkpoint_step.at(0.5) == 500
    assert found.lost_steps.at(0.5) == pytest.approx(50, abs=3)
    assert found.lost_seconds.at(0.5) == pytest.approx(50 * 10.0, rel=0.07)


def played(query: EtaQuery, done_since: float) -> tuple[int, float]:
    """Return the step saved at the limit and the seconds from its save to the limit, played out step by step.

    Steps take 10 s, validations 50 s and checkpoints 20 s; of the work since step 300 so much is done.
    """
    assert query.time_limit_seconds is not None
    assert query.elapsed_seconds is not None
    left = query.time_limit_seconds - query.elapsed_seconds
    clock, saved, saved_at = 0.0, 300, -done_since
    for step in range(query.at_step + 1, 1001):
        clock += 10.0
        for every, seconds in ((query.plan.validate_every, 50.0), (query.plan.checkpoint_every, 20.0)):
            clock += seconds if isinstance(every, int) and step % every == 0 else 0.0
        if clock > left:
            break
        if step % 100 == 0:
            saved, saved_at = step, clock
    return saved, left - saved_at


@pytest.mark.parametrize("validate_every", [25, 30, 100])
@pytest.mark.parametrize("left", [400.0, 1_700.0, 2_640.0, 4_500.0])
def test_lost_work_is_all_that_lies_between_the_last_checkpoint_and_the_limit(
    validate_every: int, left: float
) -> None:
    """Played out step by step: the validations in that stretch count, and none of those before it."""
    query = replace(
        QUERY,
        plan=replace(PLAN, validate_every=validate_every),
        time_limit_seconds=(QUERY.elapsed_seconds or 0.0) + left,
    )
    saved, lost = played(query, 0.0)
    found = look(query)
    assert found.checkpoint_step.at(0.5) == saved
    assert found.lost_seconds.at(0.5) == pytest.approx(lost, abs=0.02 * left + 5)


def since_300(step_seconds: float, *, resumed_at_step: int | None = None) -> EtaQuery:
    """Return the run at step 340, its last steps of another pace, validated at 320, with 200 s left."""
    steps = np.arange(1.0, 341)
    elapsed = 100.0 + SECONDS_BY_NOW + 40 * step_seconds + 50.0
    return replace(
        QUERY,
        at_step=340,
        steps=Timings(steps, np.where(steps > 300, step_seconds, 10.0)),
        validations=Timings(np.array([100.0, 200, 300, 320]), np.full(4, 50.0)),
        elapsed_seconds=elapsed,
        time_limit_seconds=elapsed + 200.0,
        resumed_at_step=resumed_at_step,
    )


def test_work_done_already_since_the_last_checkpoint_is_lost_as_it_was_recorded() -> None:
    """40 steps of 30 s and a validation of 50 s are done since step 300, and 200 s come on top of them."""
    found = look(since_300(30.0))
    assert found.checkpoint_step.at(0.5) == 300
    assert found.lost_seconds.at(0.5) == pytest.approx(40 * 30 + 50 + 200)
    assert found.repeated_seconds == pytest.approx(40 * 30 + 50 + 200)
    assert played(since_300(10.0), 40 * 10 + 50)[1] == look(since_300(10.0)).lost_seconds.at(0.5)


def test_sparse_records_stand_for_the_steps_since_the_checkpoint_only() -> None:
    """A record of step 310 that stands for twenty steps for ten since step 300; 331 to 340 have none."""
    steps = np.arange(10.0, 331, 20)
    found = look(replace(since_300(10.0), steps=Timings(steps, np.full(len(steps), 10.0))))
    assert found.lost_seconds.at(0.5) == pytest.approx(40 * 10 + 50 + 200)


def test_work_of_an_earlier_process_is_not_lost_again() -> None:
    """After a resume at step 300 the 40 steps that were lost before count once: as they were done again."""
    once = since_300(30.0)
    before = Timings(
        np.r_[np.arange(1.0, 341), np.arange(301.0, 341)], np.r_[np.full(340, 10.0), [30.0] * 40]
    )
    again = Timings(np.array([100.0, 200, 300, 320, 320]), np.full(5, 50.0))
    elapsed = 100.0 + 40 * 30.0 + 50.0
    resumed = replace(
        once,
        steps=before,
        validations=again,
        resumed_at_step=300,
        elapsed_seconds=elapsed,
        time_limit_seconds=elapsed + 200.0,
    )
    assert look(resumed).lost_seconds.at(0.5) == pytest.approx(40 * 30 + 50 + 200)


def test_a_validation_that_the_limit_cuts_short_is_lost_work() -> None:
    """45 s into a validation, 3 s before the limit: the ten steps since the checkpoint and 48 s are lost."""
    elapsed = 100.0 + SECONDS_BY_NOW + 10 * 10.0 + 45.0
    query = replace(
        QUERY,
        at_step=310,
        plan=replace(PLAN, validate_every=10),
        steps=Timings(np.arange(1.0, 311), np.full(310, 10.0)),
        elapsed_seconds=elapsed,
        time_limit_seconds=elapsed + 3.0,
        in_progress=InProgress("validation", 45.0),
    )
    assert look(query).lost_seconds.at(0.5) == pytest.approx(10 * 10 + 45 + 3)


def test_a_start_up_is_no_work_that_is_lost() -> None:
    """Resumed and 40 s into a start-up of 100 s: of the 400 s left about 60 s go into the rest of it."""
    query = replace(
        QUERY,
        resumed_at_step=300,
        elapsed_seconds=40.0,
        time_limit_seconds=440.0,
        in_progress=InProgress("startup", 40.0),
    )
    assert look(query).lost_seconds.at(0.5) == pytest.approx(400 - 60, abs=25)


def test_one_requeue_is_enough_and_costs_queue_start_up_and_replay() -> None:
    """500 steps more take one allocation of 5,950 s: 600 s of queue, 100 s of start-up and the replay."""
    found = look(QUERY)
    assert found.requeues.at(0.5) == 1
    assert found.requeue_seconds == pytest.approx(600 + 100 + 500, rel=0.05)
    assert found.finish_seconds.at(0.5) == pytest.approx(2640 + 700 + 500 * 10.7, rel=0.03)


def test_run_that_ends_in_time_loses_nothing() -> None:
    """With a day's limit there is nothing to requeue."""
    found = look(replace(QUERY, time_limit_seconds=86_400.0))
    assert (found.finishes, found.requeues.at(0.95), found.lost_steps.at(0.95)) == (1.0, 0, 0)


def test_allocation_that_never_reaches_a_checkpoint_never_ends() -> None:
    """A checkpoint every 1000 steps in an allocation of 550: every requeue starts where the last one did."""
    never = replace(QUERY, plan=replace(PLAN, checkpoint_every=1000), checkpoints=Timings())
    found = look(never)
    assert found.requeues.at(0.5) is None
    assert found.finish_seconds.at(0.5) is None


def test_latest_moment_to_act_leaves_time_for_a_checkpoint() -> None:
    """A 20 s checkpoint must begin about 20 s before the limit."""
    assert look(QUERY).act_within_seconds == pytest.approx(2640 - 20, abs=8)


def test_rarer_validation_saves_what_it_leaves_out() -> None:
    """Validating every 500 steps leaves out five of the seven validations still due."""
    (effect,) = plan_effects(QUERY, [replace(PLAN, validate_every=500)], 600.0)
    assert effect.saved_seconds == pytest.approx(5 * 50, rel=0.05)
    assert effect.outlook.step.at(0.5) > look(QUERY).step.at(0.5)  # type: ignore[operator]  # neither is None here


def test_unknown_limit_has_no_outlook() -> None:
    """Without a limit, a clock or an end there is nothing to look out for."""
    assert outlook(replace(QUERY, time_limit_seconds=None), 0.0) is None
    assert outlook(replace(QUERY, elapsed_seconds=None), 0.0) is None
    assert outlook(replace(QUERY, plan=Plan()), 0.0) is None
    assert plan_effects(replace(QUERY, plan=Plan()), [PLAN], 0.0) == ()


def test_a_requeue_costs_its_parts() -> None:
    """Queue, start-up and the work it repeats add up to what each one costs."""
    found = look(QUERY)
    assert found.requeue_seconds == pytest.approx(600.0 + found.startup_seconds + found.repeated_seconds)
    assert found.startup_seconds == 100.0


def test_a_start_up_nobody_timed_is_not_free() -> None:
    """Where this allocation's start-up is not known, a usual one is paid at each requeue."""
    assert look(replace(QUERY, startup_seconds=None)).startup_seconds > 0


def test_a_run_with_a_budget_before_the_limit_needs_no_requeue() -> None:
    """A run that ends by itself before the limit loses nothing at it."""
    assert QUERY.elapsed_seconds is not None
    budget = QUERY.elapsed_seconds + 1_000.0
    found = look(replace(QUERY, plan=replace(PLAN, max_seconds=budget)))
    assert (1.0, 0.0, 0.0) == (found.finishes, found.lost_seconds.at(0.95), found.requeues.at(0.95))
    assert found.finish_seconds.at(0.5) == pytest.approx(1_000.0)
