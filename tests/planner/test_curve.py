"""Cleaning: resumes, restarts, non-finite losses, spikes, length."""

import numpy as np
import pytest

from planner.curve import LONGEST_SERIES, Curve, clean, clip_spikes, lift_of, newest_rows
from planner.errors import InvalidInputError


def curve(steps: list[float], losses: list[float]) -> Curve:
    """Return a curve of plain lists."""
    return Curve(np.array(steps, dtype=float), np.array(losses, dtype=float))


def test_newest_attempt_wins_after_a_resume() -> None:
    """After a step back the rows from there on replace the older ones, repeated or not."""
    resumed = curve([10, 20, 30, 40, 20, 30], [5, 4, 3, 2, 3.5, 2.9])
    assert [0, 4, 5] == newest_rows(resumed).tolist()


def test_repeated_step_keeps_the_last_row() -> None:
    """Of equal steps in a row the last reported counts."""
    assert [0, 2, 3] == newest_rows(curve([1, 2, 2, 3], [4, 3, 2.9, 2])).tolist()


def test_restart_from_the_beginning_keeps_the_longest_run() -> None:
    """A log to which a new run was appended is read as its longest run, not as a resume."""
    steps = [*range(1, 101), *range(1, 21)]
    assert list(range(100)) == newest_rows(curve(steps, [1.0] * 120)).tolist()


def test_losses_that_are_not_finite_are_dropped() -> None:
    """NaN, inf and overflow leave the series."""
    cleaned = clean(curve([1, 2, 3, 4, 5], [3, np.nan, np.inf, 1e35, 2]))
    assert ([1.0, 5.0], [3.0, 2.0]) == (cleaned.x.tolist(), cleaned.y.tolist())


def test_epochs_counted_from_zero_lose_no_point() -> None:
    """A log of epochs 0, 1, 2, … is read on a clock that starts at 1."""
    cleaned = clean(curve([0, 1, 2, 3], [4, 3, 2, 1]))
    assert (1.0, [1.0, 2.0, 3.0, 4.0]) == (cleaned.offset, cleaned.x.tolist())


def test_spikes_are_clipped_to_the_running_median() -> None:
    """A spike of a thousand deviations is clipped, its neighbours are not touched."""
    losses = 2 + 0.01 * np.random.default_rng(0).standard_normal(50)
    spiked = losses.copy()
    spiked[25] = 100.0
    clipped = clip_spikes(spiked)
    assert clipped[25] < 2.2
    assert np.allclose(np.delete(losses, 25), np.delete(clipped, 25))


def test_long_series_become_block_means_that_keep_the_mean() -> None:
    """A million points are a few thousand blocks whose counts and means add up."""
    steps = np.arange(1.0, 1_000_001)
    cleaned = clean(Curve(steps, 3 - steps * 1e-6))
    assert len(cleaned.x) <= LONGEST_SERIES
    assert cleaned.counts.sum() == pytest.approx(1e6, rel=1e-3)
    assert np.average(cleaned.y, weights=cleaned.counts) == pytest.approx(2.5, rel=1e-3)


@pytest.mark.parametrize("step", [-1.0, float("nan"), float("inf")])
def test_a_step_that_is_none_is_refused_with_its_place(step: float) -> None:
    """The error names the row."""
    with pytest.raises(InvalidInputError, match="/steps/1"):
        curve([1, step], [2, 1])


def test_columns_of_different_length_are_refused() -> None:
    """Losses must be one a step."""
    with pytest.raises(InvalidInputError, match="/losses"):
        curve([1, 2], [2])


def test_whole_numbers_are_read_as_numbers() -> None:
    """Integer columns give the series that the same floats give."""
    steps, losses = np.arange(1, 21), np.arange(40, 20, -1)
    whole, real = clean(Curve(steps, losses)), clean(Curve(steps.astype(float), losses.astype(float)))
    assert (whole.x.tolist(), whole.y.tolist()) == (real.x.tolist(), real.y.tolist())
    assert np.float64 == whole.y.dtype


def test_positive_losses_are_not_lifted() -> None:
    """A curve above zero is fitted as it is."""
    assert lift_of(clean(curve([1, 2, 3], [3.0, 2.0, 1.0]))) == 0.0


@pytest.mark.parametrize("shift", [0.0, -7.5, -1e6])
def test_a_lift_does_not_depend_on_where_zero_is(shift: float) -> None:
    """Curves that differ by a constant are lifted to the same place, their own range above zero."""
    steps = list(range(1, 101))
    losses = [shift - step for step in steps]
    lifted = clean(curve(steps, losses)).y + lift_of(clean(curve(steps, losses)))
    assert lifted.min() == pytest.approx(92.0, rel=0.02)
    assert np.ptp(lifted) == pytest.approx(99.0)
