"""What is expected of a phase before it was seen."""

import numpy as np
import pytest

from planner.plan import Plan
from planner.priors import Priors, expected_checkpoint, expected_step, expected_validation


def test_earlier_runs_come_first() -> None:
    """What validations took in earlier runs of the name is the best guess there is."""
    level = expected_validation(
        Plan(validation_batches=10), 25, 45.0, Priors(validation_seconds=(1100.0, 1300.0))
    )
    assert level.seconds == pytest.approx(1200, rel=0.01)


def test_declared_batches_are_a_share_of_a_step_each() -> None:
    """The seed's 68 batches of a 45 s step take about 20 min; the guess is wide enough to hold it."""
    level = expected_validation(Plan(validation_batches=68), 25, 45.0, Priors())
    low, high = np.quantile(level.mean_seconds(11.0, 3), (0.1, 0.9))
    assert low < 1200 < high


def test_nothing_known_is_wide() -> None:
    """Without anything to go by the 80 % range spans a factor of ten."""
    level = expected_checkpoint(50, 45.0, Priors())
    low, high = np.quantile(level.mean_seconds(6.0, 4), (0.1, 0.9))
    assert high / low > 10


def test_unusable_earlier_runs_are_none() -> None:
    """A NaN or a zero from an earlier run is not a pace."""
    assert expected_step(Priors(step_seconds=(np.nan, 0.0))) is None
