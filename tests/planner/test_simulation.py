"""The simulation of one scenario, against a clock that plays it through event by event."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.course import Course, Refusal
from planner.draws import Draws
from planner.duration import Duration, exactly
from planner.loss_path import Milestone, MilestoneCurve, RefusedCurve
from planner.plan import Plan
from planner.scenario import CompareQuery, PaceDurations, PlanOverrides, Scenario, Target, pace_of, plan_of
from planner.simulation import finish_seconds, simulate
from tests.planner.seed import SEED

SECONDS = st.integers(0, 500).map(exactly)
CADENCE = st.one_of(st.just("never"), st.integers(1, 60))
PACES = st.builds(PaceDurations, SECONDS, SECONDS, SECONDS, SECONDS)
GOALS = st.one_of(st.none(), st.builds(Target, st.floats(0.1, 3), st.sampled_from(["val", "train"])))


@st.composite
def curves(draw: st.DrawFn) -> MilestoneCurve:
    """Draw milestones at increasing steps, their losses free to rise."""
    steps = sorted(draw(st.sets(st.integers(0, 260), min_size=1, max_size=5)))
    losses = draw(st.lists(st.floats(0.1, 5), min_size=len(steps), max_size=len(steps)))
    return MilestoneCurve(tuple(Milestone(s, loss, loss) for s, loss in zip(steps, losses, strict=True)))


@st.composite
def questions(draw: st.DrawFn) -> CompareQuery:
    """Draw an exact question: a job that continues, and one that is relaunched."""
    total, new_total = draw(st.integers(1, 200)), draw(st.integers(1, 200))
    plan = Plan(total, draw(CADENCE), draw(st.booleans()), draw(CADENCE))
    overrides = PlanOverrides(
        new_total, draw(st.one_of(st.none(), CADENCE)), draw(st.one_of(st.none(), st.booleans()))
    )
    relaunch = Scenario(
        "relaunch",
        "relaunch",
        curve=draw(curves()),
        plan=overrides,
        pace=draw(st.one_of(st.none(), PACES)),
        edit_seconds=draw(SECONDS),
        test_seconds=draw(SECONDS),
        queue_seconds=draw(SECONDS),
        resume_step=draw(st.integers(0, new_total)),
    )
    continuing = Scenario("continue", "continue", curve=draw(curves()))
    at_step = draw(st.integers(0, total))
    return CompareQuery(at_step, plan, draw(PACES), (continuing, relaunch), draw(GOALS))


def seconds_of(duration: Duration | None) -> float:
    """Return an exact duration's seconds."""
    return 0.0 if duration is None else duration.low


def loss_after(curve: MilestoneCurve, step: int) -> float:
    """Return the loss after a step: log-log between milestones, infinite before the first."""
    known = [(milestone.step, milestone.high) for milestone in curve.milestones]
    if step < known[0][0]:
        return math.inf
    for (x0, y0), (x1, y1) in pairwise(known):
        if x0 <= step < x1:
            span = math.log(max(x1, 1)) - math.log(max(x0, 1))
            share = (math.log(max(step, 1)) - math.log(max(x0, 1))) / span if span else 0.0
            return math.exp(math.log(y0) + share * (math.log(y1) - math.log(y0)))
    return known[-1][1]


def is_reached(query: CompareQuery, curve: MilestoneCurve, step: int) -> bool:
    """Whether a curve has been at the target by a step; one that rises again has."""
    loss = 0.0 if query.target is None else query.target.loss
    return any(loss_after(curve, passed) <= loss * (1 + 1e-12) for passed in range(step + 1))


def trained(query: CompareQuery, index: int, start: int) -> float:
    """Return the seconds of training from a step to the goal, infinite where it is never reached."""
    plan, pace, curve = plan_of(query, index), pace_of(query, index), query.scenarios[index].curve
    assert plan.total_steps is not None
    assert isinstance(curve, MilestoneCurve)
    goal = None if query.target is None else query.target.of
    clock = 0.0
    if goal == "train" and is_reached(query, curve, start):
        return clock
    for step in range(start + 1, plan.total_steps + 1):
        clock += seconds_of(pace.step_seconds)
        at_end = plan.validate_at_end and step == plan.total_steps
        if at_end or (isinstance(plan.validate_every, int) and step % plan.validate_every == 0):
            clock += seconds_of(pace.validation_seconds)
            if goal == "val" and is_reached(query, curve, step):
                return clock
        if isinstance(plan.checkpoint_every, int) and step % plan.checkpoint_every == 0:
            clock += seconds_of(pace.checkpoint_seconds)
        if goal == "train" and is_reached(query, curve, step):
            return clock
    return clock if goal is None else math.inf


