"""From the planner's records to JSON."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from planner.quantiles import Quantiles


def to_wire(value: Any) -> Any:  # noqa: ANN401 - any record in, any JSON out
    """Return a record as JSON: its fields by name, quantiles as a map, what is not finite as null."""
    if isinstance(value, Quantiles):
        return _object(value.to_map())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_wire(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list | tuple | np.ndarray):
        return [to_wire(item) for item in value]
    return _scalar(value)


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): to_wire(item) for key, item in value.items()}


def _scalar(value: Any) -> Any:  # noqa: ANN401 - any JSON scalar
    if isinstance(value, np.generic):
        return _scalar(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
