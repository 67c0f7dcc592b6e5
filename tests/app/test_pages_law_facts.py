"""The power law's parameters as a page tells them."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.pages.law_facts import law
from app.words import Words
from planner.forecast import Forecast, Law
from planner.quantiles import Quantiles

LEVELS = (0.1, 0.5, 0.9)
PLAIN = Quantiles(LEVELS, (0.4, 0.5, 0.6))


def view(floor: tuple[float, ...], lowest: float = 0.5, band_of: str = "train", **parts: Any) -> Any:
    """Return a run whose loss has been as low as given, and has a law with that floor."""
    forecast = Forecast("ok", law=Law(Quantiles(LEVELS, floor), PLAIN, PLAIN))
    return SimpleNamespace(
        **{
            "band_of": band_of,
            "forecast_train": forecast,
            "forecast_val": forecast,
            "blocks": SimpleNamespace(loss_min=np.array([np.nan, lowest, 3.0])),
            "validations": [SimpleNamespace(loss=None), SimpleNamespace(loss=lowest)],
            **parts,
        }
    )


@pytest.mark.parametrize("band_of", ["train", "val"])
@pytest.mark.parametrize(
    ("floor", "lowest", "text"),
    [
        ((0.1, 0.2, 0.3), 0.5, "<b>0.200</b>, 0.100 to 0.300"),
        ((-0.1, 0.2, 0.3), 0.5, "<b>0.200</b>, at most 0.300"),
        ((-0.5, -0.1, 0.3), 0.5, "not in sight, at most 0.300"),
        ((-0.9, -0.5, -0.1), 0.5, "not in sight"),
        ((-0.9, -0.5, -0.1), -0.05, "<b>−0.500</b>, −0.900 to −0.100"),
        ((-0.1, 0.2, 0.3), -0.05, "<b>0.200</b>, −0.100 to 0.300"),
    ],
)
def test_a_floor_below_zero_is_told_only_of_a_loss_that_goes_there(
    floor: tuple[float, ...], lowest: float, text: str, band_of: str
) -> None:
    """A loss that was never below 0 has no floor there: what is not known of it is said instead."""
    told = {str(name): str(value) for name, value in law(view(floor, lowest, band_of), Words("en"))}
    assert text == told["Floor"]
    assert ("<b>0.500</b>, 0.400 to 0.600",) * 2 == (told["Exponent"], told["Amplitude"])


def test_without_a_forecast_there_is_no_law() -> None:
    """A refused curve, one without a law and a run without that curve show no parameters."""
    for found in (None, Forecast("ok"), Forecast("refused", "constant")):
        assert [] == law(view((0.1, 0.2, 0.3), forecast_train=found), Words("en"))
