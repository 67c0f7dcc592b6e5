"""How much longer a fix may take that is made while the job trains on."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from planner.curve import FloatArray
from planner.draws import Source
from planner.duration import Duration
from planner.outcome import median_of
from planner.scenario import CompareQuery, Scenario
from planner.simulation import finish_seconds

_NEAR_ENOUGH_SECONDS = 1.0
_ENOUGH = 1024
"""As many of the draws, evenly spread by themselves, tell how the median finish moves."""


def spare_seconds(query: CompareQuery, relaunch: int, ahead_seconds: float, source: Source) -> float | None:
    """Return how much longer edit and test of one try may take until a relaunch is not ahead any more.

    The job saves further checkpoints in that time, so the relaunch is simulated anew at each length, under
    the same draws.

    Args:
        query: the whole question.
        relaunch: index of the relaunch.
        ahead_seconds: by how much its median finish is ahead as planned.
        source: where the courses that are compared got their draws from.

    Returns:
        below 0 where they take too long as planned; ``None`` where they do even if they take no time.
    """
    as_planned = _finish(query, relaunch, source, 0.0)
    goal = as_planned + ahead_seconds
    if not np.isfinite(goal):
        return None

    def lead(seconds: float) -> float:
        # Nothing is as far behind as what takes twice the goal: a finite end for one that never arrives.
        return goal - min(_finish(query, relaunch, source, seconds), 2 * goal)

    # Whose edit alone takes as long as the goal ends after it.
    low, high = (0.0, goal) if ahead_seconds > 0 else (-_planned_seconds(query.scenarios[relaunch]), 0.0)
    if not lead(low) >= 0 >= lead(high):
        return None
    return float(brentq(lead, low, high, xtol=_NEAR_ENOUGH_SECONDS))


def _planned_seconds(scenario: Scenario) -> float:
    parts = (scenario.edit_seconds, scenario.test_seconds)
    return sum(one.median for one in parts if one is not None)


def _finish(query: CompareQuery, index: int, source: Source, longer_seconds: float) -> float:
    """Return the median finish of a relaunch whose edit takes so much longer, inf where that is never."""
    longer = _Longer(source, f"/scenarios/{index}/edit_seconds", longer_seconds)
    finish = finish_seconds(query, index, longer)
    median = None if finish is None else median_of(finish)
    return np.inf if median is None else median


@dataclass(frozen=True, slots=True)
class _Longer:
    """Some of another source's draws, in which one quantity takes so much longer in each try."""

    source: Source
    pointer: str
    longer_seconds: float

    def seconds(self, pointer: str, duration: Duration, share: Hashable = None) -> FloatArray:
        """Return a duration."""
        return self.source.seconds(pointer, duration, share)[:_ENOUGH] + self._longer(pointer)

    def values(self, pointer: str, given: FloatArray) -> FloatArray:
        """Return a quantity that has no spread of its own."""
        return self.source.values(pointer, given)

    def ranks(self, pointer: str, share: Hashable = None) -> FloatArray:
        """Return ranks in (0, 1)."""
        return self.source.ranks(pointer, share)[:_ENOUGH]

    def tries(self, pointer: str, chance: float, share: Hashable = None) -> FloatArray:
        """Return how many tries it takes."""
        return self.source.tries(pointer, chance, share)[:_ENOUGH]

    def repeated(
        self, first: FloatArray, tries: FloatArray, pointer: str, duration: Duration, share: Hashable = None
    ) -> FloatArray:
        """Return the seconds of all tries together, given those of the first."""
        longer = self._longer(pointer)
        return self.source.repeated(first - longer, tries, pointer, duration, share) + tries * longer

    def _longer(self, pointer: str) -> float:
        return self.longer_seconds if pointer == self.pointer else 0.0
