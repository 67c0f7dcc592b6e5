"""What a forecast must get right whatever the data: refusals, order, consistency."""

from typing import Any

import numpy as np
import pytest

from planner import learned
from planner.best import Best
from planner.curve import Curve, Kind
from planner.errors import InvalidInputError
from planner.forecast import ForecastQuery, fit_curve, forecast
from planner.reaching import reaching


def power_curve(n: int = 500, kind: Kind = "train", seed: int = 0) -> Curve:
    """Return 2 + 5 / sqrt(step) with 2 % noise."""
    x = np.arange(1.0, n + 1)
    noise = 1 + 0.02 * np.random.default_rng(seed).standard_normal(n)
    return Curve(x, (2 + 5 * x**-0.5) * noise, kind)


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


def test_a_rising_curve_is_refused_with_a_partial_answer() -> None:
    """What does not converge is refused, but the level to be expected is told."""
    curve = Curve(np.arange(1.0, 41), np.linspace(1.0, 2.0, 40), "train")
    answer = forecast(ForecastQuery(curve, total_steps=50, at=(50,), targets=(0.5,)))
    low = answer.at[0].quantiles.at(0.05)
    assert ("refused", "not_converging") == (answer.status, answer.reason)
    assert low is not None
    assert low > 1.2


@pytest.mark.parametrize(("kind", "enough"), [("train", 8), ("val", 4)])
def test_enough_points_are_answered(kind: Kind, enough: int) -> None:
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
def test_contradictory_queries_raise(query: dict[str, Any]) -> None:
    """A number out of its range is refused with its pointer."""
    with pytest.raises(InvalidInputError):
        ForecastQuery(power_curve(), **query)


def test_overfitting_is_said() -> None:
    """A validation curve that has turned up carries the warning, alone or beside its training curve."""
    x = np.arange(1.0, 21)
    val = Curve(x * 50, 1 + 1 / x + 0.02 * np.maximum(x - 8, 0), "val")
    alone = forecast(ForecastQuery(val, total_steps=2000))
    beside = forecast(ForecastQuery(power_curve(), companion=val, total_steps=2000))
    assert (("overfitting",), ("overfitting",)) == (alone.warnings, beside.warnings)
    assert "ok" == alone.status
    assert Best(400.0, float(val.losses[7])) == alone.best


@pytest.mark.parametrize(
    ("losses", "best"),
    [([5.0, 4.0, 3.0, 2.5, 2.2, 2.1, 2.0, np.nan, np.nan, np.nan], Best(7.0, 2.0)), ([np.nan] * 12, None)],
)
def test_a_refused_curve_keeps_its_best(losses: list[float], best: Best | None) -> None:
    """Of a curve that diverged the best so far is told; where nothing was finite there is none."""
    curve = Curve(np.arange(1.0, len(losses) + 1), np.array(losses), "train")
    answer = forecast(ForecastQuery(curve, total_steps=100))
    assert ("refused", best) == (answer.status, answer.best)


@pytest.mark.parametrize(("floor", "amplitude", "exponent"), [(2, 5, 0.5), (0.3, 2, 0.7), (2.5, 10, 1.0)])
def test_a_pure_power_law_is_followed(floor: float, amplitude: float, exponent: float) -> None:
    """From half of a power law with 2 % noise the end is within 0.5 %, the exponent in its interval."""
    x = np.arange(1.0, 5001)
    noise = 1 + 0.02 * np.random.default_rng(3).standard_normal(len(x))
    curve = Curve(x, (floor + amplitude * x**-exponent) * noise, "train")
    answer = forecast(ForecastQuery(curve, total_steps=10_000, at=(10_000,)))
    assert answer.law is not None
    low, high = answer.law.exponent.at(0.05), answer.law.exponent.at(0.95)
    assert low is not None
    assert high is not None
    assert low <= exponent <= high
    truth = floor + amplitude * 10_000**-exponent
    assert answer.at[0].quantiles.at(0.5) == pytest.approx(truth, rel=0.005)


