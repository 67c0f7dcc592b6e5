"""What is advised, how sure that is, and why."""

from dataclasses import replace

import numpy as np
import pytest

from planner.duration import Duration, exactly
from planner.loss_path import Milestone, MilestoneCurve, RefusedCurve
from planner.report import Comparison, compare
from planner.scenario import (
    Criterion,
    Economics,
    Objective,
    PaceDurations,
    PlanOverrides,
    Scenario,
    Target,
)
from tests.planner.seed import CONTINUE, FIX, SEED


def milestones(*known: tuple[float, float | None, float]) -> MilestoneCurve:
    """Return a curve of milestones."""
    return MilestoneCurve(tuple(Milestone(*one) for one in known))


SLOW = milestones((50, 1.2, 1.5), (100, 0.7, 0.9), (200, 0.5, 0.6), (311, 0.40, 0.45))
FAST = milestones((0, 0.36, 0.36), (25, 0.36, 0.38), (50, 0.35, 0.37), (100, 0.34, 0.36), (150, None, 0.34))
SAME_GOAL = replace(
    SEED,
    target=Target(0.34, "val"),
    scenarios=(replace(CONTINUE, curve=SLOW), replace(FIX, plan=None, curve=FAST)),
)


def codes(comparison: Comparison) -> list[str]:
    """Return the codes of the verdict's reasons."""
    return [reason.code for reason in comparison.verdict.reasons]


def test_seed_job_never_reaches_the_loss_of_the_fix() -> None:
    """At the same goal, a val loss of 0.34, continuing never arrives, and the relaunch is first for sure."""
    comparison = compare(SAME_GOAL)
    going, fixed = comparison.outcomes
    assert going.finish_seconds is not None
    assert fixed.finish_seconds is not None
    assert (None,) * 3 == going.finish_seconds.values
    assert 0.0 == going.probability_of_target
    assert (17850, 17850) == fixed.finish_seconds.values[1:]
    assert ("relaunch", 1.0) == (comparison.verdict.action, comparison.verdict.probability)
    assert "target_out_of_reach" in codes(comparison)


def test_seed_milestones_come_when_the_schedule_says() -> None:
    """Step 50 after 25 min 15 s, 100 after 1 h 42 min 45 s, 200 after 4 h 17 min 45 s, 311 after 7 h 01."""
    comparison = compare(replace(SEED, scenarios=(replace(CONTINUE, curve=SLOW), FIX)))
    reached = {one.step: one.finish_seconds.values[1] for one in comparison.outcomes[0].milestones}
    assert {50: 1515, 100: 6165, 200: 15465, 311: 25260} == reached


def test_milestones_carry_the_losses_typed() -> None:
    """A milestone's 10 % and 90 % quantiles are the ends that were typed."""
    comparison = compare(replace(SEED, scenarios=(replace(CONTINUE, curve=SLOW), FIX)))
    loss = comparison.outcomes[0].milestones[-1].loss
    assert loss is not None
    assert pytest.approx([0.40, np.sqrt(0.40 * 0.45), 0.45]) == list(loss.values)
    assert loss == comparison.outcomes[0].loss_at_end


def test_different_goals_are_named() -> None:
    """Runs to different steps without a target are compared, and the reasons say what that is worth."""
    assert "different_goals" in codes(compare(SEED))
    assert "different_goals" not in codes(compare(SAME_GOAL))


def test_validation_that_dominates_is_named() -> None:
    """Validation is over half of what the seed's job still needs: 11 times 20 min."""
    said = next(reason for reason in compare(SEED).verdict.reasons if reason.code == "validation_dominates")
    assert "Validation takes 52% of what continue still needs: 11 times 20 min." == said.text


def test_wrong_count_of_validations_is_named() -> None:
    """A count that is not the plan's is used, and said to differ."""
    counted = replace(SEED, scenarios=(replace(CONTINUE, validations_left=10), FIX))
    said = next(reason for reason in compare(counted).verdict.reasons if reason.code == "validation_count")
    assert {"scenario": "continue", "counted": 11, "given": 10} == said.parameters


def test_checkpoints_left_out_are_named() -> None:
    """Checkpoints of which nothing is known are left out, and the reasons say so."""
    silent = compare(replace(SEED, plan=replace(SEED.plan, checkpoint_every=None)))
    assert "checkpoints_left_out" in codes(silent)
    assert "checkpoints_left_out" not in codes(compare(SEED))


