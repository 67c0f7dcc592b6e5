"""How right ETAs were, against truths that are known."""

import math

import numpy as np
import pytest

from planner.hindsight import Said, hindsight
from planner.quantiles import DEFAULT_LEVELS, Quantiles


def _said(progress: float, median: float | None, truth: float, spread: float = 10.0) -> Said:
    """Return an ETA whose quantiles are ``spread`` seconds apart around its median."""
    offsets = [(index - 3) * spread for index in range(7)]
    values = tuple(None if median is None else median + offset for offset in offsets)
    return Said(progress, Quantiles(DEFAULT_LEVELS, values), truth)


def test_nothing_said_is_no_calibration() -> None:
    """Without a run, without an ETA, and with ETAs at the very end only, there is nothing to say."""
    assert (None, None, None) == (hindsight([]), hindsight([[]]), hindsight([[_said(1.0, 0.0, 0.0)]]))


def test_coverage_and_error_by_hand() -> None:
    """Of two ETAs one holds its 80 % interval; the median error is that of the smaller, then the larger."""
    found = hindsight([[_said(0.05, 100.0, 110.0)], [_said(0.6, 100.0, 200.0)]])
    assert found is not None
    assert (2, 2, 0.5) == (found.overall.runs, found.overall.count, found.overall.covered)
    assert math.isclose(10 / 110, found.overall.median_relative_error or 0.0)
    by_low = {one.low: one for one in found.by_progress}
    assert (1.0, 0.0) == (by_low[0.0].covered, by_low[0.5].covered)
    assert 0.5 == by_low[0.5].median_relative_error
    assert (0, None, None) == (by_low[0.1].count, by_low[0.1].covered, by_low[0.1].median_relative_error)


def test_each_run_counts_the_same() -> None:
    """A run of which a hundred ETAs are kept weighs as much as one with a single one."""
    right, wrong = [_said(0.3, 100.0, 100.0)] * 100, [_said(0.3, 100.0, 300.0)]
    found = hindsight([right, wrong])
    assert found is not None
    assert (0.5, 101) == (found.overall.covered, found.overall.count)


def test_progress_bins_hold_everything_once() -> None:
    """Every ETA falls into one bin, those on an edge and at the end too."""
    runs = [[_said(share, 100.0, 100.0) for share in (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1.0)]]
    found = hindsight(runs)
    assert found is not None
    assert [1, 1, 1, 1, 1, 3] == [one.count for one in found.by_progress]


@pytest.mark.parametrize("stretch", [1.0, 3.0])
def test_levels_of_a_known_distribution(stretch: float) -> None:
    """Quantiles of the very distribution the truth is drawn from are met; too narrow ones are not."""
    rng = np.random.default_rng(5)
    values = tuple(np.quantile(np.exp(rng.normal(0.0, 1.0, 200_000)), DEFAULT_LEVELS).tolist())
    truths = np.exp(stretch * rng.normal(0.0, 1.0, 4_000))
    found = hindsight([[Said(0.5, Quantiles(DEFAULT_LEVELS, values), float(truth))] for truth in truths])
    assert found is not None
    farthest = max(abs(one.observed - one.level) for one in found.levels)
    assert (farthest < 0.03, farthest > 0.1) == ((True, False) if stretch == 1.0 else (False, True))


def test_an_eta_of_never() -> None:
    """Where the median was "never" the error is unknown, and the truth is below that quantile."""
    found = hindsight([[_said(0.5, None, 100.0)]])
    assert found is not None
    assert (None, 0.0) == (found.overall.median_relative_error, found.overall.covered)
    assert {1.0} == {one.observed for one in found.levels}
