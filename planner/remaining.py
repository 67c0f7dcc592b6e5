"""Draws of the seconds still to come, phase by phase."""

from dataclasses import dataclass

import numpy as np

from planner import points
from planner.eta_query import InProgress
from planner.eta_table import TABLE
from planner.plan import Due
from planner.situation import Situation
from planner.timings import FloatArray


@dataclass(frozen=True, slots=True)
class PhaseDraws:
    """Seconds left in one phase, shape (DRAWS,) each.

    Attributes:
        begun: of the one in progress.
        each: of one step or one event ahead.
        ahead: how many are ahead, apart from the one in progress.
    """

    begun: FloatArray
    each: FloatArray
    ahead: float

    @property
    def seconds(self) -> FloatArray:
        """All the seconds left in this phase."""
        return np.asarray(self.begun + self.each * self.ahead)

    def under_way(self, due: float | None) -> float:
        """Return how many of those due are the ones in progress."""
        return 0.0 if due is None else due - self.ahead


@dataclass(frozen=True, slots=True)
class Remaining:
    """Seconds left by phase; draw i of every phase belongs to one possible future."""

    step: PhaseDraws
    validation: PhaseDraws
    checkpoint: PhaseDraws
    startup: PhaseDraws

    @property
    def total(self) -> FloatArray:
        """All the seconds left, shape (DRAWS,)."""
        return self.step.seconds + self.validation.seconds + self.checkpoint.seconds + self.startup.seconds


def remaining(now: Situation) -> Remaining:
    """Draw the seconds left in each phase up to the end of everything due."""
    return Remaining(_steps(now), _validations(now), _checkpoints(now), _startup(now))


def thinned(draws: Remaining) -> Remaining:
    """Return every eighth draw: enough for what has to be searched for or played on."""
    phases = (draws.step, draws.validation, draws.checkpoint, draws.startup)
    return Remaining(
        *(PhaseDraws(p.begun[:: points.THINNING], p.each[:: points.THINNING], p.ahead) for p in phases)
    )


def ending(now: Situation, draws: Remaining) -> FloatArray:
    """Return the seconds to the end in each draw: everything due, or the run's own budget of time."""
    return np.minimum(draws.total, now.budget_seconds)


def steps_by(now: Situation, draws: Remaining, seconds: float) -> FloatArray:
    """Draw the last step completed within a time, by halving the interval it lies in."""
    low = np.full(len(draws.step.each), float(now.at_step))
    high = low + float(now.steps_left or 0) + 1
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        reached = seconds_until(now, draws, middle, events_up_to=middle - 1) <= seconds
        low, high = np.where(reached, middle, low), np.where(reached, high, middle)
    return low


def seconds_until(now: Situation, draws: Remaining, step: FloatArray, events_up_to: FloatArray) -> FloatArray:
    """Draw the seconds from now until a step is completed, one draw each.

    Args:
        now: where the run stands.
        draws: its remaining seconds, shape (n,) each.
        step: the step each draw is to reach, shape (n,).
        events_up_to: events due at or before this step are over by then, shape (n,).
    """
    phases = (draws.step, draws.validation, draws.checkpoint, draws.startup)
    whole_steps = np.maximum(step - now.at_step - draws.step.under_way(now.steps_left), 0.0)
    spent = sum(phase.begun for phase in phases) + whole_steps * draws.step.each
    spent = spent + _passed(now.validations, draws.validation, events_up_to)
    return np.asarray(spent + _passed(now.checkpoints, draws.checkpoint, events_up_to))


def _passed(due: Due | None, phase: PhaseDraws, step: FloatArray) -> FloatArray | float:
    """Return the seconds of the events up to a step; the one in progress is counted elsewhere."""
    if due is None:
        return 0.0
    regular = np.floor((step - due.regular.start) / due.regular.step) + 1
    passed = np.clip(regular, 0, len(due.regular)) + (0.0 if due.end is None else step >= due.end)
    counted_begun = due.count - phase.ahead
    return np.asarray(np.maximum(passed - counted_begun, 0.0) * phase.each)


def _steps(now: Situation) -> PhaseDraws:
    ahead = float(now.steps_left or 0)
    seconds = now.step.seconds(ahead)
    if now.clock is not None:
        seconds = seconds * (1 + now.clock.overhead(now.step.now_seconds))
    each = seconds / ahead if ahead else np.full(points.DRAWS, now.step.now_seconds)
    begun = now.begun
    if begun is None or begun.phase != "step" or not ahead:
        return PhaseDraws(np.zeros(points.DRAWS), each, ahead)
    several = min(now.begun_steps, ahead)
    return PhaseDraws(begun_seconds(each * several, begun), each, ahead - several)


def _validations(now: Situation) -> PhaseDraws:
    return _events(now, now.validations, "validation", 3)


def _checkpoints(now: Situation) -> PhaseDraws:
    return _events(now, now.checkpoints, "checkpoint", 4)


def _events(now: Situation, due: Due | None, phase: str, dimension: int) -> PhaseDraws:
    level = now.validation if phase == "validation" else now.checkpoint
    ahead = 0.0 if due is None else float(due.count)
    each = level.mean_seconds(ahead, dimension)
    begun = now.begun
    if begun is None or begun.phase != phase:
        return PhaseDraws(np.zeros(points.DRAWS), each, ahead)
    # The one in progress is among those due only where the counting rule puts one here: at this very step, or
    # before the next one that the log would tell of.
    counted = due is not None and int(due.count_up_to(now.at_step + now.stride)) > 0
    one = level.mean_seconds(1.0, dimension + 5)
    return PhaseDraws(begun_seconds(one, begun), each, ahead - counted)


def _startup(now: Situation) -> PhaseDraws:
    whole = np.full(points.DRAWS, now.startup_seconds)
    begun = now.begun
    if begun is not None and begun.phase == "startup" and now.startup_seconds:
        whole = begun_seconds(whole * np.exp(TABLE.restart_spread * points.normal(13)), begun)
    return PhaseDraws(whole, np.zeros(points.DRAWS), 0.0)


def begun_seconds(typical: FloatArray, begun: InProgress) -> FloatArray:
    """Draw what is left of something in progress, shape (DRAWS,).

    Batches done tell its own rate, trusted the more the more were done; without them it takes what is usual.
    Of that, what has passed since is done; past that it lasts a share of its silence again.

    Args:
        typical: draws of the whole duration.
        begun: how long it has been going on, and its batches.
    """
    done, of, silent = begun.done, begun.of, begun.silent_seconds
    told = begun.elapsed_seconds - silent
    if done and of and told > 0:
        trust = done / (done + TABLE.batches_to_trust)
        whole = (told * of / done) ** trust * np.maximum(typical, 1e-9) ** (1 - trust)
        left = whole * (1 - done / of) - silent
        if not silent:
            return np.asarray(left)
    else:
        silent = begun.elapsed_seconds
        left = typical - silent
    alive = left > 0
    if alive.mean() < TABLE.overdue_below:
        return np.asarray(TABLE.overdue_share * silent * -np.log(points.uniform(10)))
    # Draws that should be over by now say nothing of a duration that still goes on.
    return np.asarray(np.quantile(left[alive], points.uniform(10)))
