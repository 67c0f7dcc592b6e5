"""Estimate how the forecast does on other people's logs: on changed curves, and on harder repositories.

    .venv/bin/python tests/bench/backtest_forecast_stress.py --curves ../shared/curves

Calibration that suits one collection of logs need not suit the next. First the families in three groups, by
how far Huber's power law misses: each group is scored with what was learned from the two others alone, so
that the hardest are forecast by what only easier ones have taught. Then curves changed in the ways in which
logs differ, everything learned without the family that is scored.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from backtest_forecast import ASKED, LeftOut, answers_with, print_table, rival, scores
from backtest_forecast_cases import Case, load_cases
from backtest_forecast_changes import CHANGES
from backtest_forecast_learn import Material, folds, material_of, teach_without

GROUPS = ("easiest third", "middle third", "hardest third")


def groups_of(cases: Sequence[Case]) -> dict[str, int]:
    """Return the third of each family: 2 where a plain power law misses most."""
    missed = scores(cases, [rival("Huber pow3")(case) for case in cases])["crps"]
    hardness = missed.groupby(pd.Series([case.family for case in cases])).median().sort_values()
    return {str(family): int(i * len(GROUPS) / len(hardness)) for i, family in enumerate(hardness.index)}


def print_changes(folder: Path, material: Material) -> None:
    """Print the scores on changed curves."""
    group = folds(material.families)
    found = LeftOut(group, teach_without(material, group))
    for change in (None, *CHANGES):
        cases = load_cases(folder, change=change)
        print_table(change or "as logged", scores(cases, answers_with(found, cases)))
    blind = load_cases(folder, "none")
    print_table("no learning rate", scores(blind, answers_with(found, blind)))


def print_groups(folder: Path, material: Material) -> None:
    """Print the scores of each third, learned from the two others."""
    cases = load_cases(folder)
    group = groups_of(cases)
    found = LeftOut(group, teach_without(material, group))
    answers = answers_with(found, cases)
    for k, name in enumerate(GROUPS):
        rows = np.flatnonzero([group[case.family] == k for case in cases])
        print_table(name, scores([cases[i] for i in rows], [answers[i] for i in rows]))


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curves", type=Path, required=True)
    folder = parser.parse_args().curves
    material = material_of(folder)
    print(f"{'left out whole':16} kind   CRPS            covers   Brier      cost")
    for kind, asked in ASKED.items():
        print(f"{'':16} {kind:6} {asked}")
    print_groups(folder, material)
    print(f"\n{'change':16} kind   CRPS            covers   Brier      cost", flush=True)
    print_changes(folder, material)


if __name__ == "__main__":
    _main()
