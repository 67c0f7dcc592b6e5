"""When early stopping ends a run sooner than its steps do."""

from dataclasses import replace

import numpy as np
import pytest

from planner.early_stopping import EarlyStop, early_stop
from planner.eta import EtaQuery, eta
from planner.loss_path import LatentCurve, RefusedCurve
from planner.plan import Plan
from planner.stop_rule import EarlyStopping
from planner.timings import Timings

PLAN = Plan(total_steps=1000, validate_every=100, early_stopping=EarlyStopping(patience=3))
QUERY = EtaQuery(
    300,
    PLAN,
    steps=Timings(np.arange(1.0, 301), np.full(300, 10.0)),
    validations=Timings(np.array([100.0, 200.0, 300.0]), np.full(3, 50.0)),
)
SEEN = np.array([0.9, 0.7, 0.5])
KNOTS = (300.0, 400.0, 1000.0)


def curve(losses: tuple[float, ...], spread: float = 0.0) -> LatentCurve:
    """Return an expected loss at the knots, its outer ranks so far apart."""
    rows = tuple(tuple(loss * (1 + side * spread) for loss in losses) for side in (-1, 0, 1))
    return LatentCurve(KNOTS, (0.05, 0.5, 0.95), rows)


def stop(losses: tuple[float, ...], query: EtaQuery = QUERY, seen: np.ndarray = SEEN) -> EarlyStop:
    """Return what early stopping does."""
    found = early_stop(query, seen, curve(losses))
    assert found is not None
    return found


def test_a_curve_that_rises_for_good_ends_the_run_after_the_patience() -> None:
    """Nothing beats the best value, so the third validation from now ends the run, in every draw."""
    found = stop((0.6, 0.7, 0.9))
    assert (0, 0.5, 600) == (found.waited, found.best, found.earliest_step)
    assert found.probability == 1.0
    assert found.step is not None
    assert {600.0} == set(found.step.values)


def test_the_time_left_is_that_of_the_step_it_ends_at() -> None:
    """300 steps of 10 s and three validations of 50 s: 3,150 s."""
    found = stop((0.6, 0.7, 0.9))
    assert found.remaining_seconds is not None
    assert found.remaining_seconds.at(0.5) == pytest.approx(3150, rel=0.01)


def test_a_curve_that_falls_on_never_ends_early() -> None:
    """Each validation beats the one before by far more than their scatter: the run ends by its steps."""
    found = stop((0.45, 0.4, 0.05))
    assert found.probability == 0.0
    assert found.step is not None
    assert {None} == set(found.step.values)
    whole = eta(QUERY).remaining_seconds
    assert found.remaining_seconds is not None
    assert whole is not None
    assert found.remaining_seconds.at(0.5) == pytest.approx(whole.at(0.5), rel=0.01)


def test_a_wait_that_has_begun_counts() -> None:
    """Two validations without an improvement leave one."""
    found = stop((0.6, 0.7, 0.9), seen=np.array([0.5, 0.6, 0.6]))
    assert (2, 400) == (found.waited, found.earliest_step)
    assert found.step is not None
    assert {400.0} == set(found.step.values)


def test_a_stop_at_the_very_end_is_none() -> None:
    """With patience for all that is left the rule can change nothing."""
    plan = replace(PLAN, early_stopping=EarlyStopping(patience=7))
    assert stop((0.6, 0.7, 0.9), replace(QUERY, plan=plan)).probability == 0.0


def test_patience_beyond_what_is_due_has_no_earliest_step() -> None:
    """Where fewer validations are due than it would take, no step is named."""
    plan = replace(PLAN, early_stopping=EarlyStopping(patience=30))
    assert stop((0.6, 0.7, 0.9), replace(QUERY, plan=plan)).earliest_step is None


def test_an_uncertain_curve_gives_a_probability_between() -> None:
    """Where the band spans falling and rising, some draws stop and some do not."""
    found = early_stop(QUERY, SEEN, curve((0.5, 0.45, 0.4), spread=0.5))
    assert found is not None
    assert found.probability is not None
    assert 0.1 < found.probability < 0.9


