"""How a verdict is carried out."""

from dataclasses import replace

from planner.duration import exactly
from planner.loss_path import Milestone, MilestoneCurve, RefusedCurve
from planner.report import compare
from planner.scenario import CompareQuery, PlanOverrides, Scenario, Target
from tests.planner.seed import FIX, SEED


def plan_of(query: CompareQuery) -> list[tuple[float, str, str]]:
    """Return when, what and how."""
    return [(action.at_seconds, action.kind, action.text) for action in compare(query).actions]


def test_relaunch_is_the_seeds_plan() -> None:
    """Cancel, edit 40 min, test 15 min, submit, and wait: done after 17,850 s."""
    plan = plan_of(SEED)
    assert [0, 0, 2400, 3300, 3900, 17850] == [at for at, _, _ in plan]
    assert ["cancel", "edit", "test", "submit", "wait", "done"] == [kind for _, kind, _ in plan]
    assert "scancel 13503904" == plan[0][2]


def test_kept_job_is_cancelled_after_the_submission() -> None:
    """A job that is kept running is cancelled once the corrected one is submitted, not before."""
    kept = replace(SEED, scenarios=(SEED.scenarios[0], replace(FIX, cancel="at_relaunch")))
    assert ["edit", "test", "submit", "cancel", "wait", "done"] == [kind for _, kind, _ in plan_of(kept)]


def test_rarer_validation_is_set_in_the_running_job() -> None:
    """Continuing with another cadence starts with setting it."""
    rarer = Scenario("rarer", "continue", plan=PlanOverrides(validate_every=100))
    plan = plan_of(replace(SEED, scenarios=(SEED.scenarios[0], rarer)))
    assert (0, "edit", "Set validate_every to 100 in the running job.") == plan[0]
    assert (15660, "done", "Step 311 is done.") == plan[-1]


def test_unknown_waits_and_dead_stops() -> None:
    """Where too little is known the plan is to wait, where the loss is NaN to cancel."""
    waiting = replace(SEED, target=Target(0.3, "val"))
    dead = replace(SEED, scenarios=(Scenario("continue", "continue", RefusedCurve("not_finite")),))
    assert ["wait"] == [kind for _, kind, _ in plan_of(waiting)]
    assert ["cancel", "done"] == [kind for _, kind, _ in plan_of(dead)]
    assert "Cancel the job." == plan_of(replace(dead, job=None))[0][2]


def test_the_script_is_submitted_by_its_name() -> None:
    """Where the job's batch script is known, the command that submits it names it."""
    resumed = replace(FIX, resume_step="latest")
    pace = replace(SEED.pace, checkpoint_seconds=exactly(0))
    job = replace(SEED, script="submit.sh --fast", plan=replace(SEED.plan, checkpoint_every=10), pace=pace)
    told = [plan_of(replace(job, scenarios=(SEED.scenarios[0], fix)))[3][2] for fix in (FIX, resumed)]
    submit = "sbatch submit.sh --fast"
    assert [submit, f"{submit}, resuming from the latest checkpoint"] == told


def test_an_unsure_goal_is_not_announced_as_reached() -> None:
    """Where many draws never reach the target, the last line of the plan says in how many it is."""
    curve = MilestoneCurve((Milestone(50, 1.0, 1.2), Milestone(311, 0.30, 0.50)))
    scenarios = (Scenario("continue", "continue", curve),)
    unsure = compare(replace(SEED, scenarios=scenarios, target=Target(0.4, "val")))
    last, reach = unsure.actions[-1], unsure.outcomes[0].probability_of_target
    assert ("do_reached_perhaps", reach) == (last.code, last.parameters["reach_share"])
    sure = compare(replace(SEED, scenarios=scenarios, target=Target(0.9, "val")))
    assert "do_reached" == sure.actions[-1].code
