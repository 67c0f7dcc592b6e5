"""Draws of the seconds still to come."""

from dataclasses import replace

import numpy as np
import pytest

from planner.eta_query import EtaQuery, InProgress, Silence
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


def test_batches_told_before_a_silence_keep_their_rate() -> None:
    """17 of 68 in 300 s leave 900 s, of which 300 s have passed; far past that the silence alone counts."""
    typical = np.full(2048, 1200.0)
    left = begun_seconds(typical, InProgress("validation", 600.0, 17, 68, 300.0))
    overdue = begun_seconds(typical, InProgress("validation", 3300.0, 17, 68, 3000.0))
    assert left.mean() == pytest.approx(600, rel=0.01)
    assert overdue.mean() == pytest.approx(900, rel=0.05)


def test_a_silence_moves_the_end_by_about_itself() -> None:
    """Unexplained time that recurs multiplies; a silence that has not ended yet is none of it."""
    timed = replace(
        QUERY, startup_seconds=20.0, at_step=90, validations=Timings(np.array([50.0]), np.full(1, 30.0))
    )
    steps = Timings(np.arange(1.0, 91), np.full(90, 2.0))
    ends = [
        seconds
        + np.median(
            remaining(
                stand(replace(timed, steps=steps, elapsed_seconds=230.0 + seconds, silence=Silence(seconds)))
            ).total
        )
        for seconds in (0.0, 300.0, 3000.0)
    ]
    assert 1.0 < (ends[1] - ends[0]) / 300 < 1.4
    assert 1.0 < (ends[2] - ends[0]) / 3000 < 1.4


def test_several_steps_in_progress_are_those_left() -> None:
    """Where ten steps are told at once, twelve seconds of silence are six of them, and none is done twice."""
    told = replace(
        QUERY, silence=Silence(12.0, 20.0), validations=Timings(np.array([100.0]), np.full(1, 30.0))
    )
    now = stand(told)
    draws = thinned(remaining(now))
    end = np.full(len(draws.step.each), 1000.0)
    assert np.median(draws.step.seconds) == pytest.approx(1788, rel=0.01)
    assert np.allclose(seconds_until(now, draws, end, events_up_to=end), draws.total)
