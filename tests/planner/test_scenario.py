"""What a comparison is asked."""

import pytest

from planner.duration import exactly
from planner.errors import InvalidInputError
from planner.plan import Plan
from planner.scenario import CompareQuery, PaceDurations, PlanOverrides, Scenario, fix_of, pace_of, plan_of

BASE = Plan(total_steps=311, validate_every=25, validate_at_end=True, checkpoint_every=50)
PACE = PaceDurations(exactly(45), exactly(1200), exactly(24), exactly(960))


def query(scenario: Scenario) -> CompareQuery:
    """Return a question about one scenario."""
    return CompareQuery(43, BASE, PACE, (scenario,))


def test_override_changes_only_what_it_names() -> None:
    """What a scenario does not declare stays the job's own, a false at the end included."""
    one = query(Scenario("a", "continue", plan=PlanOverrides(total_steps=150)))
    other = query(
        Scenario("a", "continue", plan=PlanOverrides(validate_every="never", validate_at_end=False))
    )
    assert Plan(150, 25, True, 50) == plan_of(one, 0)  # noqa: FBT003 - validate_at_end
    assert Plan(311, "never", False, 50) == plan_of(other, 0)  # noqa: FBT003 - validate_at_end


def test_pace_override_changes_only_its_part() -> None:
    """A pace that names the step alone leaves validation, checkpoint and start-up as measured."""
    one = query(Scenario("a", "continue", pace=PaceDurations(step_seconds=exactly(30))))
    assert PaceDurations(exactly(30), exactly(1200), exactly(24), exactly(960)) == pace_of(one, 0)


def test_bad_override_points_into_its_scenario() -> None:
    """A plan that cannot be is refused where it was written."""
    with pytest.raises(InvalidInputError) as refused:
        plan_of(query(Scenario("a", "continue", plan=PlanOverrides(validate_every=0))), 0)
    assert "/scenarios/0/plan/validate_every" == refused.value.pointer


def test_fix_is_the_same_however_it_is_carried_out() -> None:
    """Cancelling now or later, or from another checkpoint, is one fix; a longer edit is another."""
    now = Scenario("a", "relaunch", edit_seconds=exactly(60), cancel="now")
    later = Scenario("b", "relaunch", edit_seconds=exactly(60), cancel="at_relaunch", success_probability=1.0)
    longer = Scenario("c", "relaunch", edit_seconds=exactly(90))
    assert fix_of(now) == fix_of(later)
    assert fix_of(now) != fix_of(longer)
    assert fix_of(Scenario("d", "continue")) is None
