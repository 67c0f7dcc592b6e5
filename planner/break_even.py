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
    return _overhead_at(median_of(continuing.finish_seconds), relaunch)


def planned_seconds(relaunch: Course) -> float | None:
    """Return the edit + test + queue total of one try that leaves the median finish of a relaunch as it is.

    What is uncertain about them is told by one number on the scale of the tie, so that the difference of the
    two is how much longer a fix may take. ``None`` where the median is never.
    """
    return _overhead_at(median_of(relaunch.finish_seconds), relaunch)


def _overhead_at(goal: float | None, relaunch: Course) -> float | None:
    """Return the overhead of one try with which the median finish of a relaunch is the goal."""
    rest, tries = relaunch.rest_seconds, relaunch.startups
    if goal is None or not _lead(0.0, goal, tries, rest) >= 0:
        return None
    if tries.max() == 1:
        return _lead(0.0, goal, tries, rest)
    return float(brentq(_lead, 0.0, goal + 1.0, args=(goal, tries, rest), xtol=1e-6))


def _lead(overhead: float, goal: float, tries: FloatArray, rest: FloatArray) -> float:
    """Return by how much a relaunch with this overhead is ahead of the goal at the median."""
    finish = median_of(tries * overhead + rest)
    return -np.inf if finish is None else goal - finish
