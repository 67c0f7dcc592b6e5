"""From records to JSON."""

import math
from dataclasses import dataclass

import numpy as np

from app.wire import to_wire
from planner.quantiles import Quantiles


@dataclass(frozen=True, slots=True)
class Record:
    """A record with one of each."""

    number: float
    quantiles: Quantiles
    parts: tuple[object, ...]


def test_records_become_json() -> None:
    """Fields by name, quantiles as a map with string keys, arrays as lists, what is not finite as null."""
    record = Record(math.inf, Quantiles((0.1, 0.5), (1.0, None)), (np.float64("nan"), np.arange(2), {"a": 1}))
    expected = {"number": None, "quantiles": {"0.1": 1.0, "0.5": None}, "parts": [None, [0, 1], {"a": 1}]}
    assert expected == to_wire(record)


def test_numpy_numbers_are_numbers() -> None:
    """A numpy scalar becomes the Python number it stands for."""
    assert [3, 0.5, True] == to_wire([np.int64(3), np.float64(0.5), np.True_])