def test_sunk_time_changes_nothing_but_totals() -> None:
    """What was spent already moves the totals and neither the saving nor the advice."""
    early, late = compare(replace(SEED, elapsed_seconds=0)), compare(replace(SEED, elapsed_seconds=90_000))
    assert early.verdict.saving_seconds == late.verdict.saving_seconds
    assert early.verdict.scenario == late.verdict.scenario
    assert early.outcomes[0].finish_seconds == late.outcomes[0].finish_seconds


def test_too_little_attention_rules_relaunching_out() -> None:
    """Who has ten minutes cannot make a fix of 55: continuing is advised and the reason says why."""
    comparison = compare(replace(SEED, attention_seconds=600))
    assert ("continue", 1.0) == (comparison.verdict.action, comparison.verdict.probability)
    assert "attention_too_short" in codes(comparison)
    assert 0.0 == comparison.outcomes[1].probability_first


def test_enough_attention_changes_nothing() -> None:
    """Who has 90 minutes can make a fix of 55."""
    assert "relaunch" == compare(replace(SEED, attention_seconds=5400)).verdict.action


def test_attention_counts_in_the_draws_that_need_more() -> None:
    """A fix too long in a quarter of the draws is never first in those, and still advised."""
    uncertain = replace(FIX, edit_seconds=Duration(1200, 4800))
    query = replace(SEED, scenarios=(CONTINUE, uncertain), attention_seconds=900 + 3446)
    outcome = compare(query).outcomes[1]
    assert pytest.approx(0.75, abs=0.01) == outcome.probability_first


def test_target_without_a_curve_waits() -> None:
    """A target without a curve cannot be answered: outcome refused, verdict wait, no number anywhere."""
    comparison = compare(replace(SEED, target=Target(0.34, "val")))
    verdict = comparison.verdict
    assert ["refused", "refused"] == [outcome.status for outcome in comparison.outcomes]
    assert ["no_curve", "no_curve"] == [outcome.reason for outcome in comparison.outcomes]
    assert ("wait", None, None) == (verdict.action, verdict.scenario, verdict.probability)
    assert verdict.saving_seconds is None
    assert "continue has a target to reach but no curve that says when it would." == verdict.reasons[0].text


def test_one_unknown_rival_leaves_the_others_unranked() -> None:
    """Where one scenario is unknown the others keep their times, but nobody is said to be first."""
    unknown = replace(SEED, pace=replace(SEED.pace, startup_seconds=None))
    going, fixed = compare(unknown).outcomes
    assert ("ok", None, None) == (going.status, going.probability_first, going.regret_seconds)
    assert ("refused", "missing_startup_seconds") == (fixed.status, fixed.reason)


def test_nothing_in_reach_stops() -> None:
    """Where no scenario reaches the target, stopping is advised with the likelihood that none does."""
    alone = replace(SAME_GOAL, scenarios=(SAME_GOAL.scenarios[0],))
    verdict = compare(alone).verdict
    assert ("stop", None, 1.0) == (verdict.action, verdict.scenario, verdict.probability)
    with_stop = replace(SAME_GOAL, scenarios=(SAME_GOAL.scenarios[0], Scenario("give up", "stop")))
    assert ("stop", "give up") == (compare(with_stop).verdict.action, compare(with_stop).verdict.scenario)


@pytest.mark.parametrize("target", [None, Target(0.34, "val")])
def test_loss_that_is_not_finite_stops(target: Target | None) -> None:
    """A run whose loss is NaN is not worth its next step: stop, or relaunch where that is possible."""
    dead = replace(CONTINUE, curve=RefusedCurve("not_finite"))
    alone = compare(replace(SEED, target=target, scenarios=(dead, Scenario("stop", "stop"))))
    fixed = compare(replace(SEED, target=target, scenarios=(dead, replace(SAME_GOAL.scenarios[1]))))
    assert ("stop", "not_finite") == (alone.verdict.action, codes(alone)[0])
    assert "relaunch" == fixed.verdict.action


