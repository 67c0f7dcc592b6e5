"""Tune the ETA's spreads out of fold: what ``planner/eta_table.py`` holds comes from here.

Run: ``python tests/bench/tune_eta.py --curves ../shared/curves``. Repositories are left out whole, one fold
at a time; simulated jobs of seeds below 1000 are tuned on, those from 1000 on are kept for the back-test.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
from backtest_eta import score_cutloss
from eta_cases import Case, real_cases, simulated_cases

from planner.eta_table import TABLE

TUNED = ("step_floor", "step_drift", "step_wander", "event_floor")
STEPS = (0.6, 0.8, 1.25, 1.6)
FOLDS = 3
COVERAGE = 0.8
COVERAGE_WEIGHT = 0.02
"""What missing the coverage by one costs, in pinball loss."""


def losses(cases: Iterable[Case]) -> pd.DataFrame:
    """Score the planner, one row a case."""
    return pd.DataFrame([score_cutloss(case) for case in cases])


def objective(scores: pd.DataFrame) -> float:
    """Return mean pinball over groups, and what the coverage misses."""
    means = scores.groupby("group")[["pinball", "covered"]].mean().mean()
    return float(means.pinball + COVERAGE_WEIGHT * abs(means.covered - COVERAGE))


def tune(real: Sequence[Case], simulated: Sequence[Case]) -> dict[str, float]:
    """Search one scalar after the other; leave the best values in the table."""
    best = _loss(real, simulated)
    for name in TUNED:
        start = kept = getattr(TABLE, name)
        for factor in STEPS:
            _set(name, start * factor)
            tried = _loss(real, simulated)
            if tried < best:
                best, kept = tried, start * factor
        _set(name, kept)
    return {name: getattr(TABLE, name) for name in TUNED}


def _loss(real: Sequence[Case], simulated: Sequence[Case]) -> float:
    return objective(losses(real)) + objective(losses(simulated))


def _set(name: str, value: float) -> None:
    object.__setattr__(TABLE, name, value)  # the table is frozen for everyone else


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what each fold chose, how it did on the repositories it had not seen, and the values for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curves", type=Path, required=True)
    options = parser.parse_args(arguments)
    real, simulated = list(real_cases(options.curves)), list(simulated_cases(range(2)))
    start = {name: getattr(TABLE, name) for name in TUNED}
    repositories = sorted({case.group for case in real})
    unseen = []
    for fold in range(FOLDS):
        left_out = set(repositories[fold::FOLDS])
        chosen = tune([case for case in real if case.group not in left_out], simulated)
        unseen.append(losses(case for case in real if case.group in left_out))
        print(fold, {name: round(value, 4) for name, value in chosen.items()})
        for name, value in start.items():
            _set(name, value)
    means = pd.concat(unseen).groupby("group")[["pinball", "covered"]].mean().mean()
    print("out of fold:", means.round(4).to_dict())
    print("all:", {name: round(value, 4) for name, value in tune(real, simulated).items()})


if __name__ == "__main__":
    main()
