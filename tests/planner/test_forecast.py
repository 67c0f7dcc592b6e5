"""What a forecast must get right whatever the data: refusals, order, consistency."""

import numpy as np
import pytest

from planner.curve import Curve
from planner.errors import InvalidInputError
from planner.forecast import ForecastQuery, fit_curve, forecast


def power_curve(n: int = 500, kind: str = "train", seed: int = 0) -> Curve:
    """Return 2 + 5 / sqrt(step) with 2 % noise."""
    x = np.arange(1.0, n + 1)
    noise = 1 + 0.02 * np.random.default_rng(seed).standard_normal(n)
    return Curve(x, (2 + 5 * x**-0.5) * noise, kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("losses", "reason"),
    [
        ([5.0, 4.0, 3.0, 2.5, 2.2, 2.1, 2.0], "too_few_points"),
        ([5.0, 4.0, 3.0, 2.5, 2.2, 2.1, 2.0, np.nan, np.nan, np.nan], "diverged"),
        ([5.0, 4.0, 3.0, 2.5, 2.2, 2.1, 2.0, 1.9, 1.8, np.inf, np.inf, np.inf], "diverged"),
        ([5.0, 4.0, 3.0, 2.5, 2.2, 2.1, 2.0, 1.9, 1.8, 30.0, 300.0, 3000.0], "diverged"),
        ([np.nan] * 12, "not_finite"),
        ([3.0] * 12, "constant"),
        (list(np.linspace(1.0, 2.0, 40)), "not_converging"),
    ],
)
def test_refusal_names_its_reason(losses: list[float], reason: str) -> None:
    """A curve that cannot be forecast is refused with the reason."""
    curve = Curve(np.arange(1.0, len(losses) + 1), np.array(losses), "train")
    answer = forecast(ForecastQuery(curve, total_steps=100, at=(100,), targets=(1.0,)))
    assert ("refused", reason) == (answer.status, answer.reason)


@pytest.mark.parametrize(("kind", "enough"), [("train", 8), ("val", 4)])
def test_enough_points_are_answered(kind: str, enough: int) -> None:
    """Eight training points or four validation points are enough, one less is not."""
    few, many = power_curve(enough - 1, kind), power_curve(enough, kind)
    assert "refused" == forecast(ForecastQuery(few, total_steps=20)).status
    assert "ok" == forecast(ForecastQuery(many, total_steps=20)).status


def test_quantiles_never_cross() -> None:
    """At every step the quantiles are finite and do not decrease with the level."""
    levels = tuple(np.linspace(0.01, 0.99, 21))
    fitted = fit_curve(ForecastQuery(power_curve(), total_steps=1000))
    values = np.array([each.quantiles.values for each in fitted.at([0, 1, 100, 500, 999, 5000], levels)])
    assert np.isfinite(values).all()
    assert (np.diff(values, axis=1) >= 0).all()


def test_probability_is_monotone_in_target_and_time() -> None:
    """A lower target is never likelier, and more steps never make one less likely."""
    curve = power_curve()
    losses = np.linspace(2.4, 1.8, 25)
    short = [t.probability for t in fit_curve(ForecastQuery(curve, total_steps=800)).targets(losses)]
    assert (np.diff(short) <= 0).all()
    assert short[0] > 0.99
    assert short[-1] < 0.05


def test_step_quantiles_end_where_the_probability_does() -> None:
    """A quantile of the step is null exactly where its level exceeds the probability."""
    targets = fit_curve(ForecastQuery(power_curve(), total_steps=1000)).targets([2.3, 2.15, 2.1, 1.5])
    for target in targets:
        assert target.step_quantiles is not None
        pairs = zip(target.step_quantiles.levels, target.step_quantiles.values, strict=True)
        assert all((value is None) == (level > target.probability) for level, value in pairs)


@pytest.mark.parametrize(
    "query",
    [
        {"total_steps": 0},
        {"at": (-1.0,)},
        {"targets": (float("nan"),)},
        {"levels": (0.5, 0.1)},
        {"levels": (0.0, 0.5)},
    ],
)
def test_contradictory_queries_raise(query: dict[str, object]) -> None:
    """A number out of its range is refused with its pointer."""
    with pytest.raises(InvalidInputError):
        ForecastQuery(power_curve(), **query)  # type: ignore[arg-type]


def test_overfitting_is_said() -> None:
    """A validation curve that has turned up carries the warning, alone or beside its training curve."""
    x = np.arange(1.0, 21)
    val = Curve(x * 50, 1 + 1 / x + 0.02 * np.maximum(x - 8, 0), "val")
    alone = forecast(ForecastQuery(val, total_steps=2000))
    beside = forecast(ForecastQuery(power_curve(), companion=val, total_steps=2000))
    assert (("overfitting",), ("overfitting",)) == (alone.warnings, beside.warnings)
