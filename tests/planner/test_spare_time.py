"""How much longer a fix may take that is made while the job trains on."""

from dataclasses import replace

import pytest

from planner.draws import Draws
from planner.duration import exactly
from planner.scenario import CompareQuery, PaceDurations, Scenario
from planner.spare_time import spare_seconds
from tests.planner.seed import FIX, SEED

# Steps of 10 s beside steps of 45 s, a checkpoint after each and nothing else: 268 steps are left.
PACE = PaceDurations(exactly(45), exactly(0), exactly(0), exactly(0))
KEPT = replace(
    FIX, plan=None, pace=PaceDurations(exactly(10)), resume_step="latest", cancel="at_relaunch",
    test_seconds=exactly(0), queue_seconds=exactly(600),
)  # fmt: skip
GOING_ON_SECONDS = 268 * 45.0


def query(fix: Scenario) -> CompareQuery:
    """Return going on beside a fix."""
    plan = replace(SEED.plan, checkpoint_every=1)
    return replace(SEED, pace=PACE, plan=plan, scenarios=(SEED.scenarios[0], fix))


def finish(edit_seconds: float, queue_seconds: float = 600) -> float:
    """Return when the fix ends, by hand: the job does a step in each 45 s of the edit."""
    left = 268 - edit_seconds // 45
    return edit_seconds + queue_seconds + 10 * left


@pytest.mark.parametrize("edit", [2400, 11_500])
def test_the_two_tie_after_that_much_more(edit: float) -> None:
    """Worked by hand: whatever the edit is planned to take, both end together at the same length of it."""
    ahead = GOING_ON_SECONDS - finish(edit)
    spare = spare_seconds(query(replace(KEPT, edit_seconds=exactly(edit))), 1, ahead, Draws(0))
    assert spare is not None
    assert pytest.approx(GOING_ON_SECONDS, abs=11) == finish(edit + spare)
    assert (ahead > 0) == (spare > 0)


def test_there_is_none_where_no_edit_is_short_enough() -> None:
    """A queue as long as going on loses even with nothing to edit."""
    fix = replace(KEPT, queue_seconds=exactly(GOING_ON_SECONDS))
    ahead = GOING_ON_SECONDS - finish(2400, GOING_ON_SECONDS)
    assert spare_seconds(query(fix), 1, ahead, Draws(0)) is None


def test_failed_tries_take_longer_each() -> None:
    """Where each of some tries takes longer, less is to spare than of a fix that works at once."""
    unsure = query(replace(KEPT, success_probability=0.4))
    spares = [spare_seconds(one, 1, 3000.0, Draws(0)) or 0.0 for one in (unsure, query(KEPT))]
    assert 0 < spares[0] < spares[1]
