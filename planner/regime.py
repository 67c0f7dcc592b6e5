"""Lasting changes of pace: a slow node, throttling, a batch-size ramp, longer sequences."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.timings import Durations, FloatArray

_BLOCKS = 128
_FEWEST = 3
"""Blocks on either side of a change: fewer are a burst, not a regime."""

_EVIDENCE = 6.0
"""Standard errors by which two stretches must differ; autocorrelated noise easily makes three."""

_LEAST_CHANGE = 0.02
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Regime:
    """A lasting change of pace.

    Attributes:
        since_step: where it began.
        ratio: new seconds over old.
        is_gradual: whether it came bit by bit all along, as sequences grow, and goes on.
    """

    since_step: int
    ratio: float
    is_gradual: bool = False


@dataclass(frozen=True, slots=True)
class Stretches:
    """A log cut where its pace changed.

    Attributes:
        starts: index of the first entry of each stretch; the last one is current.
        regime: the newest change.
        levels: log of the usual seconds of a step in blocks of equally many entries.
    """

    starts: tuple[int, ...]
    regime: Regime | None
    levels: FloatArray

    def usual_stay(self, now_seconds: float, ever_seconds: float) -> float | None:
        """Return the share of the log that one stay on this side of the mean pace usually took.

        ``None`` where the pace changed sides at most once: a change that never went back tells of no return.

        Args:
            now_seconds: level of the current stretch.
            ever_seconds: level of the whole log.
        """
        middle = np.log(now_seconds * ever_seconds) / 2
        here = _majority((self.levels > middle) == (now_seconds > ever_seconds))
        turns = int(np.count_nonzero(here[1:] != here[:-1]))
        stays = int(here[0]) + int(np.count_nonzero(here[1:] & ~here[:-1]))
        return float(here.mean() / stays) if turns > 1 and stays else None


def _majority(here: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what most of the five blocks around each say: a single block that strays is noise."""
    around = np.convolve(here, np.ones(5), mode="same")
    return np.asarray(around > np.convolve(np.ones(len(here)), np.ones(5), mode="same") / 2)


def stretches(durations: Durations) -> Stretches:
    """Cut a log of step durations where its level changed for good.

    The last change is looked for again in what follows the one before (binary segmentation, Scott and Knott
    1974), on block medians; the noise is that of successive differences, which a change does not inflate.
    """
    count = len(durations)
    blocks = min(_BLOCKS, count // 2)
    if blocks < 2 * _FEWEST:
        return Stretches((0,), None, np.log(durations.seconds[:1]))
    edges = np.linspace(0, count, blocks + 1).astype(int)
    levels = _block_medians(np.log(durations.seconds), edges)
    noise = _noise(levels)
    newest = _changes(levels, noise)
    cuts = [0] if newest == [0] else [*_changes(levels[: newest[-1]], noise), newest[-1]]
    starts = tuple(int(edges[cut]) for cut in cuts)
    return Stretches(starts, _named(durations, levels, cuts, starts), levels)


def _changes(levels: FloatArray, noise: float) -> list[int]:
    """Return where the strongest change begins, then the strongest after that, and so on; 0 comes first."""
    cuts = [0]
    for _ in range(_DEEPEST):
        found = _strongest_change(levels[cuts[-1] :], noise)
        if found is None:
            break
        cuts.append(cuts[-1] + found)
    return cuts


def _block_medians(values: FloatArray, edges: np.ndarray) -> FloatArray:
    width = int(np.min(np.diff(edges)))
    within = edges[:-1, None] + np.arange(width)
    return np.asarray(np.median(values[within], axis=1))


def _noise(levels: FloatArray) -> float:
    differences = np.abs(np.diff(levels))
    return float(max(1.4826 * np.median(differences) / np.sqrt(2), 0.5 * np.mean(differences), 1e-3))


def _strongest_change(levels: FloatArray, noise: float) -> int | None:
    """Return where the mean changes most, ``None`` where no change stands out of the noise."""
    count = len(levels)
    if count < 2 * _FEWEST:
        return None
    before = np.arange(_FEWEST, count - _FEWEST + 1)
    sums = np.cumsum(levels)
    left = sums[before - 1] / before
    right = (sums[-1] - sums[before - 1]) / (count - before)
    evidence = np.abs(right - left) * np.sqrt(before * (count - before) / count) / noise
    best = int(np.argmax(evidence))
    large = abs(right[best] - left[best]) > _LEAST_CHANGE
    return int(before[best]) if large and evidence[best] > _EVIDENCE else None


def _named(
    durations: Durations, levels: FloatArray, cuts: list[int], starts: tuple[int, ...]
) -> Regime | None:
    if len(cuts) == 1:
        return None
    old, new = np.median(levels[cuts[-2] : cuts[-1]]), np.median(levels[cuts[-1] :])
    return Regime(int(durations.step[starts[-1]]), float(np.exp(new - old)))
