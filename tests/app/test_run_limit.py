"""What the job's time limit does to a run, and what would soften it."""

import math

import numpy as np

from app.run_limit import run_limit
from planner.checkpoint_interval import best_checkpoint_seconds
from planner.eta import EtaQuery, Timings
from planner.pace import Pace, measure
from planner.plan import Plan

NOW = 1_700_000_000.0
SEED = Plan(311, 25, checkpoint_every=50)


def _timings(every: int, last: int, seconds: float) -> Timings:
    steps = np.arange(every, last + 1, every, dtype=float)
    return Timings(steps, np.full(len(steps), seconds))


def _query(plan: Plan = SEED, limit: float | None = 20_000.0, at_step: int = 100) -> EtaQuery:
    """Return a run of exact paces: 45 s a step, 1200 s each 25 steps, 60 s a checkpoint each 50."""
    return EtaQuery(
        at_step=at_step,
        plan=plan,
        startup_seconds=960.0,
        steps=_timings(1, at_step, 45.0),
        validations=_timings(25, at_step, 1200.0),
        checkpoints=_timings(50, at_step, 60.0),
        elapsed_seconds=10_000.0,
        time_limit_seconds=limit,
    )


def _pace(query: EtaQuery) -> Pace:
    return measure(query.steps, query.validations, query.checkpoints)


def test_a_limit_that_strikes_on_the_way() -> None:
    """With 10,000 s left the run gets to step 212 or so, and would resume from the checkpoint at 200."""
    query = _query()
    found = run_limit(query, _pace(query), 600.0, NOW)
    assert found is not None
    assert (NOW + 10_000.0, 600.0, 50) == (found.limit_at, found.queue_seconds, found.checkpoint_every)
    assert found.outlook.finishes < 0.01
    assert 205 <= (found.outlook.step.at(0.5) or 0) <= 225
    assert 200.0 == found.outlook.checkpoint_step.at(0.5)
    assert NOW + 9_700.0 < found.act_before < NOW + 10_000.0
    assert found.outlook.requeue_seconds >= 1560.0


def test_rarer_validations_finish_within_the_limit() -> None:
    """Validating every 100 steps saves six of the eight validations left, and then the run fits its limit."""
    query = _query(limit=23_000.0)
    found = run_limit(query, _pace(query), 600.0, NOW)
    assert found is not None
    rarer = {effect.value: effect for effect in found.effects if effect.setting == "validate_every"}
    assert {50, 100} == set(rarer)
    assert math.isclose(6 * 1200.0, rarer[100].saved_seconds, rel_tol=0.05)
    assert (True, True) == (found.outlook.finishes < 0.05, rarer[100].finishes > 0.95)
    assert 0.0 == rarer[100].requeues.at(0.5)


def test_best_checkpoint_interval() -> None:
    """The interval that loses least follows from the measured cost of a save and the limit, in steps."""
    query = _query()
    found = run_limit(query, _pace(query), 600.0, NOW)
    assert found is not None
    assert (
        round(best_checkpoint_seconds(60.0, 20_000.0) / (45.0 + 1200.0 / 25)) == found.best_checkpoint_every
    )
    assert any(effect.setting == "checkpoint_every" for effect in found.effects)


def test_cadences_that_were_only_seen_count() -> None:
    """A trainer that declares no cadence is judged by the one that was seen."""
    query = _query(Plan(311))
    found = run_limit(query, _pace(query), 600.0, NOW)
    assert found is not None
    assert 50 == found.checkpoint_every


def test_nothing_to_say() -> None:
    """Without a limit, without an end and before the first step nothing is known of it."""
    unlimited, endless = _query(limit=None), _query(Plan(None, 25))
    fresh = EtaQuery(0, SEED, elapsed_seconds=10.0, time_limit_seconds=100.0)
    for query in (unlimited, endless, fresh):
        assert None is run_limit(query, _pace(query), 600.0, NOW)


def test_no_checkpoint_was_measured() -> None:
    """Before the first checkpoint the best interval is unknown, and none is suggested."""
    query = _query(Plan(311, 25, checkpoint_every="never"), at_step=40)
    bare = EtaQuery(
        40, query.plan, steps=query.steps, elapsed_seconds=100.0, time_limit_seconds=5000.0,
        validations=query.validations,
    )  # fmt: skip
    found = run_limit(bare, _pace(bare), 600.0, NOW)
    assert found is not None
    assert (None, None) == (found.best_checkpoint_every, found.checkpoint_every)
    assert {"validate_every"} == {effect.setting for effect in found.effects}


def test_rarer_checkpoints_save_time_and_risk_more() -> None:
    """Every 100 steps instead of 50 spares two saves of 60 s; up to twice the work is lost at the limit."""
    query = _query()
    found = run_limit(query, _pace(query), 600.0, NOW)
    assert found is not None
    rarer = next(one for one in found.effects if (one.setting, one.value) == ("checkpoint_every", 100))
    assert math.isclose(120.0, rarer.saved_seconds, rel_tol=0.1)
    assert (rarer.lost_seconds.at(0.5) or 0.0) >= (found.outlook.lost_seconds.at(0.5) or 0.0)
