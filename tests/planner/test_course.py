"""What moves a scenario's course: what is in progress, and a budget of time."""

from dataclasses import replace

import numpy as np
import pytest

from planner.course import Course
from planner.draws import Draws, Medians
from planner.duration import Duration, exactly
from planner.loss_path import Milestone, MilestoneCurve
from planner.plan import Plan
from planner.quantiles import Quantiles
from planner.report import compare
from planner.scenario import CompareQuery, PaceDurations, PlanOverrides, Scenario, Target
from planner.simulation import budget_seconds, simulate
from planner.stop_rule import EarlyStopping

PLAN = Plan(total_steps=100, validate_every=10, checkpoint_every=20)
PACE = PaceDurations(exactly(10), exactly(100), exactly(7), exactly(300))
CURVE = MilestoneCurve((Milestone(1, 3.0, 3.0), Milestone(100, 1.0, 1.0)))
FIX = Scenario(
    "fix", "relaunch", CURVE, edit_seconds=exactly(600), test_seconds=exactly(60), queue_seconds=exactly(30)
)
JOB = CompareQuery(45, PLAN, PACE, (Scenario("continue", "continue", CURVE), FIX), elapsed_seconds=1000.0)
"""Going on takes 550 s of steps, 600 of validations and 21 of checkpoints."""

TIMED = replace(JOB, plan=replace(PLAN, max_seconds=1600.0))


def course_of(query: CompareQuery, index: int = 0) -> Course:
    """Return the course of a scenario that can be answered."""
    course = simulate(query, index, Draws(0))
    assert isinstance(course, Course)
    return course


def test_what_is_in_progress_comes_first() -> None:
    """The rest of a validation comes before every step; what is done of a step comes off."""
    course = course_of(replace(JOB, begun_seconds={"validation": 80.0, "step": -4.0}))
    assert [1171.0 + 76.0] == course.finish_seconds.tolist()
    assert [680.0, 546.0] == [course.phases[name][0] for name in ("validation", "step")]
    assert [5 * 10 + 100 + 76.0] == course.seconds_to(50).tolist()


def test_no_phase_is_shorter_than_nothing() -> None:
    """More done than there is leaves nothing of it."""
    assert [621.0] == course_of(replace(JOB, begun_seconds={"step": -9000.0})).finish_seconds.tolist()


def test_what_is_in_progress_is_as_uncertain_as_told() -> None:
    """Where all else takes 1,171 s, the end has the quantiles told, with the middle where all are in it."""
    begun = Quantiles((0.1, 0.5, 0.9), (0.0, 1000.0, 4000.0))
    unsure = replace(JOB, begun_seconds={"step": begun})
    finish = np.quantile(course_of(unsure).finish_seconds, (0.1, 0.3, 0.5, 0.9))
    assert finish == pytest.approx([1171.0, 1671.0, 2171.0, 5171.0], abs=5)
    middle = simulate(unsure, 0, Medians())
    assert isinstance(middle, Course)
    assert [2171.0] == middle.finish_seconds.tolist()


def test_what_is_in_progress_takes_no_more_than_its_rest() -> None:
    """The step under way and the validation under way are counted, and take 4 s and 80 s instead."""
    begun = {"step": 4.0, "validation": 80.0}
    course = course_of(replace(JOB, begun_seconds=begun, begun_counts={"step": 1.0, "validation": 1.0}))
    assert [1171.0 - 10 - 100 + 84] == course.finish_seconds.tolist()
    assert [4 * 10 + 84.0] == course.seconds_to(50).tolist()
    assert [84.0] == course.seconds_to(46).tolist()


def test_what_is_in_progress_is_the_same_for_all_that_go_on() -> None:
    """Two ways to go on wait for one and the same thing, so that the shorter one always ends first."""
    shorter = Scenario("shorter", "continue", CURVE, plan=PlanOverrides(total_steps=99))
    begun = {"validation": Quantiles((0.1, 0.9), (0.0, 4000.0))}
    query = replace(JOB, scenarios=(JOB.scenarios[0], shorter), begun_seconds=begun)
    assert [0.0, 1.0] == [one.probability_first for one in compare(query).outcomes]


