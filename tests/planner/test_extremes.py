"""What a forecast must get right of numbers at the edge of what a float can hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.curve import Curve, FloatArray
from planner.errors import InvalidInputError
from planner.forecast import Forecast, ForecastQuery, forecast

TARGETS = (-1.7e308, -1e308, -1.0, -1e-300, 0.0, 1e-300, 1e-3, 1.0, 1e30, 1e308, 1.7e308)
SIZES = st.sampled_from([1e-300, 1e-31, 1e-12, 1e-3, 1.0, 1e12, 9e29, 1e31, 1e300])
RATES = st.sampled_from([0.0, 1e-300, 1e-4, 1.0, 1e300])


def falling(largest: float, exponent: float, noise: float, seed: int) -> FloatArray:
    """Return a noisy power law of 40 points that begins at ``largest``."""
    rng = np.random.default_rng(seed)
    return largest * np.arange(1.0, 41) ** -exponent * (1 + noise * rng.standard_normal(40))


LOSSES = st.lists(st.one_of(SIZES, SIZES.map(lambda size: -size)), min_size=8, max_size=40).map(np.array)
COURSES = st.builds(
    falling, SIZES, st.floats(0, 2), st.sampled_from([0.0, 1e-9, 0.01, 1.0]), st.integers(0, 9)
)


@st.composite
def queries(draw: st.DrawFn) -> ForecastQuery:
    """Draw a question whose numbers are finite, and as large and small as they can be."""
    losses = draw(st.one_of(LOSSES, COURSES, COURSES.map(np.negative)))
    first, stride = draw(st.sampled_from([(0.0, 1.0), (1.0, 2.5e10), (1e12 - 60, 1.0), (1e-300, 1e-9)]))
    steps = first + stride * np.arange(len(losses))
    steps = draw(st.sampled_from([steps, steps[::-1].copy(), np.full(len(losses), first)]))
    rates = draw(st.none() | st.lists(RATES, min_size=len(losses), max_size=len(losses)).map(np.array))
    return ForecastQuery(
        Curve(steps, losses, draw(st.sampled_from(["train", "val", None])), rates),
        lr_schedule=draw(st.none() | st.just(((0.0, 1e300), (1e6, 1e-300), (1e12, 0.0)))),
        total_steps=draw(st.sampled_from([None, 1, 100, 10**12])),
        at=(0.0, 1.0, 1e12, 1e308),
        targets=TARGETS,
    )


def numbers(answer: Forecast) -> list[float]:
    """Return every number of an answer that is given."""
    law = answer.law
    quantiles = [each.quantiles for each in answer.at] + [t.step_quantiles for t in answer.targets]
    quantiles += [law.floor, law.exponent, law.amplitude] if law is not None else []
    values = [value for each in quantiles if each is not None for value in each.values]
    return [t.probability for t in answer.targets] + [value for value in values if value is not None]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(queries())
def test_extreme_numbers_are_answered_or_refused(query: ForecastQuery) -> None:
    """Nothing warns, every number given is finite, and a higher target is never less likely."""
    answer = forecast(query)
    assert (answer.status == "refused") == (answer.reason is not None)
    assert np.isfinite(numbers(answer)).all()
    assert (np.diff([target.probability for target in answer.targets]) >= 0).all()


@pytest.mark.parametrize(("target", "probability"), [(-1e308, 0.0), (1e308, 1.0)])
def test_a_target_beyond_every_loss_is_certain(target: float, probability: float) -> None:
    """What no loss can be is never reached, and what every loss is below is reached for sure."""
    curve = Curve(np.arange(1.0, 41), falling(3.0, 0.5, 0.01, 0), "train")
    (found,) = forecast(ForecastQuery(curve, total_steps=100, targets=(target,))).targets
    assert probability == pytest.approx(found.probability, abs=1e-5)


def test_a_curve_that_never_falls_has_the_probabilities_of_a_step() -> None:
    """Where every quantile is the same loss, targets above it are certain and those below it are not."""
    curve = Curve(np.arange(1.0, 41), np.repeat([1e-25, 0.0], 20), "train")
    found = forecast(ForecastQuery(curve, total_steps=100, targets=(-1e308, 1e308))).targets
    assert [0.0, 1.0] == pytest.approx([each.probability for each in found], abs=1e-5)


def test_steps_all_but_equal_are_fitted() -> None:
    """A counter that begins at a million million and counts by one has a law, or none, but no error."""
    curve = Curve(1e12 + np.arange(40.0), falling(3.0, 0.5, 0.01, 0), "train")
    answer = forecast(ForecastQuery(curve, at=(1e12 + 60,)))
    assert "ok" == answer.status
    assert np.isfinite(numbers(answer)).all()


def test_a_total_no_float_can_hold_is_refused() -> None:
    """A number of steps beyond every float is refused by its name."""
    with pytest.raises(InvalidInputError, match="total_steps"):
        ForecastQuery(Curve(np.arange(3.0), np.ones(3)), total_steps=10**400)
