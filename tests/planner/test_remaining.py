"""Draws of the seconds still to come."""

from dataclasses import replace

import numpy as np
import pytest

from planner.eta_query import EtaQuery, InProgress
from planner.plan import Plan
from planner.remaining import begun_seconds, remaining, seconds_until, steps_by, thinned
from planner.situation import Situation, situation
from planner.timings import Timings

QUERY = EtaQuery(
    100,
    Plan(total_steps=1000, validate_every=50, validate_at_end=True),
    steps=Timings(np.arange(1.0, 101), np.full(100, 2.0)),
    validations=Timings(np.array([50.0, 100.0]), np.full(2, 30.0)),
)


def stand(query: EtaQuery) -> Situation:
    """Return where the run stands."""
    now = situation(query)
    assert now is not None
    return now


def test_phases_add_up() -> None:
    """900 steps and 18 validations are left, and nothing else."""
    draws = remaining(stand(QUERY))
    assert np.median(draws.step.seconds) == pytest.approx(1800, rel=0.01)
    assert np.median(draws.validation.seconds) == pytest.approx(540, rel=0.01)
    assert not draws.checkpoint.seconds.any()
    assert not draws.startup.seconds.any()


def test_last_step_takes_all_but_the_validation_after_it() -> None:
    """Time for everything reaches the end, and a second less still reaches the last step."""
    now, draws = stand(QUERY), thinned(remaining(stand(QUERY)))
    end = np.full(len(draws.step.each), 1000.0)
    assert np.allclose(seconds_until(now, draws, end, events_up_to=end), draws.total)
    assert (steps_by(now, draws, float(draws.total.max())) == 1000).all()
    assert (steps_by(now, draws, 0.0) == 100).all()


def test_batches_done_tell_their_own_rate() -> None:
    """Half of the batches in 40 s leave about 40 s, whatever a validation usually takes."""
    left = begun_seconds(np.full(2048, 30.0), InProgress("validation", 40.0, 500, 1000))
    assert left.mean() == pytest.approx(40, rel=0.01)


def test_what_should_be_over_goes_on_for_a_share_of_its_age() -> None:
    """Ten times overdue, it is not over at once."""
    left = begun_seconds(np.full(2048, 30.0), InProgress("validation", 300.0))
    assert left.mean() == pytest.approx(90, rel=0.05)


def test_step_in_progress_is_one_of_those_left() -> None:
    """A second of a two-second step has passed."""
    begun = replace(QUERY, in_progress=InProgress("step", 1.0))
    whole, less = (np.median(remaining(stand(query)).total) for query in (QUERY, begun))
    assert whole - less == pytest.approx(1.0, abs=0.3)
