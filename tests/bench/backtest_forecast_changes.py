"""The development curves changed in ways in which other people's logs differ from them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from planner.curve import Curve, FloatArray, is_finite, newest_rows

Curves = dict[str, Curve]

_POINTS = 60
_FEWEST = 12
_MEMORY = 0.9
_LATE_FROM = 0.3


def thinned(curve: Curve) -> Curve:
    """Return every fifth point of a training curve, every second one of a validation curve."""
    return rows_of(curve, np.arange(len(curve.steps) - 1, -1, -2 if curve.kind == "val" else -5)[::-1])


def block_means(curve: Curve) -> Curve:
    """Return about 60 means of blocks, as a log of epochs has them."""
    size = max(1, len(curve.steps) // _POINTS)
    blocks = len(curve.steps) // size
    used = rows_of(curve, np.arange(len(curve.steps) - blocks * size, len(curve.steps)))
    lasts = rows_of(used, np.arange(size - 1, blocks * size, size))
    return replace(lasts, losses=used.losses.reshape(blocks, size).mean(axis=1))


def noisier(curve: Curve) -> Curve:
    """Return the curve with one and a half times its own noise added."""
    sigma = np.median(np.abs(np.diff(curve.losses))) / 0.954
    noise = np.random.default_rng(5).standard_normal(len(curve.losses))
    return replace(curve, losses=curve.losses + 1.5 * sigma * noise)


def smoothed(curve: Curve) -> Curve:
    """Return running means of a training curve, as some progress bars log them."""
    if curve.kind == "val":
        return curve
    losses = curve.losses.copy()
    for i in range(1, len(losses)):
        losses[i] = _MEMORY * losses[i - 1] + (1 - _MEMORY) * losses[i]
    return replace(curve, losses=losses)


def raised(curve: Curve) -> Curve:
    """Return the losses plus their median: a floor twice as high."""
    return replace(curve, losses=curve.losses + np.median(curve.losses))


def below_zero(curve: Curve) -> Curve:
    """Return the losses less their greatest: all of them negative, as log-likelihoods are."""
    return replace(curve, losses=curve.losses - curve.losses.max())


def bent(curve: Curve) -> Curve:
    """Return a power of the losses, as another measure of the same error would be."""
    return replace(curve, losses=np.sign(curve.losses) * np.abs(curve.losses) ** 1.7)


def half_the_run(curve: Curve) -> Curve:
    """Return the first half, as if the run had been stopped there."""
    return rows_of(curve, curve.steps <= curve.steps[-1] / 2)


def late_start(curve: Curve) -> Curve:
    """Return what follows the first 30 %, counted from there: a run that carries an earlier one on."""
    start = np.floor(_LATE_FROM * curve.steps[-1])
    later = rows_of(curve, curve.steps > start)
    return replace(later, steps=later.steps - start)


CHANGES: dict[str, Callable[[Curve], Curve]] = {
    "thinned": thinned,
    "block means": block_means,
    "noisier": noisier,
    "smoothed": smoothed,
    "raised": raised,
    "below zero": below_zero,
    "bent": bent,
    "half the run": half_the_run,
    "late start": late_start,
}


def changed(curves: Curves, change: str) -> Curves:
    """Return a run's curves under one of the changes, cleaned of resumes first; short ones are left out."""
    found = {}
    for kind, curve in curves.items():
        rows = newest_rows(curve)
        fresh = rows_of(curve, rows[is_finite(curve.losses[rows])])
        if len(fresh.steps) >= _FEWEST:
            found[kind] = CHANGES[change](fresh)
    return {kind: curve for kind, curve in found.items() if len(curve.steps) >= _FEWEST}


def rows_of(curve: Curve, rows: np.ndarray) -> Curve:
    """Return some rows of a curve."""
    lr: FloatArray | None = None if curve.lr is None else curve.lr[rows]
    return Curve(curve.steps[rows], curve.losses[rows], curve.kind, lr)
