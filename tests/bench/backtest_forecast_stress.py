"""Score the forecast on the development curves changed in ways in which other people's logs differ from them.

    .venv/bin/python tests/bench/backtest_forecast_stress.py --curves ../shared/curves

Calibration that suits one collection of logs need not suit the next. Weights are learned partly from curves
changed like this, without the family that is scored, and the spreads in ``planner/learned.py`` are set so
that the coverage averaged over all changes lies in the middle of what is asked.
"""

import argparse
from pathlib import Path

from backtest_forecast import ASKED, answers_with, print_table, scores, weights_left_out
from backtest_forecast_cases import load_cases
from backtest_forecast_changes import CHANGES


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curves", type=Path, required=True)
    folder = parser.parse_args().curves
    stressed = {change: load_cases(folder, change=change) for change in (None, *CHANGES)}
    unknown = load_cases(folder, "none")
    weights = weights_left_out(folder)
    print(f"{'change':16} kind   CRPS            covers   Brier      cost")
    for kind, asked in ASKED.items():
        print(f"{'':16} {kind:6} {asked}")
    for change, cases in stressed.items():
        print_table(change or "none", scores(cases, answers_with(weights, cases)))
    print_table("no learning rate", scores(unknown, answers_with(weights, unknown)))


if __name__ == "__main__":
    _main()
