"""One validation beside a dense training curve: where it will go, and how unsure that is."""

import numpy as np
import pytest

from planner import learned
from planner.curve import Curve, Kind
from planner.forecast import Forecast, ForecastQuery, forecast
from planner.reaching import reaching


def curve(steps: np.ndarray, level: float, kind: Kind) -> Curve:
    """Return a power law without noise above a level."""
    return Curve(steps, level + 5 * steps**-0.5, kind)


def answer(*, companion: Curve | None, seen: int = 1) -> Forecast:
    """Return the forecast of a validation curve of a few points, the last at step 400 of 1,600."""
    steps = np.linspace(400 / seen, 400, seen)
    return forecast(
        ForecastQuery(
            curve(steps, 2.5, "val"),
            companion=companion,
            total_steps=1600,
            at=(400, 1600),
            targets=(2.4, 2.74),
        )
    )


@pytest.mark.parametrize("seen", [1, 3])
def test_too_few_validations_are_told_from_the_training_curve(seen: int) -> None:
    """The refusal stays; a partial answer comes with it, which begins at the last validation."""
    found = answer(companion=curve(np.arange(1.0, 401), 2.0, "train"), seen=seen)
    here, end = (each.quantiles for each in found.at)
    truth = 2.5 + 5 * 1600**-0.5
    low, high = end.at(0.1), end.at(0.9)
    assert ("refused", "too_few_points", None) == (found.status, found.reason, found.law)
    assert here.at(0.5) == pytest.approx(2.75, rel=1e-3)
    assert low is not None
    assert high is not None
    assert low < truth < high
    assert found.targets[0].probability < reaching(np.array(0.1), **learned.REACHING)
    assert found.targets[1].probability > 0.9


def test_without_a_training_curve_nothing_is_told() -> None:
    """No companion, one of too few points and another validation curve leave the refusal bare."""
    steps = np.arange(1.0, 401)
    for companion in (None, curve(steps[:5], 2.0, "train"), curve(steps, 2.0, "val")):
        assert () == answer(companion=companion).at