@pytest.mark.parametrize("cut", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("total", [500, 2000, 10_000])
def test_a_planned_decay_is_expected_before_it_begins(total: int, cut: float) -> None:
    """A warm-up, stable, decay schedule known beforehand puts the drop inside the 80 % interval."""
    x = np.arange(1.0, total + 1)
    lr = np.minimum(x / (0.02 * total), 1) * np.clip((total - x) / (0.2 * total), 0, 1)
    truth = 2 + 6 * np.cumsum(lr) ** -0.4 - 0.25 * (1 - lr) * (x > 0.1 * total)
    losses = truth * (1 + 0.01 * np.random.default_rng(0).standard_normal(total))
    seen = int(cut * total)
    plan = tuple(zip(x.tolist(), lr.tolist(), strict=True))
    curve = Curve(x[:seen], losses[:seen], "train", lr[:seen])
    answer = forecast(ForecastQuery(curve, lr_schedule=plan, total_steps=total, at=(total,)))
    low, high = (answer.at[0].quantiles.at(level) for level in (0.1, 0.9))
    assert low is not None
    assert high is not None
    assert low <= truth[-1] <= high


@pytest.mark.parametrize("kind", ["train", "val"])
@pytest.mark.parametrize("decay", [0.05, 0.1])
def test_a_plateau_is_not_overshot(kind: Kind, decay: float) -> None:
    """A curve that decayed exponentially to 1 is expected to stay there."""
    x = np.arange(1.0, 301)
    noise = 1 + 0.005 * np.random.default_rng(0).standard_normal(300)
    curve = Curve(x, (1 + 3 * np.exp(-x / (300 * decay))) * noise, kind)
    answer = forecast(ForecastQuery(curve, total_steps=600, at=(600,)))
    assert answer.at[0].quantiles.at(0.5) == pytest.approx(1.0, abs=0.01)


HOSTILE = {
    "overflow": np.geomspace(1e300, 1e280, 50),
    "huge": np.geomspace(1e29, 1e25, 50),
    "tiny": np.geomspace(1e-20, 1e-28, 50),
    "negative": -np.sqrt(np.arange(1.0, 51)),
    "both signs": np.cos(np.arange(50.0)),
    "two values": np.repeat([2.0, 1.0], 25),
    "to zero": np.append(np.exp(-np.arange(25.0)), np.zeros(25)),
    "one spike": np.where(np.arange(50) == 30, 1e20, 3.0 - 0.01 * np.arange(50)),
    "heavy tails": np.random.default_rng(0).standard_cauchy(50),
    "every third missing": np.where(np.arange(50) % 3 == 0, np.nan, 5 - 0.05 * np.arange(50)),
}


@pytest.mark.parametrize("kind", ["train", "val", None])
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("steps", [np.arange(50.0), np.floor(np.arange(50) / 3), np.geomspace(1, 1e15, 50)])
def test_hostile_curves_are_answered_or_refused(kind: Kind, name: str, steps: np.ndarray) -> None:
    """Nothing crashes or warns, and every quantile that is given is finite and in order."""
    query = ForecastQuery(
        Curve(steps, HOSTILE[name], kind, np.zeros(50)),
        lr_schedule=((0.0, 0.0), (100.0, 0.0)),
        total_steps=100,
        at=(0, 1, 49, 60, 1e9),
        targets=(-1e30, 0.0, 1.0, 1e30),
    )
    answer = forecast(query)
    assert (answer.status == "refused") == (answer.reason is not None)
    for values in (each.quantiles.values for each in answer.at):
        assert np.isfinite(np.array(values, dtype=float)).all()
        assert (np.diff(np.array(values, dtype=float)) >= 0).all()
    assert all(0 <= target.probability <= 1 for target in answer.targets)


def test_block_means_forecast_as_their_records_do() -> None:
    """Means of twenty records with their counts give nearly the forecast of the records."""
    curve = power_curve(2000)
    means = [column.reshape(-1, 20).mean(axis=1) for column in (curve.steps, curve.losses)]
    blocks = Curve(means[0], means[1], "train", counts=np.full(100, 20.0))
    answers = [forecast(ForecastQuery(each, total_steps=4000, at=(4000,))).at[0] for each in (curve, blocks)]
    assert answers[0].quantiles.at(0.5) == pytest.approx(answers[1].quantiles.at(0.5), rel=0.02)


def test_one_fit_answers_like_many() -> None:
    """Steps and levels asked together or apart get the same numbers."""
    fitted = fit_curve(ForecastQuery(power_curve(), total_steps=1000))
    together = fitted.at([600, 800, 1000], (0.1, 0.5, 0.9))
    apart = [fitted.at([step], (0.1, 0.5, 0.9))[0] for step in (600, 800, 1000)]
    assert [each.quantiles.values for each in together] == [
        pytest.approx(each.quantiles.values, rel=1e-9) for each in apart
    ]


def test_probability_agrees_with_the_quantiles_at_the_end() -> None:
    """A target at a quantile of the last step is reached as often as a curve's lowest point is that low."""
    fitted = fit_curve(ForecastQuery(power_curve(), total_steps=1000))
    at_end = fitted.at([1000], (0.1, 0.5, 0.9))[0].quantiles.values
    losses = [value for value in at_end if value is not None]
    found = [target.probability for target in fitted.targets(losses)]
    asked = reaching(np.array([0.1, 0.5, 0.9]), **learned.REACHING)
    assert all(level <= p + 1e-6 for level, p in zip(asked, found, strict=True))
    assert all(p <= level + 0.12 for level, p in zip(asked, found, strict=True))


def test_losses_below_zero_are_forecast_wherever_zero_is() -> None:
    """Curves below zero that differ by a constant have quantiles, floors and targets that differ by it."""
    curve = power_curve()
    answers = []
    for shift in (10.0, 1000.0):
        lowered = Curve(curve.steps, curve.losses - shift, "train")
        query = ForecastQuery(lowered, total_steps=1000, at=(1000,), targets=(2.2 - shift,))
        answers.append(forecast(query))
    near, far = answers
    assert near.law is not None
    assert far.law is not None
    assert near.at[0].quantiles.values == pytest.approx([v + 990 for v in far.at[0].quantiles.values])
    assert near.law.floor.values == pytest.approx([v + 990 for v in far.law.floor.values])
    assert near.targets[0].probability == pytest.approx(far.targets[0].probability)
    assert near.at[0].quantiles.at(0.5) == pytest.approx(2 + 5 * 1000**-0.5 - 10, abs=0.05)
