"""What comes of one scenario."""

from dataclasses import replace

import pytest

from planner.duration import exactly
from planner.loss_path import Milestone, MilestoneCurve
from planner.plan import Plan
from planner.report import compare
from planner.scenario import CompareQuery, Economics, PaceDurations, Scenario, Target

GOING = Scenario("continue", "continue")
JOB = CompareQuery(
    at_step=43,
    plan=Plan(total_steps=311, validate_every=25, checkpoint_every=50),
    pace=PaceDurations(exactly(45), exactly(1200), exactly(24), exactly(960)),
    scenarios=(GOING,),
)


def with_curve(*known: tuple[float, float | None, float], target: float | None = None) -> CompareQuery:
    """Return the question with a curve."""
    curve = MilestoneCurve(tuple(Milestone(*one) for one in known))
    goal = None if target is None else Target(target, "val")
    return replace(JOB, scenarios=(replace(GOING, curve=curve),), target=goal)


def test_milestones_without_a_curve_lie_on_validations() -> None:
    """Without a curve some validated steps and the end are shown, their loss unknown."""
    shown = compare(JOB).outcomes[0].milestones
    assert 311 == shown[-1].step
    assert all(one.step % 25 == 0 for one in shown[:-1])
    assert [None] * len(shown) == [one.loss for one in shown]


def test_milestones_behind_or_beyond_are_left_out() -> None:
    """Only milestones still ahead, and within the plan, are reached at some time."""
    query = with_curve((10, 2, 2), (100, 1, 1), (311, 0.5, 0.5), (400, 0.4, 0.4))
    assert [100, 311] == [one.step for one in compare(query).outcomes[0].milestones]


def test_loss_at_end_is_unknown_before_the_first_milestone() -> None:
    """A curve that begins after the plan's end says nothing about it."""
    assert compare(with_curve((400, 0.4, 0.4))).outcomes[0].loss_at_end is None


def test_goal_on_a_validation_ends_before_its_checkpoint() -> None:
    """The target is seen at the end of the validation at 50: 7 steps and a validation, no checkpoint yet."""
    outcome = compare(with_curve((50, 0.3, 0.3), target=0.34)).outcomes[0]
    assert outcome.finish_seconds is not None
    assert (1515,) * 3 == outcome.finish_seconds.values
    assert ["step", "validation"] == [phase.phase for phase in outcome.timeline]


def test_job_that_never_arrives_still_burns() -> None:
    """A job that never reaches its target has no finish and no timeline, and holds its GPUs to its end."""
    hopeless = replace(with_curve((311, 0.5, 0.5), target=0.34), economics=Economics(gpus=2))
    outcome = compare(hopeless).outcomes[0]
    assert outcome.finish_seconds is not None
    assert outcome.gpu_hours is not None
    assert (None,) * 3 == outcome.finish_seconds.values
    assert () == outcome.timeline
    assert pytest.approx([2 * (25260 + 6 * 24) / 3600] * 3) == list(outcome.gpu_hours.values)


def test_totals_are_unknown_without_what_was_spent() -> None:
    """Without the elapsed time there is a finish and no total."""
    outcome = compare(JOB).outcomes[0]
    assert outcome.finish_seconds is not None
    assert outcome.total_seconds is None


def test_cost_is_unknown_without_a_price() -> None:
    """Each quantity is known as far as what it is made of: GPUs without a price give hours only."""
    outcome = compare(replace(JOB, economics=Economics(gpus=2, watts_per_gpu=300))).outcomes[0]
    known = {name for name in ("gpu_hours", "cost", "kwh", "kg_co2") if getattr(outcome, name) is not None}
    assert {"gpu_hours", "kwh"} == known
