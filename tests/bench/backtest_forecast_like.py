"""Measure what an earlier run's curve as a template does to the forecast.

    .venv/bin/python tests/bench/backtest_forecast_like.py --curves ../shared/curves

Each run is forecast with the one before it in its repository as ``like``, and without.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
from backtest_forecast import ours, scores
from backtest_forecast_cases import Case, load_cases, read_curves

_SAME = 0.01


def earlier_runs(cases: Sequence[Case]) -> dict[str, str]:
    """Return the run before each run of its repository, in the order of the catalog."""
    runs = pd.DataFrame({"repo": case.repo, "run": case.run} for case in cases).drop_duplicates()
    return {later: earlier for _, rows in runs.groupby("repo") for earlier, later in pairwise(rows["run"])}


def with_template(cases: Sequence[Case], folder: Path) -> list[tuple[Case, Case]]:
    """Return the cases that have an earlier run with such a curve: as they are, and told of it."""
    earlier = earlier_runs(cases)
    curves = {run: read_curves(folder / "points" / f"{run}.csv.gz") for run in set(earlier.values())}
    pairs = []
    for case in cases:
        like = curves.get(earlier.get(case.run, ""), {}).get(case.kind)
        if like is not None:
            pairs.append((case, replace(case, query=replace(case.query, like=like))))
    return pairs


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curves", type=Path, required=True)
    folder = parser.parse_args().curves
    pairs = with_template(load_cases(folder), folder)
    alone, told = (scores(cases, [ours(case) for case in cases]) for cases in zip(*pairs, strict=True))
    table = alone.assign(told=told["crps"], told_covers=told["covers"], told_brier=told["brier"])
    print("mean CRPS without and with an earlier run as template, by cut")
    for (kind, cut), rows in table.groupby(["kind", "cut"]):
        change = rows["told"].mean() / rows["crps"].mean() - 1
        print(
            f"  {kind:6} {cut:4.0%}  {rows['crps'].mean():.3f}  {rows['told'].mean():.3f}  {change:+.0%}"
            f"  of {len(rows)}"
        )
    for kind, rows in table.groupby("kind"):
        ratio = rows.groupby("repo")["told"].mean() / rows.groupby("repo")["crps"].mean()
        better, worse = int((ratio < 1 - _SAME).sum()), int((ratio > 1 + _SAME).sum())
        print(
            f"{kind}: of {len(ratio)} repositories {better} better, {len(ratio) - better - worse} the same, "
            f"{worse} worse; covers {rows['covers'].mean():.0%} -> {rows['told_covers'].mean():.0%}, "
            f"Brier {rows['brier'].mean():.3f} -> {rows['told_brier'].mean():.3f}"
        )


if __name__ == "__main__":
    _main()