def test_who_is_first_is_as_uncertain_as_what_is_in_progress() -> None:
    """Going on wins where a silence ends within what it is ahead by, here in three cases of four."""
    ahead = course_of(JOB, 1).finish_seconds - course_of(JOB).finish_seconds
    begun = Quantiles((0.001, 0.75, 0.999), (0.0, float(ahead[0]), 90_000.0))
    first = compare(replace(JOB, begun_seconds={"step": begun})).outcomes[0].probability_first
    assert first == pytest.approx(0.75, abs=0.01)


def test_what_is_in_progress_is_none_of_a_relaunch() -> None:
    """A new job begins at its own beginning."""
    begun = replace(JOB, begun_seconds={"validation": 80.0})
    assert course_of(JOB, 1).finish_seconds.tolist() == course_of(begun, 1).finish_seconds.tolist()


def test_the_latest_checkpoint_waits_for_what_is_in_progress() -> None:
    """A kept job saves at step 60 after 657 s; with 80 s of a validation before that it is too late."""
    late = replace(FIX, resume_step="latest", cancel="at_relaunch", edit_seconds=exactly(600))
    kept = replace(JOB, scenarios=(JOB.scenarios[0], late))
    starts = [
        course_of(one, 1).leg.start.tolist()
        for one in (kept, replace(kept, begun_seconds={"validation": 400.0}))
    ]
    assert [[60.0], [40.0]] == starts


def test_a_budget_of_time_ends_a_run_that_has_no_target() -> None:
    """600 s are left of 1,600: that is its end, about half of what its steps need, and it gets no further."""
    course, whole = course_of(TIMED), course_of(JOB)
    assert [600.0] == course.finish_seconds.tolist()
    assert 45 + 55 * 600 // 1171 == course.last_step
    assert 100 == whole.last_step
    assert [np.inf] == course.seconds_to(100).tolist()
    assert [150.0] == course.seconds_to(50).tolist()


def test_what_is_in_progress_uses_the_budget_up_first() -> None:
    """Of 895 s a validation takes the first 600, so that of 11 steps of 45 s six are done and no more."""
    query = replace(
        JOB,
        at_step=300,
        plan=Plan(total_steps=311, validate_every=25, checkpoint_every="never", max_seconds=1895.0),
        pace=replace(PACE, step_seconds=exactly(45)),
        begun_seconds={"validation": 600.0},
    )
    course = course_of(query)
    assert ([895.0], 306.0) == (course.finish_seconds.tolist(), course.last_step)
    assert [600.0, 295.0] == [float(course.phases[name][0]) for name in ("validation", "step")]
    assert [870.0, np.inf] == [float(course.seconds_to(step)[0]) for step in (306, 311)]
    assert "ends_by_budget" in _codes_of_continue(query)


def test_what_is_done_already_needs_no_budget() -> None:
    """Of 1,171 s 100 are done: 1,071 of budget are enough, and nobody says that they are not."""
    begun = {"validation": -100.0}
    query = replace(JOB, plan=replace(PLAN, max_seconds=2071.0), begun_seconds=begun)
    course = course_of(query)
    assert ([1071.0], 100.0) == (course.finish_seconds.tolist(), course.last_step)
    assert [1071.0 - 7.0] == course.seconds_to(100).tolist()
    assert "ends_by_budget" not in _codes_of_continue(query)


def test_more_done_than_there_is_counts_once() -> None:
    """Steps are over that are done; the way to the last one is then all but the last checkpoint."""
    course = course_of(replace(JOB, begun_seconds={"step": -9000.0}))
    assert [621.0 - 7.0] == course.seconds_to(100).tolist()


