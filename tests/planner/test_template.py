"""A template helps where the runs are alike, and is silent where they are not."""

import numpy as np
import pytest

from planner.curve import Curve
from planner.forecast import ForecastQuery, fit_curve


def bent(n: int, seed: int, factor: float = 1.0) -> Curve:
    """Return a curve that a late decay bends down by 0.4, as no law of its beginning foretells."""
    x = np.arange(1.0, n + 1)
    losses = 2 + 5 * x**-0.4 - 0.4 * np.clip((x / n - 0.8) / 0.2, 0, 1)
    return Curve(x, factor * losses + 0.01 * np.random.default_rng(seed).standard_normal(n), "train")


def middle(total: int, like: Curve | None) -> float:
    """Return the median at the end, seen from half."""
    seen = bent(total, 1)
    half = Curve(seen.steps[: total // 2], seen.losses[: total // 2], "train")
    answer = fit_curve(ForecastQuery(half, like=like, total_steps=total)).at([total], (0.5,))
    value = answer[0].quantiles.at(0.5)
    assert value is not None
    return value


@pytest.mark.parametrize(("length", "factor"), [(1000, 1.0), (2000, 1.0), (1000, 1.3)])
def test_a_like_run_foretells_the_bend(length: int, factor: float) -> None:
    """An earlier run, also a longer or a higher one, moves the forecast most of the way to the truth."""
    truth = 2 + 5 * 1000**-0.4 - 0.4
    alone, with_template = middle(1000, None), middle(1000, bent(length, 2, factor))
    assert abs(with_template - truth) < 0.7 * abs(alone - truth)


def test_an_unlike_run_changes_nothing() -> None:
    """A run that rises, or one on another scale, is no template."""
    x = np.arange(1.0, 1001)
    for losses in (np.sqrt(x), 1000 / x):
        assert middle(1000, None) == middle(1000, Curve(x, losses, "train"))
