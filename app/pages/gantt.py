"""What an option does with the clock, as segments of a bar; training and validation take turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.pages.phases import phase_style

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.pages.axis import ClockAxis
    from app.store.facts import Validation

MOST_TURNS = 24
"""Turns of training and validation drawn in one bar: more of them would be a grey haze."""

LEAST_WIDTH = 0.05
"""Percent of the axis below which a segment is not drawn."""

TURNING = ("step", "validation")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one phase on the clock, epoch seconds."""

    phase: str
    start: float
    seconds: float
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch as drawn: percent of the axis, and the class that fills it."""

    x: float
    width: float
    style: str


def segments(stretches: Iterable[Stretch], axis: ClockAxis) -> list[Segment]:
    """Return the segments of a bar."""
    drawn = [
        Segment(
            axis.x(one.start),
            round(axis.x(one.start + one.seconds) - axis.x(one.start), 3),
            phase_style(one.phase) + (" past" if one.is_past else ""),
        )
        for one in stretches
    ]
    return [one for one in drawn if one.width >= LEAST_WIDTH]


def ahead(
    parts: Sequence[tuple[str, float]], start: float, validations: int | None, until: float | None = None
) -> list[Stretch]:
    """Return the stretches of an option from its (phase, seconds) parts, in their order.

    Training and validation are shown in turns, as many as there are validations, up to ``MOST_TURNS``;
    checkpoints are part of the training they interrupt. The parts are means; where ``until``, the median
    of the whole, is known, training is stretched to end there, so that the bar ends at its mark.
    """
    totals: dict[str, float] = {}
    for phase, seconds in parts:
        shown = "step" if phase == "checkpoint" else phase
        totals[shown] = totals.get(shown, 0.0) + seconds
    turning = {phase: totals.pop(phase, 0.0) for phase in TURNING}
    before, training = sum(totals.values()), sum(turning.values())
    stretch = (until - before) / training if until is not None and training > 0 else 1.0
    step, validation = (turning[phase] * max(stretch, 0.0) for phase in TURNING)
    return _consecutive([*totals.items(), *_turns(step, validation, validations)], start)


def behind(
    started: float, startup_seconds: float | None, validations: Sequence[Validation], now: float
) -> list[Stretch]:
    """Return the stretches already spent: start-up, then training with the validations where they were."""
    stretches = []
    at = started
    if startup_seconds:
        at = min(started + startup_seconds, now)
        stretches.append(Stretch("startup", started, at - started, is_past=True))
    timed = [one for one in validations if one.seconds and at <= one.started < now]
    for one in timed[-MOST_TURNS:]:
        stretches.append(Stretch("step", at, one.started - at, is_past=True))
        at = min(one.started + (one.seconds or 0.0), now)
        stretches.append(Stretch("validation", one.started, at - one.started, is_past=True))
    return [*stretches, Stretch("step", at, now - at, is_past=True)]


def _turns(training: float, validation: float, validations: int | None) -> list[tuple[str, float]]:
    if not validation or not validations:
        return [("step", training)]
    turns = min(validations, MOST_TURNS)
    pair = [("step", training / turns), ("validation", validation / turns)]
    return pair * turns


def _consecutive(parts: Iterable[tuple[str, float]], start: float) -> list[Stretch]:
    stretches = []
    for phase, seconds in parts:
        stretches.append(Stretch(phase, start, seconds))
        start += seconds
    return stretches