def test_stopping_spends_nothing() -> None:
    """Giving up never arrives, and costs nothing more."""
    stop = Scenario("stop", "stop")
    economics = Economics(gpus=8, gpu_hour_price=2.0)
    outcome = compare(replace(SEED, scenarios=(*SEED.scenarios, stop), economics=economics)).outcomes[2]
    assert outcome.gpu_hours is not None
    assert outcome.finish_seconds is None
    assert (0.0, 0.0, 0.0) == outcome.gpu_hours.values
    assert 0.0 == outcome.probability_first


def test_probabilities_of_being_first_sum_to_one() -> None:
    """Somebody is first, and who ties shares."""
    twin = replace(FIX, name="twin")
    comparison = compare(replace(SEED, scenarios=(CONTINUE, FIX, twin)))
    assert [0.0, 0.5, 0.5] == [outcome.probability_first for outcome in comparison.outcomes]


def test_draws_in_which_nobody_arrives_are_left_out() -> None:
    """Of two scenarios that rarely arrive, one is still first for sure where only it can."""
    lucky, never = replace(CONTINUE, curve=milestones((300, 0.3, 0.6))), SAME_GOAL.scenarios[0]
    comparison = compare(replace(SAME_GOAL, scenarios=(lucky, replace(never, name="never"))))
    reach = comparison.outcomes[0].probability_of_target
    assert reach is not None
    assert 0.0 < reach < 0.3
    assert [1.0, 0.0] == [outcome.probability_first for outcome in comparison.outcomes]


def test_regret_is_the_mean_delay_behind_the_first() -> None:
    """With exact inputs the regret of continuing is the saving, and that of the first is 0."""
    assert [7410.0, 0.0] == [outcome.regret_seconds for outcome in compare(SEED).outcomes]


def test_saving_over_experiments_is_the_saving_repeated() -> None:
    """Ten more experiments of the same kind save ten times as much."""
    saving = compare(replace(SEED, experiments=10)).verdict.saving_over_experiments_seconds
    assert saving is not None
    assert (74100.0,) * 3 == saving.values


def test_economics_follow_from_gpu_hours() -> None:
    """Eight GPUs for 25,260 s are 56.13 GPU-hours, each with its price, its watts and its grams."""
    economics = Economics(8, 2.1, "EUR", 500, 50, 60)
    going, fixed = compare(replace(SEED, economics=economics)).outcomes
    hours = 8 * 25260 / 3600
    for quantity, expected in (
        (going.gpu_hours, hours),
        (going.cost, hours * 2.1),
        (going.kwh, hours * 0.5),
        (going.kg_co2, hours * 0.5 * 0.05),
        (fixed.gpu_hours, 8 * 13950 / 3600),
        (fixed.cost, 8 * 13950 / 3600 * 2.1 + 3300 / 3600 * 60),
    ):
        assert quantity is not None
        assert pytest.approx([expected] * 3) == list(quantity.values)


def test_cost_can_decide() -> None:
    """Where only cost counts, the scenario that burns fewer GPU-hours is advised although it ends later."""
    slow = replace(FIX, queue_seconds=exactly(9000))
    economics = Economics(gpus=8, gpu_hour_price=2.1)
    query = replace(SEED, scenarios=(CONTINUE, slow), economics=economics)
    assert "continue" == compare(query).verdict.action
    by_cost = compare(replace(query, objective=Objective(time=0, cost=1)))
    assert "relaunch" == by_cost.verdict.action
    assert 0.0 == by_cost.verdict.probability
    assert "cost_decides" in codes(by_cost)
    assert ("continue", "fix") == by_cost.verdict.pareto


def test_cost_that_is_unknown_is_named() -> None:
    """Cost that is to count and is not known leaves time to decide, and the reasons say so."""
    comparison = compare(replace(SEED, objective=Objective(time=1, cost=1)))
    assert "relaunch" == comparison.verdict.action
    assert "cost_unknown" in codes(comparison)


def test_stopping_alone_is_no_comparison() -> None:
    """Where stopping is all that was asked about, it is the answer, without a probability."""
    verdict = compare(replace(SEED, scenarios=(Scenario("stop", "stop"),))).verdict
    assert ("stop", "stop", None) == (verdict.action, verdict.scenario, verdict.probability)
    assert "None of the scenarios works towards a result." == verdict.reasons[0].text


def test_fix_without_attention_waits_where_nothing_else_was_asked() -> None:
    """Where the only scenario is a fix there is no time for, the verdict waits and says why."""
    comparison = compare(replace(SEED, scenarios=(FIX,), attention_seconds=60))
    assert "wait" == comparison.verdict.action
    assert "attention_too_short" == comparison.verdict.reasons[0].code


