"""Rows whose columns have names: of a table, of a JSON object, of a printed dictionary."""

from collections.abc import Mapping
from typing import Any

from cutloss.logs.names import (
    BATCH_NAMES,
    CLOCK_NAMES,
    EPOCH_NAMES,
    GLOBAL_NAMES,
    SECONDS_NAMES,
    STEP_NAMES,
    plain_name,
)  # fmt: skip
from cutloss.logs.readings import Facts


def facts_of_row(row: Mapping[str, Any]) -> Facts:
    """Return the facts of a row whose columns have names."""
    facts = Facts()
    facts.is_validation = str(row.get("mode", row.get("split", ""))).lower() in {
        "val",
        "valid",
        "eval",
        "test",
    }
    names: dict[str, float] = {}
    for key, value in row.items():
        inner = value.items() if isinstance(value, dict) else ((None, value),)
        for name, item in inner:
            if (measure := to_number(item)) is not None:
                names.setdefault(plain_name(f"{key}/{name}" if name else key), measure)
    facts.fields |= {"_mode": 1.0} if facts.is_validation else {}
    _take_counters(facts, names)
    for name, measure in names.items():
        if name in CLOCK_NAMES:
            facts.clock = measure
        elif name in SECONDS_NAMES:
            facts.seconds = measure
        else:
            facts.fields[name] = measure
    return facts


def _take_counters(facts: Facts, names: dict[str, float]) -> None:
    for name in STEP_NAMES:
        for spelling in (name, f"train_{name}", f"trainer_{name}"):
            value = names.get(spelling)
            if facts.count is None and value is not None and value.is_integer() and value >= 0:
                facts.count = int(value)
                facts.fields |= {"_is_global": 1.0} if name in GLOBAL_NAMES | {"step", "_step"} else {}
                facts.fields |= {"_is_batch": 1.0} if name in BATCH_NAMES else {}
            names.pop(spelling, None)
    for name in EPOCH_NAMES:
        value = names.pop(name, None)
        if value is not None and value.is_integer() and value >= 0 and facts.epoch is None:
            facts.epoch = int(value)


def to_number(value: object) -> float | None:
    """Return a number that stands as one or as its text, ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
