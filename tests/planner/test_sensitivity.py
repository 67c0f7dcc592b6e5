"""Which input flips the verdict first."""

from dataclasses import replace

import pytest

from planner.duration import Duration, exactly
from planner.loss_path import Milestone, MilestoneCurve
from planner.report import compare
from planner.scenario import CompareQuery, Target
from planner.sensitivity import Sensitivity
from tests.planner.seed import FIX, with_pace

SEED = with_pace(startup_seconds=960)


def found(query: CompareQuery) -> dict[str, Sensitivity]:
    """Return the sensitivities by input."""
    return {one.input: one for one in compare(query).verdict.sensitivity}


@pytest.mark.parametrize(
    ("pointer", "flips_at"),
    [
        ("/scenarios/1/edit_seconds", 2400 + 6450),
        ("/scenarios/1/test_seconds", 900 + 6450),
        ("/scenarios/1/queue_seconds", 600 + 6450),
        ("/pace/startup_seconds", 960 + 6450),
        # 118 steps and 5 validations fewer, against 3,900 s and a start-up of 960 s.
        ("/pace/validation_seconds", None),
        ("/pace/step_seconds", None),
    ],
)
def test_flip_is_where_the_options_tie(pointer: str, flips_at: float | None) -> None:
    """With exact inputs a flip is exactly where both options take as long; None where nothing flips it."""
    assert pytest.approx(flips_at) == found(SEED)[pointer].flips_at


def test_cheap_validation_can_flip_too() -> None:
    """Where only validations speak for the fix, the verdict flips at the time they are worth it."""
    # 118 steps of 20 s and 5 validations save 2,360 s + 5 v, against 4,860 s: a tie at v = 500 s.
    quick = replace(SEED, pace=replace(SEED.pace, step_seconds=exactly(20)))
    assert pytest.approx(500) == found(quick)["/pace/validation_seconds"].flips_at


def test_steps_of_the_fix_flip_where_one_more_is_too_many() -> None:
    """The fix may take 214 steps: with 8 validations they take 19,230 s of the 20,400 s it has."""
    one = found(SEED)["/scenarios/1/plan/total_steps"]
    assert one.flips_at is not None
    steps = int(one.flips_at)
    ends = [4860 + n * 45 + n // 25 * 1200 for n in (steps - 1, steps)]
    assert ends[0] < 25260 <= ends[1]


def test_target_loss_flips_where_continuing_gets_there_first() -> None:
    """An easier target flips the verdict as soon as the running job reaches it before the fix is ready."""
    slow = MilestoneCurve((Milestone(44, 1.0, 1.0), Milestone(311, 0.2, 0.2)))
    fast = MilestoneCurve((Milestone(0, 0.5, 0.5), Milestone(150, 0.2, 0.2)))
    scenarios = (replace(SEED.scenarios[0], curve=slow), replace(FIX, plan=None, curve=fast))
    query = replace(SEED, scenarios=scenarios, target=Target(0.3, "train"))
    comparison = compare(query)
    flips_at = {one.input: one for one in comparison.verdict.sensitivity}["/target/loss"].flips_at
    assert "relaunch" == comparison.verdict.action
    assert flips_at is not None
    assert "continue" == compare(replace(query, target=Target(flips_at * 1.05, "train"))).verdict.action
    assert "relaunch" == compare(replace(query, target=Target(flips_at * 0.95, "train"))).verdict.action


def test_nearest_flip_comes_first() -> None:
    """Inputs are ordered by how far, in proportion, they are from turning the verdict."""
    order = [one.input for one in compare(SEED).verdict.sensitivity]
    assert "/scenarios/1/plan/total_steps" == order[0]
    assert ["/pace/step_seconds", "/pace/validation_seconds"] == sorted(order[-2:])


def test_swing_is_the_lead_between_the_ends_of_a_pair() -> None:
    """An edit of 20 to 80 minutes swings the lead by an hour."""
    query = replace(SEED, scenarios=(SEED.scenarios[0], replace(FIX, edit_seconds=Duration(1200, 4800))))
    assert pytest.approx(3600) == found(query)["/scenarios/1/edit_seconds"].swing_seconds


def test_rank_of_an_uncertain_curve_is_an_input() -> None:
    """The curve a scenario follows is an input like another: its rank at which the verdict flips is named."""
    unsure = MilestoneCurve((Milestone(44, 0.9, 1.1), Milestone(311, 0.1, 0.9)))
    fast = MilestoneCurve((Milestone(0, 0.5, 0.5), Milestone(250, 0.3, 0.3)))
    scenarios = (replace(SEED.scenarios[0], curve=unsure), replace(FIX, plan=None, curve=fast))
    one = found(replace(SEED, scenarios=scenarios, target=Target(0.3, "val")))["/scenarios/0/curve"]
    assert one.flips_at is not None
    assert 0.01 < one.flips_at < 0.99
    assert 0.5 == one.value


def test_one_scenario_has_nothing_to_flip_to() -> None:
    """A single scenario has no rival, and no input that could flip it."""
    assert () == compare(replace(SEED, scenarios=SEED.scenarios[:1])).verdict.sensitivity


def test_two_ways_to_carry_out_a_fix_are_no_rivals() -> None:
    """A fix advised in two ways flips to continuing, not to its own other way, and both move together."""
    kept = replace(FIX, name="kept", cancel="at_relaunch")
    both = found(replace(SEED, scenarios=(*SEED.scenarios, kept)))
    assert pytest.approx(2400 + 6450) == both["/scenarios/1/edit_seconds"].flips_at
    assert "/scenarios/2/edit_seconds" not in both
