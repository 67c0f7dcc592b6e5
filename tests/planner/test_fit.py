"""The average over models is a probability distribution that sees what it is shown."""

import numpy as np
import pytest

from planner.curve import Curve, Kind, clean
from planner.fit import MOST_COMPONENTS, Fit, fit_series
from planner.schedule import schedule


def fitted(kind: Kind = "train") -> Fit:
    """Return the fit of a power law with a little noise."""
    x = np.arange(1.0, 401)
    losses = 2 + 5 * x**-0.5 + 0.01 * np.random.default_rng(0).standard_normal(400)
    series = clean(Curve(x, losses, kind))
    return fit_series(series, schedule(series.end, 800.0, None), kind)


@pytest.mark.parametrize("kind", ["train", "val", None])
def test_weights_add_up(kind: Kind) -> None:
    """The kept models' weights add up to one and none is negative."""
    weight = fitted(kind).components.weight
    assert len(weight) <= MOST_COMPONENTS
    assert weight.sum() == pytest.approx(1.0)
    assert (weight >= 0).all()


def test_prediction_passes_through_what_was_seen() -> None:
    """Within the data the heaviest models stand on the curve, and beyond they grow less sure."""
    fit = fitted()
    x = np.array([200.0, 400.0, 800.0])
    mean, deviation = fit.predict(x)
    losses = np.where(fit.is_logarithmic[:, None], np.exp(mean), mean)
    expected = fit.components.weight @ losses
    assert expected[:2] == pytest.approx(2 + 5 * x[:2] ** -0.5, abs=0.01)
    assert (deviation[:, 2] > deviation[:, 1]).all()
