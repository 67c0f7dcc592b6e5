"""An uploaded curve on the pages: why it could not be read, and its milestones as a URL holds them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from app.errors import TooLargeError
    from app.words import Words

MOST_IN_A_URL = 24
"""Milestones that a URL holds; of a longer curve each stands for a block, with the range of its losses."""


def unread(error: InvalidInputError | TooLargeError, words: Words) -> Markup:
    """Return why a file was not taken, with the line and the column."""
    if not isinstance(error, InvalidInputError):
        return words.say("The file is too large: {detail}", detail=str(error))
    found = str(error.value)[:40]
    return words.say(
        "The file cannot be read: expected {expected}, found {found}.",
        expected=error.expected,
        found=found or "–",
    )


def as_text(curve: Mapping[str, Any]) -> str:
    """Return a read curve as ``/plan`` takes it: ``25: 0.36-0.38; 50: 0.35-0.37``."""
    told = curve.get("milestones") or _blocks(curve["points"])
    kept = np.unique(np.linspace(0, len(told) - 1, min(len(told), MOST_IN_A_URL)).astype(int))
    return "; ".join(_entry(*told[at]) for at in kept)


def _blocks(points: Mapping[str, list[float]]) -> list[list[float]]:
    """Return milestones of points: each block's last step, and between what 8 in 10 of its losses lie."""
    steps, losses = np.array(points["steps"]), np.array(points["losses"])
    edges = np.unique(np.geomspace(1, len(steps) + 1, MOST_IN_A_URL + 1).astype(int)) - 1
    blocks = [(steps[a:b], losses[a:b]) for a, b in itertools.pairwise(edges.tolist()) if b > a]
    told: list[list[float]] = []
    for own, seen in blocks:
        low, high = np.quantile(seen, [0.1, 0.9])
        if not told or round(own[-1]) > told[-1][0]:
            told.append([float(round(own[-1])), float(low), float(high)])
    return told


def _entry(step: float, low: float, high: float) -> str:
    ends = f"{_plain(low)}-{_plain(high)}" if low < high else _plain(high)
    return f"{step:.0f}: {ends}"


def _plain(loss: float) -> str:
    return str(np.format_float_positional(loss, precision=4, unique=False, fractional=False, trim="-"))