def played(query: CompareQuery, index: int) -> float:
    """Return the seconds from now to the goal of an exact scenario, event by event."""
    scenario, startup = query.scenarios[index], seconds_of(pace_of(query, index).startup_seconds)
    if scenario.action == "continue":
        return trained(query, index, query.at_step) + (startup if query.at_step == 0 else 0.0)
    assert isinstance(scenario.resume_step, int)
    parts = (scenario.edit_seconds, scenario.test_seconds, scenario.queue_seconds)
    return sum(map(seconds_of, parts)) + startup + trained(query, index, scenario.resume_step)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(questions())
def test_exact_scenarios_end_when_the_clock_says(query: CompareQuery) -> None:
    """Whatever the plan, pace, curve and target, a finish is that of the job played event by event."""
    for index in range(2):
        course = simulate(query, index, Draws(0))
        assert isinstance(course, Course)
        assert pytest.approx([played(query, index)]) == course.finish_seconds


PLAN = Plan(total_steps=100, validate_every=10, checkpoint_every=20)
PACE = PaceDurations(exactly(10), exactly(100), exactly(7), exactly(300))
FIX = Scenario(
    "fix",
    "relaunch",
    edit_seconds=exactly(600),
    test_seconds=exactly(60),
    queue_seconds=exactly(30),
)
JOB = CompareQuery(45, PLAN, PACE, (Scenario("continue", "continue"), FIX))


def course_of(query: CompareQuery, index: int = 1) -> Course:
    """Return the course of a scenario that can be answered."""
    course = simulate(query, index, Draws(0))
    assert isinstance(course, Course)
    return course


def with_fix(**changes: object) -> CompareQuery:
    """Return the question with another fix."""
    return replace(JOB, scenarios=(JOB.scenarios[0], replace(FIX, **changes)))


@pytest.mark.parametrize("resume_step", [0, "latest"])
@pytest.mark.parametrize("index", [0, 1])
def test_the_finish_alone_is_that_of_the_whole_course(
    resume_step: int | Literal["latest"], index: int
) -> None:
    """What is left out of a kept job moves no finish, and what a resume needs of it is not left out."""
    kept = replace(
        SEED.scenarios[1],
        cancel="at_relaunch",
        resume_step=resume_step,
        edit_seconds=Duration(600, 9000),
        plan=None,
    )
    query = replace(
        SEED,
        plan=replace(SEED.plan, checkpoint_every=10),
        pace=replace(SEED.pace, checkpoint_seconds=Duration(5, 20)),
        scenarios=(SEED.scenarios[0], kept),
    )
    whole, alone = simulate(query, index, Draws(1)), finish_seconds(query, index, Draws(1))
    assert isinstance(whole, Course)
    assert alone is not None
    assert whole.finish_seconds.tolist() == alone.tolist()


def test_latest_checkpoint_is_the_last_one_passed() -> None:
    """Cancelled now at step 45, a job that saves every 20 resumes from step 40."""
    assert [40.0] == course_of(with_fix(resume_step="latest")).leg.start


def test_latest_checkpoint_moves_on_while_the_fix_is_made() -> None:
    """Kept running 660 s, the job saves at 60 (250 s + 2 validations, 357 s later) but not yet at 80."""
    # 15 steps, the validations at 50 and 60, a checkpoint: 357 s; to 80: 764 s.
    kept = course_of(with_fix(resume_step="latest", cancel="at_relaunch"))
    assert [60.0] == kept.leg.start


def test_kept_job_burns_until_the_fix_is_tested() -> None:
    """With at_relaunch the old job holds its GPUs through edit and test, with now it does not."""
    now, kept = course_of(with_fix(cancel="now")), course_of(with_fix(cancel="at_relaunch"))
    assert now.gpu_seconds is not None
    assert kept.gpu_seconds is not None
    assert [2335.0] == now.gpu_seconds
    assert [2995.0] == kept.gpu_seconds


def test_kept_job_burns_no_longer_than_it_runs() -> None:
    """An old job that ends by itself before the fix is ready stops burning then."""
    slow = course_of(with_fix(cancel="at_relaunch", edit_seconds=exactly(10_000)))
    ended = course_of(JOB, 0).end_seconds
    assert slow.gpu_seconds is not None
    assert 300 + 1000 + 1000 + 35 + ended == slow.gpu_seconds


