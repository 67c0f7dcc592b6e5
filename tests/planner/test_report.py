"""The comparison of a running job with what could be done about it."""

from dataclasses import replace

import pytest

from planner.duration import Duration
from planner.report import compare
from planner.scenario import PlanOverrides, Scenario
from tests.planner.seed import CONTINUE, FIX, SEED, with_pace


def test_continuing_the_seed_job_takes_eleven_validations() -> None:
    """Continuing ends in 25,260 s: 268 steps of 45 s and the validations after 50, 75, … 300."""
    outcome = compare(SEED).outcomes[0]
    assert outcome.finish_seconds is not None
    assert outcome.total_seconds is not None
    assert (25260,) * 3 == outcome.finish_seconds.values
    assert (29460,) * 3 == outcome.total_seconds.values
    assert (268, 11) == (outcome.steps_left, outcome.validations_left)


def test_relaunching_the_seed_job_saves_a_quarter() -> None:
    """Relaunching ends in 17,850 s with 6 validations, 7,410 s (25 %) sooner, and ties at 11,310 s."""
    comparison = compare(SEED)
    outcome, verdict = comparison.outcomes[1], comparison.verdict
    assert outcome.finish_seconds is not None
    assert outcome.total_seconds is not None
    assert verdict.saving_seconds is not None
    assert (17850,) * 3 == outcome.finish_seconds.values
    assert (22050,) * 3 == outcome.total_seconds.values
    assert 6 == outcome.validations_left
    assert (7410,) * 3 == verdict.saving_seconds.values
    assert pytest.approx(7410 / 29460) == verdict.saving_fraction
    assert 11310 == verdict.break_even_seconds
    assert ("relaunch", "fix", 1.0) == (verdict.action, verdict.scenario, verdict.probability)
    assert 4200 == verdict.sunk_seconds


def test_given_count_of_validations_overrides_the_plan() -> None:
    """With the document's ten validations continuing ends in 24,060 s, and the fix saves 6,210 s (22 %)."""
    comparison = compare(replace(SEED, scenarios=(replace(CONTINUE, validations_left=10), FIX)))
    outcome, verdict = comparison.outcomes[0], comparison.verdict
    assert outcome.finish_seconds is not None
    assert verdict.saving_seconds is not None
    assert (24060,) * 3 == outcome.finish_seconds.values
    assert 10 == outcome.validations_left
    assert (6210,) * 3 == verdict.saving_seconds.values
    assert pytest.approx(0.22, abs=0.005) == verdict.saving_fraction
    assert 10110 == verdict.break_even_seconds


def test_relaunch_pays_the_startup_and_a_running_job_does_not() -> None:
    """With a start-up of 960 s the relaunch ends in 18,810 s, saves 6,450 s (22 %) and ties at 10,350 s."""
    comparison = compare(with_pace(startup_seconds=960))
    verdict = comparison.verdict
    assert comparison.outcomes[0].finish_seconds is not None
    assert comparison.outcomes[1].finish_seconds is not None
    assert verdict.saving_seconds is not None
    assert (25260,) * 3 == comparison.outcomes[0].finish_seconds.values
    assert (18810,) * 3 == comparison.outcomes[1].finish_seconds.values
    assert (6450,) * 3 == verdict.saving_seconds.values
    assert pytest.approx(0.22, abs=0.005) == verdict.saving_fraction
    assert 10350 == verdict.break_even_seconds


def test_rarer_validation_beats_every_relaunch() -> None:
    """Continuing with a validation every 100 steps ends in 15,660 s, before every relaunch."""
    rarer = Scenario("validate less", "continue", plan=PlanOverrides(validate_every=100))
    comparison = compare(replace(SEED, scenarios=(CONTINUE, FIX, rarer)))
    assert comparison.outcomes[2].finish_seconds is not None
    assert (15660,) * 3 == comparison.outcomes[2].finish_seconds.values
    assert ("continue", "validate less") == (comparison.verdict.action, comparison.verdict.scenario)


def test_timeline_adds_up_to_the_mean_finish() -> None:
    """The phases of a relaunch follow each other and end when it finishes."""
    timeline = compare(with_pace(startup_seconds=960)).outcomes[1].timeline
    assert ["edit", "test", "queue", "startup", "step", "validation"] == [part.phase for part in timeline]
    assert [0, 2400, 3300, 3900, 4860, 11610] == [part.start_seconds for part in timeline]
    assert 18810 == timeline[-1].start_seconds + timeline[-1].seconds


def test_pairs_are_ranges_around_the_exact_answer() -> None:
    """A pair is a 10 %–90 % range: with one uncertain edit the quantiles of the finish are its ends."""
    uncertain = replace(FIX, edit_seconds=Duration(1200, 4800))
    outcome = compare(replace(SEED, scenarios=(CONTINUE, uncertain))).outcomes[1]
    assert outcome.finish_seconds is not None
    assert pytest.approx([16650, 17850, 20250], abs=15) == list(outcome.finish_seconds.values)


def test_same_question_gives_the_same_answer() -> None:
    """The same question and seed give the same answer, equal in every field."""
    uncertain = replace(SEED, scenarios=(CONTINUE, replace(FIX, edit_seconds=Duration(1200, 9000))))
    assert compare(uncertain) == compare(uncertain)


def test_suggestions_are_told_as_the_comparison_with_them_would_tell_them() -> None:
    """What comes of each suggestion by itself is what asking about it beside the others says, unranked."""
    uncertain = replace(FIX, edit_seconds=Duration(1200, 4800))
    query = replace(SEED, scenarios=(CONTINUE, uncertain), plan=replace(SEED.plan, checkpoint_every=25))
    query = replace(query, pace=replace(query.pace, checkpoint_seconds=Duration(10, 60)))
    found = compare(query, tells_suggested=True)
    assert () == compare(query).suggested
    asked = compare(replace(query, scenarios=(*query.scenarios, *found.suggestions)))
    assert ["continue", "relaunch", "relaunch"] == [one.action for one in found.suggestions]
    assert [one.finish_seconds for one in asked.outcomes[2:]] == [
        one.finish_seconds for one in found.suggested
    ]
    assert [one.name for one in found.suggestions] == [one.name for one in found.suggested]
    assert {None} == {one.probability_first for one in found.suggested}
