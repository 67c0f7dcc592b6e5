"""What the time limit does to a run."""

from dataclasses import replace

import numpy as np
import pytest

from planner.eta_query import EtaQuery
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
    assert found.lost_seconds.at(0.5) == pytest.approx(50 * 10.7, rel=0.07)


def test_one_requeue_is_enough_and_costs_queue_start_up_and_replay() -> None:
    """500 steps more take one allocation of 5,950 s: 600 s of queue, 100 s of start-up and the replay."""
    found = look(QUERY)
    assert found.requeues.at(0.5) == 1
    assert found.requeue_seconds == pytest.approx(600 + 100 + 535, rel=0.05)
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
    """Queue, start-up and the steps it repeats add up to what each one costs."""
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
