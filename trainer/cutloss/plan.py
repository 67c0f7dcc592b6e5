"""The plan a training declares, cleaned of what the service would refuse."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from cutloss.counters import Counters
from cutloss.records import finite, plain, whole
from cutloss.reporter import guarded

SCHEDULE_POINTS = 64
LONGEST_TEXT = 200
ROUNDING = 1e-12
LONGEST_SECONDS = 1e9
"""About thirty years."""


def declared_plan(fields: Mapping[str, object]) -> tuple[dict[str, Any], list[str]]:
    """Return the usable part of a plan, and a sentence for each field that is not.

    Args:
        fields: the arguments of ``init`` by name; ``None`` is undeclared.
    """
    plan: dict[str, Any] = {}
    complaints = []
    for name, value in fields.items():
        if value is None:
            continue
        check, expected = CHECKS.get(name, (_nothing, "no such field"))
        cleaned = check(value, fields)
        if cleaned is None:
            complaints.append(f"{name} is {plain(value)!r}; expected {expected}")
        else:
            plan[name] = cleaned
    return plan, complaints


def sampled_schedule(rate: Callable[[int], float], total_steps: int) -> list[list[float]]:
    """Return a learning-rate function as ``[step, rate]`` pairs, dense where a warm-up may be."""
    even = {round(total_steps * part / SCHEDULE_POINTS) for part in range(SCHEDULE_POINTS + 1)}
    early = {2**power for power in range(total_steps.bit_length()) if 2**power <= total_steps}
    sampled = ((step, _rate(rate(step))) for step in sorted((even | early) - {0}))
    return [[step, value] for step, value in sampled if value is not None]


def _count(value: object, _fields: Mapping[str, object]) -> int | None:
    return whole(value) or None


def _cadence(value: object, fields: Mapping[str, object]) -> int | str | None:
    return "never" if value == "never" else _count(value, fields)


def _flag(value: object, _fields: Mapping[str, object]) -> bool | None:
    return value if isinstance(value, bool) else None


def _loss(value: object, _fields: Mapping[str, object]) -> float | None:
    return finite(value)


def _target_of(value: object, _fields: Mapping[str, object]) -> str | None:
    return str(value) if value in ("val", "train") else None


def _text(value: object, _fields: Mapping[str, object]) -> str | None:
    return str(value)[:LONGEST_TEXT] or None


def _seconds(value: object, _fields: Mapping[str, object]) -> float | None:
    if isinstance(value, timedelta):
        value = value.total_seconds()
    seconds = finite(value)
    return seconds if seconds is not None and 0 < seconds <= LONGEST_SECONDS else None


def _rule(value: object, _fields: Mapping[str, object]) -> dict[str, Any] | None:
    """Return early stopping's rule; a bare number is its patience."""
    fields = value if isinstance(value, Mapping) else {"patience": value}
    patience, least = whole(fields.get("patience")), finite(fields.get("min_delta", 0.0))
    if (
        isinstance(value, bool)
        or not patience
        or least is None
        or least < 0
        or fields.get("mode", "min") not in {"min", "max"}
    ):
        return None
    named = {"monitor": _text(fields["monitor"], {})} if fields.get("monitor") else {}
    return {"patience": patience, "min_delta": least, "mode": fields.get("mode", "min"), **named}


def _schedule(value: object, fields: Mapping[str, object]) -> list[list[float]] | None:
    if callable(value):
        total_steps = whole(fields.get("total_steps"))
        return (
            guarded(lambda: sampled_schedule(value, total_steps), Counters()) or None if total_steps else None
        )
    return _pairs(value) if isinstance(value, Iterable) else None


def _pairs(points: Iterable[Any]) -> list[list[float]] | None:
    try:
        pairs = [(whole(step), _rate(rate)) for step, rate in points]
    except (TypeError, ValueError):
        return None
    usable = [[step, rate] for step, rate in pairs if step is not None and rate is not None]
    is_sound = usable and len({step for step, _ in usable}) == len(pairs)
    return sorted(usable) if is_sound else None


def _rate(value: object) -> float | None:
    """Return a learning rate; what rounding left just below zero is zero."""
    rate = finite(value)
    return None if rate is None or rate < -ROUNDING else max(rate, 0.0)


def _nothing(_value: object, _fields: Mapping[str, object]) -> None:
    return None


CHECKS: dict[str, tuple[Callable[[object, Mapping[str, object]], Any], str]] = {
    "name": (_text, "a text"),
    "total_steps": (_count, "a whole number of at least 1"),
    "validate_every": (_cadence, 'a whole number of at least 1, or "never"'),
    "validate_at_end": (_flag, "True or False"),
    "checkpoint_every": (_cadence, 'a whole number of at least 1, or "never"'),
    "validation_batches": (_count, "a whole number of at least 1"),
    "max_seconds": (_seconds, "seconds above 0, or a timedelta"),
    "early_stopping": (_rule, "a patience of at least 1, or a dict of patience, min_delta, monitor and mode"),
    "target_loss": (_loss, "a finite number"),
    "target_of": (_target_of, '"val" or "train"'),
    "lr_schedule": (
        _schedule,
        "pairs of step and rate (no step twice, no rate below 0), or a function beside total_steps",
    ),
    "like": (_text, "the id of an earlier run"),
    "replaces": (_text, "the id of an earlier run"),
    "command": (_text, "a text"),
    "warmup_steps": (_count, "a whole number of at least 1"),
}
