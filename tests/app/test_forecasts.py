"""A run's curves, fitted when they have grown."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.forecasts import answer, band, fit_run
from app.snapshot import Snapshot
from app.store.facts import Attempt, Run, StepBlocks, Validation

PLAN = {"total_steps": 400}


def _snapshot(steps: int, validations: int = 0, **plan: Any) -> Snapshot:
    at = np.arange(1, steps + 1)
    ones, loss, took = np.ones(steps, dtype=np.int64), 0.3 + 3.0 * at**-0.5, np.full(steps, 40.0)
    run = Run("r", "r", "ada", 0.0, {**PLAN, **plan}, 1, 0.0, None, None, None, {})
    return Snapshot(
        run=run,
        attempts=[Attempt("a", 0.0, None, 1, steps, steps, 0.0)],
        job=None,
        job_seen_at=None,
        blocks=StepBlocks(at, at, ones, ones, ones, *[loss] * 4, ones, *[took] * 4, took, took * np.nan),
        validations=[
            Validation("a", 10 * n, 0.0, 1.0, 0.4 + 3.0 * (10 * n) ** -0.5, {})
            for n in range(1, validations + 1)
        ],
        checkpoints=[],
        span_seconds={},
        startups=[],
        progress=None,
        audit=None,
        warnings=[],
        commands=[],
    )


def test_fit_follows_the_known_truth() -> None:
    """Both curves of a run are fitted, and their forecasts follow the law they were made by."""
    fits = fit_run(_snapshot(100, validations=10), None, None)
    for fitted, truth in ((fits.train, 0.45), (fits.val, 0.55)):
        found = answer(fitted, 400, target=truth + 0.1)
        assert pytest.approx(truth, rel=0.1) == found.at[0].quantiles.at(0.5)
        assert found.targets[0].probability > 0.8


def test_no_curve_no_forecast() -> None:
    """A run without validations has no validation forecast: none, not a refused one."""
    fits = fit_run(_snapshot(100), None, None)
    assert (None, None, ()) == (fits.val, answer(fits.val, 400, None), band(fits.val, 100, 400))


def test_refusal_keeps_its_reason() -> None:
    """A curve too short for a forecast says so, and has no band."""
    fits = fit_run(_snapshot(3), None, None)
    found = answer(fits.train, 400, None)
    assert ("refused", "too_few_points", ()) == (found.status, found.reason, band(fits.train, 3, 400))


def test_a_refused_curve_keeps_its_partial_answer() -> None:
    """Two validations beside a training curve are refused, yet what training suggests is told; no band is."""
    fits = fit_run(_snapshot(100, validations=2), None, None)
    found = answer(fits.val, 400, target=0.6)
    assert ("refused", "too_few_points", ()) == (found.status, found.reason, band(fits.val, 100, 400))
    assert 0.4 < found.at[0].quantiles.at(0.5) < 0.83
    assert 0 <= found.targets[0].probability <= 1


@pytest.mark.parametrize(
    ("newer", "is_kept"),
    [
        (_snapshot(1000), True),
        (_snapshot(1009), True),
        (_snapshot(1011), False),
        (_snapshot(900), False),
        (_snapshot(1000, validations=1), False),
        (_snapshot(1000, total_steps=500), False),
        (_snapshot(1000, lr_schedule=[[0, 1e-3], [400, 0.0]]), False),
    ],
)
def test_fit_is_kept_while_it_serves(newer: Snapshot, is_kept: bool) -> None:
    """A fit is made again for a hundredth more records, a validation, a step back, or another plan."""
    before = fit_run(_snapshot(1000), None, None)
    assert is_kept == (fit_run(newer, None, before) is before)


def test_band_runs_from_here_to_the_end() -> None:
    """The band spans what is ahead, in few points, and its quantiles are in order."""
    points = band(fit_run(_snapshot(100), None, None).train, 100, 400)
    assert (100.0, 400.0, True) == (points[0].step, points[-1].step, len(points) <= 60)
    assert all(list(point.quantiles.values) == sorted(point.quantiles.values) for point in points)


def test_an_earlier_run_may_lend_its_curve() -> None:
    """A fit may be made in the light of an earlier run, and is made anew when that is another."""
    earlier = _snapshot(400, validations=40)
    other = replace(earlier, run=replace(earlier.run, id="other"))
    before = fit_run(_snapshot(100, validations=5), earlier, None)
    assert before.val.reason is None
    assert before is fit_run(_snapshot(100, validations=5), earlier, before)
    assert before is not fit_run(_snapshot(100, validations=5), other, before)
