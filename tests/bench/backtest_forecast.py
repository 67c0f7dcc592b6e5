"""Score the forecast on real curves, beside what else can be run, and look at its worst failures.

    .venv/bin/python tests/bench/backtest_forecast.py --curves ../shared/curves [--pictures DIR]

Each curve is cut at 10, 20, 30, 50 and 80 % of its steps. Whatever is learned from curves is learned without
the family of repositories that is scored; ``--as-shipped`` scores ``planner/learned.py`` as it stands.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from backtest_forecast_cases import Case, load_cases
from backtest_forecast_learn import Lesson, folds, material_of, teach_without, using
from backtest_forecast_pictures import draw
from backtest_forecast_rivals import RIVALS

from planner.forecast import forecast
from planner.quantiles import DEFAULT_LEVELS

ASKED = {
    "train": "asked <= .40 / <= 1.10   74-86 %   <= .25",
    "val": "asked <= .24 / <= .36    74-86 %   <= .22",
}
WORST = 10
_LOW, _HIGH = DEFAULT_LEVELS.index(0.1), DEFAULT_LEVELS.index(0.9)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one method says of one case: quantiles at the default levels, a probability for each target."""

    quantiles: np.ndarray
    probabilities: tuple[float, ...]
    seconds: float
    is_refused: bool = False


def ours(case: Case) -> Answer:
    """Return our forecast; a refused one stands as the last value."""
    begun = time.process_time()
    found = forecast(case.query)
    seconds = time.process_time() - begun
    if found.status == "refused":
        last = rival("last value")(case)
        return Answer(last.quantiles, last.probabilities, seconds, is_refused=True)
    (asked,) = found.at
    values = np.array(asked.quantiles.values, dtype=float)
    return Answer(values, tuple(target.probability for target in found.targets), seconds)


def rival(name: str) -> Callable[[Case], Answer]:
    """Return one of the rivals as a method."""

    def answer(case: Case) -> Answer:
        begun = time.process_time()
        curve = RIVALS[name](case.query)
        now, total = float(case.query.curve.steps.max()), float(case.query.total_steps or 0)
        said = tuple(curve.probability(target, now, total) for target in case.query.targets)
        (step,) = case.query.at
        return Answer(curve.quantiles(step), said, time.process_time() - begun)

    return answer


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was learned without one group of the families each.

    Attributes:
        group: the group of each family.
        lessons: learned without each group: weights, spreads and all.
    """

    group: dict[str, int]
    lessons: dict[int, Lesson]


def learn_left_out(folder: Path) -> LeftOut:
    """Return what is learned without each fold."""
    material = material_of(folder)
    group = folds(material.families)
    return LeftOut(group, teach_without(material, group))


def answers_with(found: LeftOut, cases: Sequence[Case]) -> list[Answer]:
    """Return our forecasts, each with what was learned without its family."""
    answers: dict[int, Answer] = {}
    for k, lesson in found.lessons.items():
        with using(lesson):
            answers |= {i: ours(case) for i, case in enumerate(cases) if found.group[case.family] == k}
    return [answers[i] for i in range(len(cases))]


def scores(cases: Sequence[Case], answers: Sequence[Answer]) -> pd.DataFrame:
    """Return one row a case."""
    rows = [
        {
            "repo": case.repo,
            "kind": case.kind,
            "cut": case.cut,
            "crps": case.crps(answer.quantiles),
            "covers": answer.quantiles[_LOW] <= case.truth <= answer.quantiles[_HIGH],
            "brier": np.mean(
                [(p - o) ** 2 for p, o in zip(answer.probabilities, case.is_reached, strict=True)]
            ),
            "milliseconds": 1000 * answer.seconds,
            "refused": answer.is_refused,
        }
        for case, answer in zip(cases, answers, strict=True)
    ]
    return pd.DataFrame(rows)


def print_table(name: str, table: pd.DataFrame) -> None:
    """Print one method's line for each kind of curve."""
    for kind, rows in table.groupby("kind"):
        by_repo = rows.groupby("repo")["crps"].median()
        print(
            f"{name:16} {kind:6} {by_repo.median():5.2f} / {by_repo.mean():5.2f}   "
            f"{100 * rows['covers'].mean():4.0f} %   {rows['brier'].mean():.3f}   "
            f"{rows['milliseconds'].median():6.1f} ms   {rows['refused'].sum():3.0f} refused of {len(rows)}"
        )


def print_reliability(cases: Sequence[Case], answers: Sequence[Answer]) -> None:
    """Print how often targets given a probability were reached, and how often truth fell below quantiles."""
    said = np.concatenate([answer.probabilities for answer in answers])
    came = np.concatenate([case.is_reached for case in cases])
    print("\nreliability of probability: said, reached, targets")
    for low in np.arange(0, 1, 0.1):
        rows = (said >= low) & (said < low + 0.1 + 1e-9 * (low > 0.85))
        if rows.any():
            bar = "#" * round(40 * came[rows].mean())
            print(f"  {said[rows].mean():.2f}  {came[rows].mean():.2f}  {rows.sum():5d}  {bar}")
    print("\nreliability of quantiles: level, share of truths below it")
    for i, level in enumerate(DEFAULT_LEVELS):
        below = np.array([c.truth <= a.quantiles[i] for c, a in zip(cases, answers, strict=True)])
        shares = {kind: below[[c.kind == kind for c in cases]].mean() for kind in ("train", "val")}
        print(f"  {level:.2f}  " + "  ".join(f"{kind} {share:.2f}" for kind, share in shares.items()))


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curves", type=Path, required=True)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--lr", choices=("planned", "seen", "none"), default="planned")
    parser.add_argument("--as-shipped", action="store_true")
    arguments = parser.parse_args()
    cases = load_cases(arguments.curves, arguments.lr)
    print(f"{len(cases)} cases of {len({case.repo for case in cases})} repositories\n")
    print("method           kind    CRPS           covers   Brier      cost")
    for name in RIVALS:
        print_table(name, scores(cases, [rival(name)(case) for case in cases]))
    answers = (
        [ours(case) for case in cases]
        if arguments.as_shipped
        else answers_with(learn_left_out(arguments.curves), cases)
    )
    table = scores(cases, answers)
    print_table("cutloss", table)
    for kind, asked in ASKED.items():
        print(f"{'':16} {kind:6} {asked}")
    print_reliability(cases, answers)
    if arguments.pictures:
        worst = table["crps"].to_numpy().argsort()[::-1][:WORST]
        draw([cases[i] for i in worst], arguments.pictures)
        print(f"\nthe {WORST} worst are drawn in {arguments.pictures}")


if __name__ == "__main__":
    _main()
