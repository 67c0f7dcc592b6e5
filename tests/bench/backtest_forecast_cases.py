"""The cases of the forecast backtest: every curve of a folder, cut early, with what came after."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from backtest_forecast_changes import changed

from planner.curve import Curve, FloatArray, Kind, is_finite, newest_rows
from planner.forecast import ForecastQuery
from planner.quantiles import DEFAULT_LEVELS

CUTS = (0.1, 0.2, 0.3, 0.5, 0.8)
FEWEST_SEEN = 8
FEWEST_HIDDEN = 4
TRUTH_SHARE = 0.05
TARGETS_AT = (0.6, 0.75, 0.9)
JUST_BELOW = (0.1, 0.25)
CAP = 10.0

SAME_RECIPE = {"KellerJordan/modded-nanogpt", "SiddanthEmani/GPT-2-124M-CUDA", "HectorFCardenas/llm.c"}
"""These share one recipe and leave together; every other repository is a family of its own."""


@dataclass(frozen=True, slots=True)
class Case:
    """One curve cut early.

    Attributes:
        run, repo, family: where it comes from; a family is left out whole when anything is learned.
        kind: training or validation.
        cut: share of the steps seen.
        query: what is asked.
        truth: mean of the last 5 % of the points, at ``query.at[0]``.
        norm: median distance of the whole series from the truth.
        is_reached: whether the smoothed curve reaches each of ``query.targets``.
    """

    run: str
    repo: str
    family: str
    kind: str
    cut: float
    query: ForecastQuery
    truth: float
    norm: float
    is_reached: tuple[bool, ...]

    def crps(self, values: FloatArray) -> float:
        """Return twice the mean pinball loss of quantiles at the default levels, in norms, capped."""
        levels, error = np.array(DEFAULT_LEVELS), self.truth - values
        pinball = np.maximum(levels * error, (levels - 1) * error)
        return float(min(2 * pinball.mean() / self.norm, CAP))


def load_cases(folder: Path, lr: str = "planned", change: str | None = None) -> list[Case]:
    """Return the cases of a folder of curves.

    Args:
        folder: holds ``catalog.csv`` and ``points/``.
        lr: what is told of a logged learning rate: ``planned`` (all of it), ``seen`` or ``none``.
        change: what is done to the curves first, one of ``CHANGES``.
    """
    catalog = pd.read_csv(folder / "catalog.csv")
    cases = []
    for run, repo in zip(catalog["run"], catalog["repo"], strict=True):
        curves = read_curves(folder / "points" / f"{run}.csv.gz")
        curves = curves if change is None else changed(curves, change)
        for kind in curves:
            cases += list(_cut(str(run), str(repo), kind, curves, lr))
    return cases


def read_curves(path: Path) -> dict[str, Curve]:
    """Return the training and the validation curve of one run, as logged."""
    points = pd.read_csv(path)
    curves = {}
    for kind, rows in points.groupby("kind"):
        columns = [rows[name].to_numpy(dtype=float) for name in ("step", "loss", "lr")]
        usable = np.isfinite(columns[0]) & (columns[0] >= 0)
        steps, losses, rates = (column[usable] for column in columns)
        curves[str(kind)] = Curve(steps, losses, cast("Kind", kind), rates)
    return curves


def _cut(run: str, repo: str, kind: str, curves: dict[str, Curve], lr: str) -> Iterator[Case]:
    whole = curves[kind]
    rows = newest_rows(whole)
    rows = rows[is_finite(whole.losses[rows])]
    steps, losses = whole.steps[rows], whole.losses[rows]
    if len(rows) < FEWEST_SEEN + FEWEST_HIDDEN:
        return
    last = max(1, round(TRUTH_SHARE * len(rows)))
    truth, at = float(losses[-last:].mean()), float(steps[-last:].mean())
    norm = float(np.median(np.abs(losses - truth)))
    if norm <= 0:
        return
    smooth = smoothed(losses)
    plan = _planned(curves) if lr == "planned" else None
    for cut in CUTS:
        now = cut * steps[-1]
        seen = int((steps <= now).sum())
        if seen < FEWEST_SEEN or len(rows) - seen < FEWEST_HIDDEN:
            continue
        targets, reached = _targets(steps, smooth, seen, norm)
        query = ForecastQuery(
            _before(whole, now, lr),
            companion=_before(curves["train"], now, lr) if kind == "val" and "train" in curves else None,
            lr_schedule=plan,
            total_steps=int(steps[-1]),
            at=(at,),
            targets=targets,
        )
        family = "gpt2 recipe" if repo in SAME_RECIPE else repo
        yield Case(run, repo, family, kind, cut, query, truth, norm, reached)


def smoothed(losses: FloatArray) -> FloatArray:
    """Return the centred running mean over 5 % of the points."""
    width = max(1, round(TRUTH_SHARE * len(losses)))
    sums = np.cumsum(np.concatenate([[0.0], losses]))
    middle = np.arange(len(losses))
    low, high = np.clip(middle - width // 2, 0, None), np.clip(middle - width // 2 + width, None, len(losses))
    return np.asarray((sums[high] - sums[low]) / (high - low))


def _targets(
    steps: FloatArray, smooth: FloatArray, seen: int, norm: float
) -> tuple[tuple[float, ...], tuple[bool, ...]]:
    now, best = steps[seen - 1], smooth[:seen].min()
    at = now + np.array(TARGETS_AT) * (steps[-1] - now)
    hit = [float(v) for v in np.interp(at, steps, smooth) if v < best]
    missed = [float(smooth.min() - part * norm) for part in JUST_BELOW]
    return (*hit, *missed), (True,) * len(hit) + (False,) * len(missed)


def _before(curve: Curve, now: float, lr: str) -> Curve:
    seen = curve.steps <= now
    rate = None if lr == "none" or curve.lr is None else curve.lr[seen]
    return replace(curve, steps=curve.steps[seen], losses=curve.losses[seen], lr=rate)


def _planned(curves: dict[str, Curve]) -> tuple[tuple[float, float], ...] | None:
    """Return up to 500 knots of the logged learning rate, ``None`` where none is logged."""
    logged = [curve for curve in curves.values() if curve.lr is not None and np.isfinite(curve.lr).any()]
    if not logged:
        return None
    curve = max(logged, key=lambda each: len(each.steps))
    assert curve.lr is not None
    rows = newest_rows(curve)
    rows = rows[np.isfinite(curve.lr[rows])]
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, 500).astype(int))]
    return tuple(zip(curve.steps[rows].tolist(), curve.lr[rows].tolist(), strict=True))
