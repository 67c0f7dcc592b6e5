"""Pictures of cases: what was seen, what came, and what was forecast."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from backtest_forecast_cases import Case
from bokeh.layouts import column
from bokeh.plotting import figure, output_file, save
from bokeh.resources import INLINE

from planner.forecast import fit_curve

_POINTS = 60


def draw(cases: Sequence[Case], folder: Path) -> None:
    """Write one page with a picture a case."""
    folder.mkdir(parents=True, exist_ok=True)
    output_file(folder / "worst.html", title="Worst forecasts", mode="inline")
    save(column(*[_picture(case) for case in cases]), resources=INLINE)


def _picture(case: Case) -> figure:
    seen, query = case.query.curve, case.query
    title = f"{case.run} {case.kind} cut at {case.cut:.0%}"
    plot = figure(width=900, height=320, title=title, x_axis_label="step", y_axis_label="loss")
    plot.scatter(seen.steps, seen.losses, size=2, color="gray")
    plot.scatter(query.at, [case.truth], size=12, marker="x", color="crimson")
    steps = np.linspace(float(seen.steps.max()), float(query.total_steps or seen.steps.max()), _POINTS)
    fitted = fit_curve(query).at(steps.tolist(), (0.1, 0.5, 0.9))
    if fitted:
        low, middle, high = np.array([each.quantiles.values for each in fitted], dtype=float).T
        plot.varea(steps, low, high, alpha=0.25)
        plot.line(steps, middle, width=2)
    return plot
