"""Scenarios worth asking about."""

from dataclasses import replace

import pytest

from planner.duration import exactly
from planner.report import compare
from planner.scenario import CompareQuery, PlanOverrides
from tests.planner.seed import FIX, with_pace

SEED = with_pace(checkpoint_seconds=24)


def names(query: CompareQuery) -> list[str]:
    """Return the names of what is suggested."""
    return [scenario.name for scenario in compare(query).suggestions]


def test_seed_job_should_validate_every_hundred_steps() -> None:
    """Where validation is over half of the time, the rarest that leaves three of them is suggested."""
    rarer = compare(SEED).suggestions[0]
    assert ("continue", PlanOverrides(validate_every=100)) == (rarer.action, rarer.plan)
    asked = compare(replace(SEED, scenarios=(*SEED.scenarios, rarer)))
    assert asked.outcomes[2].finish_seconds is not None
    assert 15660 == asked.outcomes[2].finish_seconds.values[1]
    assert rarer.name == asked.verdict.scenario


def test_light_validation_is_left_alone() -> None:
    """Where validating costs little, nothing is suggested about it."""
    light = replace(SEED, pace=replace(SEED.pace, validation_seconds=exactly(60)))
    assert not any("validating" in name for name in names(light))


def test_job_can_be_kept_while_fixing() -> None:
    """A relaunch that cancels now is suggested with the job kept running meanwhile."""
    kept = compare(SEED).suggestions[1]
    assert replace(FIX, name=kept.name, cancel="at_relaunch") == kept


@pytest.mark.parametrize(("at_step", "is_suggested"), [(43, False), (60, True)])
def test_latest_checkpoint_is_suggested_where_there_is_one(at_step: int, *, is_suggested: bool) -> None:
    """Resuming from the latest checkpoint is suggested once one was saved."""
    saving = replace(SEED, plan=replace(SEED.plan, checkpoint_every=50), at_step=at_step)
    assert is_suggested == any("latest checkpoint" in name for name in names(saving))


def test_what_was_asked_is_not_suggested() -> None:
    """A suggestion that was taken up is not made again."""
    asked = replace(SEED, scenarios=(*SEED.scenarios, *compare(SEED).suggestions))
    assert [] == names(asked)


def test_every_suggestion_can_be_asked() -> None:
    """Suggestions are questions as they stand: each is answered."""
    saving = replace(SEED, plan=replace(SEED.plan, checkpoint_every=10))
    suggested = compare(saving).suggestions
    assert 3 == len(suggested)
    asked = compare(replace(saving, scenarios=(*saving.scenarios, *suggested)))
    assert {"ok"} == {outcome.status for outcome in asked.outcomes}