def test_a_start_up_can_use_the_budget_up() -> None:
    """A process with less time than its start-up takes ends in it, whether that goes on or is to come."""
    goes_on = replace(JOB, plan=replace(PLAN, max_seconds=1030.0), begun_seconds={"startup": 66.0})
    short = replace(JOB, plan=replace(PLAN, max_seconds=200.0))
    assert [30.0] == course_of(goes_on).finish_seconds.tolist()
    assert [690.0 + 200.0] == course_of(short, 1).finish_seconds.tolist()
    assert 0 == course_of(short, 1).last_step


def _codes_of_continue(query: CompareQuery) -> set[str]:
    reasons = compare(query).verdict.reasons
    return {one.code for one in reasons if one.parameters.get("scenario") == "continue"}


def test_a_budget_that_lasts_changes_nothing() -> None:
    """A run that is done before its time is up is as if it had none."""
    ample = replace(JOB, plan=replace(PLAN, max_seconds=2171.0))
    assert [1171.0] == course_of(ample).finish_seconds.tolist()
    assert 100 == course_of(ample).last_step


def test_a_relaunch_has_the_whole_budget_with_its_start_up() -> None:
    """Edit, test and queue are the person's and the scheduler's; from its start on it has 1,600 s."""
    assert [690.0 + 1600.0] == course_of(TIMED, 1).finish_seconds.tolist()
    assert (600.0, 1600.0, None) == (
        budget_seconds(TIMED, 0),
        budget_seconds(TIMED, 1),
        budget_seconds(replace(TIMED, elapsed_seconds=None), 0),
    )


def test_a_budget_counts_from_the_process_it_is_of() -> None:
    """A process that began 5,000 s into its allocation has 600 s left like one that began with it.

    Its relaunch has 1,600 s, not what the allocation's age adds to them.
    """
    later = replace(TIMED, elapsed_seconds=6_000.0, before_seconds=5_000.0)
    assert (600.0, 1600.0) == (budget_seconds(later, 0), budget_seconds(later, 1))
    assert [2290.0] == course_of(later, 1).finish_seconds.tolist()


def test_a_target_beyond_the_budget_is_not_reached() -> None:
    """What the curve reaches at the last step is not reached where time is up before."""
    aimed = replace(TIMED, target=Target(1.0, "val"))
    near = replace(TIMED, target=Target(1.8, "val"))
    assert [False, True] == [bool(course_of(one).arrives[0]) for one in (aimed, near)]
    assert course_of(aimed).end_seconds == pytest.approx([600.0])


def test_an_uncertain_pace_ends_by_its_budget_in_some_draws() -> None:
    """Half of the draws are done in time; the others end when it is up."""
    unsure = replace(
        TIMED, pace=replace(PACE, step_seconds=Duration(10, 20)), plan=replace(PLAN, max_seconds=2400)
    )
    finish = course_of(unsure).finish_seconds
    assert finish.max() == pytest.approx(1400.0)
    assert 0.4 < float(np.mean(finish < 1399.9)) < 0.6
    assert isinstance(simulate(unsure, 0, Medians()), Course)


def test_reasons_tell_what_may_end_a_run() -> None:
    """That time ends it is said with its chance; that early stopping may is said not to be counted."""
    ruled = replace(TIMED, plan=replace(TIMED.plan, early_stopping=EarlyStopping(3)))
    told = " ".join(one.text for one in compare(ruled).verdict.reasons)
    assert "ends continue before its last step in 100%" in told
    assert "ends fix before its last step in 100%" in told
    assert "Early stopping may end continue" in told
    assert not {"ends_by_budget", "early_stopping_left_out"} & {
        one.code for one in compare(JOB).verdict.reasons
    }


def test_the_loss_at_the_end_is_where_time_ends_it() -> None:
    """A run that time ends at step 73 is told the loss of step 73."""
    timed, whole = (compare(query).outcomes[0].loss_at_end for query in (TIMED, JOB))
    assert timed is not None
    assert whole is not None
    assert (timed.at(0.5) or 0.0) == pytest.approx(1.077, abs=0.001)
    assert whole.at(0.5) == pytest.approx(1.0)