def test_startup_is_paid_by_a_job_that_has_not_begun() -> None:
    """Continuing pays the start-up only while no step is done."""
    begun, queued = course_of(JOB, 0), course_of(replace(JOB, at_step=0), 0)
    assert [0.0] == begun.phases["startup"]
    assert [300.0] == queued.phases["startup"]


def test_failed_tries_cost_edit_test_queue_and_startup_again() -> None:
    """With one success in two tries the mean number of tries is 2 (less what lies beyond ten)."""
    course = course_of(with_fix(success_probability=0.5))
    mean = (1 - 0.5**10) / 0.5
    assert pytest.approx(mean, abs=0.01) == course.startups.mean()
    assert pytest.approx(mean * 990 + 2035, abs=10) == course.finish_seconds.mean()
    assert 10 == course.startups.max()


@pytest.mark.parametrize(
    ("query", "index", "reason"),
    [
        (replace(JOB, pace=replace(PACE, validation_seconds=None)), 0, "missing_validation_seconds"),
        (replace(JOB, pace=replace(PACE, checkpoint_seconds=None)), 1, "missing_checkpoint_seconds"),
        (replace(JOB, pace=replace(PACE, startup_seconds=None)), 1, "missing_startup_seconds"),
        (replace(JOB, pace=replace(PACE, step_seconds=None)), 0, "missing_step_seconds"),
        (replace(JOB, plan=replace(PLAN, total_steps=None)), 0, "unknown_total_steps"),
        (replace(JOB, plan=replace(PLAN, validate_every=None)), 0, "unknown_validate_every"),
        (replace(JOB, plan=replace(PLAN, checkpoint_every=None)), 0, "unknown_checkpoint_every"),
        (replace(JOB, target=Target(0.3, "val")), 0, "no_curve"),
        (
            replace(
                JOB,
                target=Target(0.3, "val"),
                scenarios=(Scenario("c", "continue", curve=RefusedCurve("too_few_points")),),
            ),
            0,
            "too_few_points",
        ),
    ],
)
def test_what_is_not_known_is_refused(query: CompareQuery, index: int, reason: str) -> None:
    """A part of the pace, plan or curve that is needed and unknown refuses the scenario, with its name."""
    assert Refusal(reason) == simulate(query, index, Draws(0))


def test_pace_may_be_unknown_where_its_count_is_zero() -> None:
    """A job that never validates needs no validation time, and one that goes on no start-up time."""
    pace = PaceDurations(step_seconds=exactly(10))
    plan = Plan(total_steps=100, validate_every="never", checkpoint_every="never")
    assert [550.0] == course_of(replace(JOB, plan=plan, pace=pace), 0).finish_seconds


def test_checkpoints_nobody_spoke_of_are_left_out() -> None:
    """Where neither their cadence nor their time is given, checkpoints are no part of the question."""
    pace = replace(PACE, checkpoint_seconds=None)
    silent = replace(JOB, plan=replace(PLAN, checkpoint_every=None), pace=pace)
    assert [55 * 10 + 6 * 100] == course_of(silent, 0).finish_seconds


def test_curve_without_forecast_does_not_matter_without_a_target() -> None:
    """Without a target too short a curve leaves only the loss unknown; a diverged one refuses."""
    short = replace(JOB, scenarios=(Scenario("c", "continue", curve=RefusedCurve("too_few_points")),))
    dead = replace(JOB, scenarios=(Scenario("c", "continue", curve=RefusedCurve("diverged")),))
    assert course_of(short, 0).path is None
    assert Refusal("diverged") == simulate(dead, 0, Draws(0))


def test_shared_pace_is_shared_draw_by_draw() -> None:
    """Scenarios without an override see the same step time in each draw; an override is drawn apart."""
    uncertain = replace(PACE, step_seconds=Duration(5, 20))
    own = replace(FIX, name="own", pace=PaceDurations(step_seconds=Duration(5, 20)))
    query = replace(JOB, pace=uncertain, scenarios=(JOB.scenarios[0], FIX, own))
    source = Draws(0)
    courses = [simulate(query, index, source) for index in range(3)]
    steps = [course.pace["step"] for course in courses if isinstance(course, Course)]
    assert (steps[0] == steps[1]).all()
    assert not (steps[0] == steps[2]).any()
