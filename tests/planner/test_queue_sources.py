"""Statements of a queue wait are scored against what happened, and the better one counts more."""

import numpy as np
import pytest

from planner.quantiles import Quantiles
from planner.queue_sources import Statement, combine, history_statement

LEVELS = (0.1, 0.5, 0.9)


def test_nothing_stated_is_nothing_known() -> None:
    """Neither without sources nor with silent ones is there a wait."""
    assert combine([]) is None
    assert combine([Statement("start", None), history_statement([5.0])]) is None


def test_a_source_that_was_right_weighs_more() -> None:
    """Two statements of equal count: the one that came true draws the combination to itself."""
    right = Statement("trial", 100.0, [(100.0, 100.0)] * 20)
    wrong = Statement("start", 10_000.0, [(10_000.0, 100.0)] * 20)
    found = combine([right, wrong], LEVELS)
    assert found is not None
    weights = {each.source: each.weight for each in found.sources}
    assert 1.0 == pytest.approx(sum(weights.values()))
    assert weights["trial"] > 0.95
    middle = found.quantiles.at(0.5)
    assert middle is not None
    assert 80.0 < middle < 160.0


def test_a_biased_source_is_corrected() -> None:
    """SLURM's estimate is mostly too late: what it states is scaled by what it took before."""
    late = Statement("start", 3600.0, [(3600.0, 360.0)] * 50)
    found = combine([late], LEVELS)
    assert found is not None
    assert 400.0 == pytest.approx(found.quantiles.at(0.5), rel=0.2)


def test_an_unscored_source_is_within_a_factor_of_three() -> None:
    """8 times in 10."""
    found = combine([Statement("trial", 600.0)], LEVELS)
    assert found is not None
    low, middle, high = found.quantiles.values
    assert [193.3, 600.0, 1820.0] == pytest.approx([low, middle, high], rel=0.01)


def test_the_history_is_scored_walking_forward() -> None:
    """Each wait against the median of those before it, never against itself."""
    stated = history_statement([10.0, 10.0, 10.0, 50.0], LEVELS)
    assert [(10.0, 50.0)] == list(stated.past)
    assert 10.0 == stated.seconds


def test_calibrated_statements_cover_what_happens() -> None:
    """Of lognormal truth about 8 in 10 waits lie between the outer quantiles."""
    rng = np.random.default_rng(5)
    stated = 600.0
    took = stated * np.exp(rng.normal(0.3, 0.7, 1200))
    inside = 0
    for at in range(200, 1200):
        past = [(stated, float(actual)) for actual in took[at - 100 : at]]
        found = combine([Statement("trial", stated, past)], LEVELS)
        assert found is not None
        low, _, high = (value or 0.0 for value in found.quantiles.values)
        inside += low <= took[at] <= high
    assert 0.76 < inside / 1000 < 0.86


def test_a_stated_distribution_is_kept() -> None:
    """A source that states quantiles is not spread again."""
    own = Quantiles(LEVELS, (1.0, 2.0, 300.0))
    found = combine([Statement("history", 2.0, [], own)], LEVELS)
    assert found is not None
    assert own.values == tuple(round(value or 0.0, 6) for value in found.quantiles.values)
