"""How long a fix may take before continuing wins."""

import numpy as np
from scipy.optimize import brentq

from planner.course import Course
from planner.curve import FloatArray
from planner.outcome import median_of


def break_even_seconds(continuing: Course, relaunch: Course) -> float | None:
    """Return the edit + test + queue total of one try at which the medians of both finishes tie.

    ``None`` where that is negative, or where a median is never.
    """
    goal = median_of(continuing.finish_seconds)
    rest = np.where(relaunch.arrives, relaunch.end_seconds - relaunch.overhead_seconds, np.inf)
    tries = relaunch.startups
    if goal is None or not _lead(0.0, goal, tries, rest) >= 0:
        return None
    if tries.max() == 1:
        return _lead(0.0, goal, tries, rest)
    return float(brentq(_lead, 0.0, goal + 1.0, args=(goal, tries, rest), xtol=1e-6))


def _lead(overhead: float, goal: float, tries: FloatArray, rest: FloatArray) -> float:
    """Return by how much a relaunch with this overhead is ahead of the goal at the median."""
    finish = median_of(tries * overhead + rest)
    return -np.inf if finish is None else goal - finish
