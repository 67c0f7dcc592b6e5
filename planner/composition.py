"""What a scenario's time is made of: in means, and for the middle course that is shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.course import PERSON_PHASES, TRAINING_PHASES, Course
from planner.curve import FloatArray

PHASE_ORDER = (*PERSON_PHASES, "startup", *TRAINING_PHASES)
_USUAL = (0.1, 0.9)
_ENOUGH = 2048
"""As many of the draws, evenly spread by themselves, tell how the middle course is shared out."""


@dataclass(frozen=True, slots=True)
class TimelinePhase:
    """One phase's share of the way, in seconds from now."""

    phase: str
    start_seconds: float
    seconds: float


def timeline(course: Course) -> tuple[TimelinePhase, ...]:
    """Return the mean seconds of each phase over the draws that arrive; they add up to the mean finish."""
    if not course.arrives.any():
        return ()
    draws = {phase: arriving(course, course.phases[phase]) for phase in PHASE_ORDER}
    return _consecutive({phase: float(seconds.mean()) for phase, seconds in draws.items()})


def composition(course: Course) -> tuple[TimelinePhase, ...]:
    """Return the phases of the middle course: they add up to the median finish.

    Edit, test and queue together are the exact time that would leave the median finish where it is, so that
    what a fix takes, and what it may take until going on ties with it, are told on one scale.

    Returns:
        empty where the median never arrives.
    """
    finish, rest = float(np.median(course.finish_seconds)), float(np.median(course.rest_seconds))
    if not np.isfinite(finish):
        return ()
    training = _apportioned(course, ("startup", *TRAINING_PHASES), rest)
    return _consecutive({**_of_person(course, finish - rest), **training})


def arriving(course: Course, draws: FloatArray) -> FloatArray:
    """Return the draws in which the goal is reached."""
    if course.arrives.all():
        return draws
    return np.broadcast_to(draws, course.arrives.shape)[course.arrives]


def _of_person(course: Course, overhead: float) -> Mapping[str, float]:
    """Return edit, test and queue: the queue is what is left beyond both, where it may last that long."""
    attention = float(np.median(course.attention_seconds))
    shortest, longest = np.quantile(course.phases["queue"][:_ENOUGH], _USUAL)
    if shortest <= overhead - attention <= longest:
        return {**_apportioned(course, ("edit", "test"), attention), "queue": overhead - attention}
    return _apportioned(course, PERSON_PHASES, overhead)


def _apportioned(course: Course, phases: Sequence[str], total: float) -> Mapping[str, float]:
    """Return the medians of phases, made to add up to a total: what is left falls on the uncertain ones."""
    draws = {phase: course.phases[phase][:_ENOUGH] for phase in phases}
    middles = {phase: float(np.median(seconds)) for phase, seconds in draws.items()}
    spreads = {phase: float(seconds.std()) for phase, seconds in draws.items()}
    rest, spread = total - sum(middles.values()), sum(spreads.values())
    if spread > 0:
        moved = {phase: middles[phase] + rest * spreads[phase] / spread for phase in phases}
        if min(moved.values()) >= 0:
            return moved
    whole = sum(middles.values())
    return {phase: total * middle / whole for phase, middle in middles.items()} if whole else middles


def _consecutive(parts: Mapping[str, float]) -> tuple[TimelinePhase, ...]:
    return tuple(_placed(parts))


def _placed(parts: Mapping[str, float]) -> Iterator[TimelinePhase]:
    start = 0.0
    for phase, seconds in parts.items():
        if seconds > 0:
            yield TimelinePhase(phase, start, seconds)
            start += seconds