def test_pareto_front_leaves_out_what_is_beaten_in_both() -> None:
    """A scenario that is later and dearer than another is not on the front."""
    query = replace(SEED, economics=Economics(gpus=8, gpu_hour_price=2.1))
    assert ("fix",) == compare(query).verdict.pareto
    assert compare(SEED).verdict.pareto is None


def test_criteria_count_only_when_weighed() -> None:
    """Scores beside the time change nothing until they are given a weight."""
    scores = {"continue": 1.0, "fix": 0.0}
    shown = compare(replace(SEED, criteria=(Criterion("safe", scores),)))
    weighed = compare(replace(SEED, criteria=(Criterion("safe", scores, weight=10),)))
    assert "fix" == shown.verdict.scenario
    assert "continue" == weighed.verdict.scenario
    assert "criteria_decide" in codes(weighed)


def test_better_if_speaks_for_both_sides() -> None:
    """Continuing is better with a longer fix or less time; relaunching with a shorter one."""
    conditions = compare(SEED).verdict.better_if
    assert "edit, test and queue together take more than 3 h 08" == conditions["continue"][0].text
    assert "you have less than 55 min to work on it now" == conditions["continue"][1].text
    assert "edit, test and queue together take less than 3 h 08" == conditions["fix"][0].text


def test_better_if_keeps_silent_where_a_third_scenario_is_ahead() -> None:
    """Break-even compares continuing with relaunching; it says nothing of one that beats both."""
    rare = Scenario("rare", "continue", plan=PlanOverrides(validate_every=100))
    answer = compare(replace(SEED, scenarios=(CONTINUE, rare, FIX)))
    said = {line.code for lines in answer.verdict.better_if.values() for line in lines}
    assert "rare" == answer.verdict.scenario
    assert set() == said & {"overhead_above", "overhead_below", "saving_small"}


def test_break_even_with_failing_tries_is_per_try() -> None:
    """With tries that may fail, the tie is the overhead of one try at which the medians meet."""
    flaky = replace(FIX, success_probability=0.45)
    tie = compare(replace(SEED, scenarios=(CONTINUE, flaky))).verdict.break_even_seconds
    assert tie is not None
    # More than half of the draws need two tries: 2 overheads + 13,950 s = 25,260 s.
    assert pytest.approx(5655, abs=1) == tie


def test_break_even_that_is_negative_is_none() -> None:
    """Where a relaunch is behind even with no edit, test and queue there is no tie."""
    slow = replace(FIX, pace=PaceDurations(step_seconds=exactly(450)))
    assert compare(replace(SEED, scenarios=(CONTINUE, slow))).verdict.break_even_seconds is None


def test_waiting_is_offered_where_it_pays() -> None:
    """Where the running job's curve decides and a few steps of it cost little, waiting is worth it."""
    unsure = milestones((44, 0.9, 1.1), (311, 0.15, 0.75))
    slow_fix = replace(FIX, plan=None, curve=milestones((0, 0.5, 0.5), (220, 0.34, 0.34)))
    pace = replace(SEED.pace, validation_seconds=exactly(1))
    often = replace(SAME_GOAL, plan=replace(SEED.plan, validate_every=5), pace=pace)
    comparison = compare(replace(often, scenarios=(replace(CONTINUE, curve=unsure), slow_fix)))
    patience = comparison.verdict.waiting
    assert patience is not None
    assert comparison.verdict.probability is not None
    assert patience.probability > comparison.verdict.probability
    assert patience.gain_seconds > patience.cost_seconds
    assert "waiting_helps" == codes(comparison)[-1]
    assert compare(SEED).verdict.waiting is None


def test_two_ways_of_one_fix_are_no_close_call() -> None:
    """A fix asked about in two ways shares being first with itself; the cheaper way is advised, plainly."""
    kept = replace(FIX, name="kept", cancel="at_relaunch")
    comparison = compare(replace(SEED, scenarios=(CONTINUE, kept, FIX)))
    assert ("fix", 0.5) == (comparison.verdict.scenario, comparison.verdict.probability)
    said = next(reason for reason in comparison.verdict.reasons if reason.code == "likely_first")
    assert 1.0 == said.parameters["first_share"]