def test_a_least_difference_makes_stopping_likelier() -> None:
    """What improves by less than asked is no improvement."""
    plan = replace(PLAN, early_stopping=EarlyStopping(patience=3, min_delta=0.2))
    assert stop((0.49, 0.47, 0.4), replace(QUERY, plan=plan)).probability == 1.0


def test_scatter_of_the_validations_is_in_it() -> None:
    """Where validations were seen to scatter as much as the curve still falls, some draws stop by chance."""
    noisy = np.array([0.9, 0.55, 0.8, 0.5, 0.75, 0.5])
    query = replace(QUERY, validations=Timings(np.arange(50.0, 301, 50), np.full(6, 50.0)))
    found = stop((0.6, 0.55, 0.3), query, noisy)
    assert found.probability is not None
    assert 0.05 < found.probability < 1.0


@pytest.mark.parametrize(
    ("query", "seen", "expected"),
    [
        (QUERY, np.empty(0), "no_losses"),
        (QUERY, np.array([np.nan]), "no_losses"),
        (replace(QUERY, plan=replace(PLAN, validate_every="never")), SEEN, "no_validations_due"),
        (
            replace(QUERY, plan=replace(PLAN, early_stopping=EarlyStopping(3, monitor="acc", mode="max"))),
            SEEN,
            "not_the_loss",
        ),
    ],
)
def test_what_cannot_be_told_says_why(query: EtaQuery, seen: np.ndarray, expected: str) -> None:
    """No probability is made up; what is certain is still said."""
    found = early_stop(query, seen, curve((0.5, 0.4, 0.3)))
    assert found is not None
    assert (expected, None, None) == (found.reason, found.probability, found.remaining_seconds)
    assert found.patience == 3


@pytest.mark.parametrize("seen", [[0.5, 0.6, 0.6, 0.6], [0.5, 0.6, 0.6, 0.6, 0.4]])
def test_a_rule_that_was_met_is_not_said_to_end_the_run_next_time(seen: list[float]) -> None:
    """The run goes on though its rule was met, so that something else decides: no chance, no step."""
    found = stop((0.6, 0.7, 0.9), seen=np.array(seen))
    assert ("stop_was_due", None, None, None) == (
        found.reason, found.probability, found.earliest_step, found.remaining_seconds,
    )  # fmt: skip


def many_ahead(patience: int) -> EtaQuery:
    """Return a run with 99,990 validations ahead."""
    plan = Plan(total_steps=100_000, validate_every=1, early_stopping=EarlyStopping(patience))
    return EtaQuery(
        10,
        plan,
        steps=Timings(np.arange(1.0, 11), np.full(10, 1.0)),
        validations=Timings(np.arange(1.0, 11), np.full(10, 0.1)),
    )


@pytest.mark.parametrize(
    ("patience", "earliest", "reason", "probability"),
    [(2_000, 2_010, "not_forecast", None), (99_990, 100_000, "not_forecast", None), (5, 15, None, 1.0)],
)
def test_what_lies_beyond_the_look_is_not_called_certain(
    patience: int, earliest: int, reason: str | None, probability: float | None
) -> None:
    """Where the rule may end the run after the validations that are played, no chance is told."""
    rising = LatentCurve((10.0, 100.0, 100_000.0), (0.05, 0.5, 0.95), ((0.6, 0.7, 0.9),) * 3)
    found = early_stop(many_ahead(patience), SEEN, rising)
    assert found is not None
    assert (earliest, reason, probability) == (found.earliest_step, found.reason, found.probability)


def test_a_refused_forecast_leaves_the_earliest_step() -> None:
    """The rule's own count is certain without a forecast."""
    found = early_stop(QUERY, SEEN, RefusedCurve("too_few_points"))
    assert found == EarlyStop(3, 0, 0.5, 600, reason="not_forecast")


def test_no_rule_no_answer() -> None:
    """A run that declares none is not asked about."""
    query = replace(QUERY, plan=replace(PLAN, early_stopping=None))
    assert early_stop(query, SEEN, curve((0.5, 0.4, 0.3))) is None


def test_the_answer_repeats() -> None:
    """The same question gives the same answer, digit by digit."""
    uncertain = curve((0.5, 0.45, 0.4), spread=0.3)
    assert early_stop(QUERY, SEEN, uncertain) == early_stop(QUERY, SEEN, uncertain)
