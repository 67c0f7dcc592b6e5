"""The comparison once made by hand, which many tests ask: continue, or cancel, fix and relaunch?"""

from dataclasses import replace

from planner.duration import exactly
from planner.plan import Plan
from planner.scenario import CompareQuery, PaceDurations, PlanOverrides, Scenario

CONTINUE = Scenario("continue", "continue")
FIX = Scenario(
    "fix",
    "relaunch",
    plan=PlanOverrides(total_steps=150),
    edit_seconds=exactly(2400),
    test_seconds=exactly(900),
    queue_seconds=exactly(600),
)
SEED = CompareQuery(
    job="13503904",
    elapsed_seconds=4200,
    at_step=43,
    plan=Plan(total_steps=311, validate_every=25, checkpoint_every="never"),
    pace=PaceDurations(exactly(45), exactly(1200), None, exactly(0)),
    scenarios=(CONTINUE, FIX),
)


def with_pace(**seconds: float) -> CompareQuery:
    """Return the same question at another pace: seconds by phase, ``startup_seconds=960``."""
    changed = {phase: exactly(value) for phase, value in seconds.items()}
    return replace(SEED, pace=replace(SEED.pace, **changed))
