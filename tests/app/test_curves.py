"""From records to curves, and from a fit to a scenario's curve."""

import numpy as np
import pytest

from app.curves import (
    LATENT_LEVELS,
    event_timings,
    latent_curve,
    lowest,
    step_timings,
    training_curve,
    validation_curve,
)
from app.store.facts import StepBlocks, Validation
from planner.curve import Curve
from planner.forecast import ForecastQuery, fit_curve
from planner.loss_path import LatentCurve, RefusedCurve


def _blocks(losses: list[float], seconds: list[float], width: int = 2) -> StepBlocks:
    count = len(losses)
    first = 1 + width * np.arange(count)
    loss, took = np.array(losses), np.array(seconds)
    counts, finite = np.full(count, width), np.where(np.isfinite(loss), width, 0)
    timed = np.where(np.isfinite(took), width, 0)
    return StepBlocks(
        first,
        first + width - 1,
        counts,
        counts,
        finite,
        loss,
        loss,
        loss,
        loss,
        timed,
        *[took] * 4,
        took,
        loss,
    )


def test_a_block_stands_at_its_middle() -> None:
    """Block means become points at the middle of their steps, with the records behind them."""
    curve = training_curve(_blocks([3.0, np.nan, 1.0], [1.0] * 3), until=6)
    assert ([1.5, 3.5, 5.5], [2.0, 0.0, 2.0], "train") == (
        curve.steps.tolist(), curve.counts.tolist(), curve.kind,
    )  # fmt: skip


def test_curves_end_where_the_run_is() -> None:
    """What an earlier attempt reported beyond where the run is now belongs to no curve."""
    blocks = _blocks([3.0, 2.0, 1.0], [1.0, np.nan, 1.0])
    validations = [
        Validation("a", step, 0.0, 1.0, loss, {}) for step, loss in ((2, 2.0), (4, None), (6, 1.0))
    ]
    assert ([1.5, 3.5], [2.0], [2.0]) == (
        training_curve(blocks, until=4).steps.tolist(),
        validation_curve(validations, until=4).steps.tolist(),
        step_timings(blocks, until=4).step.tolist(),
    )


def test_unknown_durations_are_nan() -> None:
    """An event whose duration is unknown was seen nonetheless."""
    timings = event_timings([(25, 10.0), (50, None)])
    assert (frozenset({25, 50}), True) == (timings.seen, bool(np.isnan(timings.seconds[1])))
    assert frozenset() == event_timings([]).seen


def test_lowest_is_finite() -> None:
    """The lowest loss is a number, and there is none in a curve without numbers."""
    steps = np.arange(3.0)
    assert 1.0 == lowest(Curve(steps, np.array([np.nan, 1.0, 2.0])))
    assert None is lowest(Curve(steps, np.full(3, np.inf)))


def test_latent_curve_spans_what_is_asked() -> None:
    """A scenario's curve runs between its two steps, falls with rank and follows the known truth."""
    steps = np.arange(1.0, 101.0)
    fitted = fit_curve(ForecastQuery(Curve(steps, 0.3 + 3.0 * steps**-0.5, "train"), total_steps=400))
    curve = latent_curve(fitted, 100, 400, 0.6)
    assert isinstance(curve, LatentCurve)
    assert (100.0, 400.0, 0.6) == (curve.steps[0], curve.steps[-1], curve.lowest_seen)
    columns = np.array(curve.losses)
    assert np.all(np.diff(columns, axis=0) >= 0)
    assert pytest.approx(0.3 + 3.0 / 20.0, rel=0.1) == columns[LATENT_LEVELS.index(0.5), -1]


def test_a_latent_curve_is_made_once() -> None:
    """A what-if asks for the same curve again and again; another fit, or another end, is another curve."""
    steps = np.arange(1.0, 101.0)
    query = ForecastQuery(Curve(steps, 1 + 3 / steps**0.5, "train"), total_steps=200)
    one, other = fit_curve(query), fit_curve(query)
    assert latent_curve(one, 1, 200) is latent_curve(one, 1, 200)
    assert latent_curve(one, 1, 200) is not latent_curve(other, 1, 200)
    assert latent_curve(one, 1, 200) != latent_curve(one, 1, 300)


def test_refused_fit_is_a_refused_curve() -> None:
    """Why a curve cannot be forecast is kept."""
    fitted = fit_curve(ForecastQuery(Curve(np.arange(1.0, 3.0), np.array([2.0, 1.0]), "train")))
    assert RefusedCurve("too_few_points") == latent_curve(fitted, 1, 10)
