"""The random numbers of a comparison."""

from dataclasses import replace

import numpy as np
import pytest

from planner.draws import DRAWS, Draws, Medians
from planner.duration import Duration, exactly
from planner.loss_path import Milestone, MilestoneCurve
from planner.plan import Plan
from planner.report import compare
from planner.scenario import CompareQuery, PaceDurations, Scenario, Target

UNCERTAIN = Duration(10, 1000)


def test_pair_is_its_ten_to_ninety_percent_range() -> None:
    """The 10 % and 90 % quantiles of the draws are the ends of the pair, the median their geometric mean."""
    drawn = Draws(0).seconds("/a", UNCERTAIN)
    assert (DRAWS,) == drawn.shape
    assert pytest.approx([10, 100, 1000], rel=0.02) == list(np.quantile(drawn, [0.1, 0.5, 0.9]))


def test_pair_from_zero_is_a_normal_cut_at_zero() -> None:
    """Where low is 0 a tenth of the draws are 0 and the others are a normal around the middle."""
    drawn = Draws(0).seconds("/a", Duration(0, 60))
    assert pytest.approx(0.1, abs=0.005) == np.mean(drawn == 0)
    assert pytest.approx([30, 60], rel=0.02) == list(np.quantile(drawn, [0.5, 0.9]))


def test_exact_duration_takes_no_draws() -> None:
    """A duration with equal ends is one number, exactly itself."""
    assert [0.1] == Draws(0).seconds("/a", exactly(0.1))


def test_one_key_is_one_quantity() -> None:
    """The same key gives the same draws, another key independent ones."""
    source = Draws(0)
    one, other = source.seconds("/a", UNCERTAIN), source.seconds("/b", UNCERTAIN)
    assert (one == source.seconds("/a", UNCERTAIN)).all()
    assert pytest.approx(0.0, abs=0.03) == np.corrcoef(np.log(one), np.log(other))[0, 1]
    assert (source.seconds("/c", UNCERTAIN, share="s") == source.seconds("/d", UNCERTAIN, share="s")).all()


def test_many_quantities_stay_spread_and_independent() -> None:
    """Beyond the columns of the Sobol sequence each quantity still has its whole range to itself."""
    source = Draws(0)
    columns = np.array([source.ranks(str(number)) for number in range(40)])
    assert pytest.approx(np.full(40, 0.5), abs=0.001) == columns.mean(axis=1)
    assert np.abs(np.corrcoef(columns) - np.eye(40)).max() < 0.06


def test_tries_are_geometric_and_end_at_ten() -> None:
    """With one success in four, a quarter need one try, and nobody more than ten."""
    tries = Draws(0).tries("/a", 0.25)
    assert pytest.approx(0.25, abs=0.005) == np.mean(tries == 1)
    assert pytest.approx(0.75**9, abs=0.005) == np.mean(tries == 10)
    assert [1.0] == Draws(0).tries("/a", 1.0)


def test_further_tries_are_drawn_anew() -> None:
    """Two tries take the sum of two independent draws, not twice the first."""
    source = Draws(0)
    first = source.seconds("/a", UNCERTAIN)
    both = source.repeated(first, np.full(DRAWS, 2.0), "/a", UNCERTAIN)
    assert pytest.approx(0.0, abs=0.03) == np.corrcoef(np.log(first), np.log(both - first))[0, 1]
    assert [30.0] == source.repeated(np.array([10.0]), np.array([3.0]), "/a", exactly(10))


def test_medians_let_one_quantity_vary() -> None:
    """All quantities stand at their medians but the one that is given values."""
    values = np.array([1.0, 2.0])
    source = Medians(["/a"], values)
    assert (values == source.seconds("/a", UNCERTAIN)).all()
    assert pytest.approx([100.0]) == source.seconds("/b", UNCERTAIN)
    assert pytest.approx([2 - 2 * 0.5**10]) == Medians().tries("/c", 0.5)


def uncertain_question(seed: int) -> CompareQuery:
    """Return a question in which everything is uncertain."""
    falling = MilestoneCurve((Milestone(50, 1.2, 1.5), Milestone(311, 0.3, 0.5)))
    fast = MilestoneCurve((Milestone(0, 0.5, 0.6), Milestone(150, 0.2, 0.5)))
    fix = Scenario(
        "fix",
        "relaunch",
        fast,
        edit_seconds=Duration(1200, 7200),
        test_seconds=Duration(0, 1800),
        queue_seconds=Duration(60, 7200),
        success_probability=0.7,
    )
    pace = PaceDurations(Duration(40, 50), Duration(900, 1500), Duration(10, 60), Duration(500, 1500))
    return CompareQuery(
        at_step=43,
        plan=Plan(total_steps=311, validate_every=25, checkpoint_every=50),
        pace=pace,
        scenarios=(
            Scenario("continue", "continue", falling),
            fix,
            replace(fix, name="kept", cancel="at_relaunch"),
        ),
        target=Target(0.4, "val"),
        seed=seed,
    )


def test_probabilities_repeat_between_seeds() -> None:
    """Whatever the seed, a probability comes out the same within 0.01."""
    answers = [compare(uncertain_question(seed)).outcomes for seed in range(8)]
    for number in range(3):
        first = [outcomes[number].probability_first for outcomes in answers]
        reach = [outcomes[number].probability_of_target for outcomes in answers]
        assert max(first) - min(first) <= 0.01
        assert max(reach) - min(reach) <= 0.01


def test_same_seed_gives_the_same_answer() -> None:
    """The same question gives the same answer to the last bit, another seed another one."""
    assert compare(uncertain_question(1)) == compare(uncertain_question(1))
    assert compare(uncertain_question(1)).outcomes != compare(uncertain_question(2)).outcomes
