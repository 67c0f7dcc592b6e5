"""Learn everything a forecast learns from a folder of curves, and write ``planner/learned.py``.

    .venv/bin/python tests/bench/backtest_forecast_learn.py --curves ../shared/curves

First the weights of the models, then, from forecasts made with those, how wide a forecast must be and what
the lowest point of a curve is worth. The backtest calls the same without the families that it scores.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from backtest_forecast_cases import Case, load_cases
from backtest_forecast_spreads import (
    LEARNED_FROM,
    Ending,
    Reaching,
    Spreads,
    ending,
    learn_reaching,
    learn_spreads,
    using_spreads,
)
from backtest_forecast_weights import Table, as_tables, learn_weights, tables_of, using_weights

FOLDS = 7


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned from some families.

    Attributes:
        weights: log weights of the models' parts.
        spreads: of each kind of curve.
        reaching: what turns being at a loss into having been there.
    """

    weights: np.ndarray
    spreads: Spreads
    reaching: Reaching


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to learn from: tables for the weights, cases for the spreads."""

    tables: list[Table]
    cases: list[tuple[Case, str | None]]

    @property
    def families(self) -> list[str]:
        """Every family."""
        return sorted({case.family for case, _ in self.cases})


def material_of(folder: Path) -> Material:
    """Return what a folder of curves teaches."""
    cases: list[tuple[Case, str | None]] = [(case, None) for case in load_cases(folder)]
    for change in LEARNED_FROM:
        cases += [(case, change) for case in load_cases(folder, change=change)]
    return Material(tables_of(folder), cases)


def teach(material: Material, is_taught: Callable[[str], bool]) -> Lesson:
    """Learn from the families that are taught, and from nothing else."""
    weights = learn_weights([table for table in material.tables if is_taught(table.case.family)])
    with using_weights(weights):
        found = [ending(case, change) for case, change in material.cases if is_taught(case.family)]
    endings: list[Ending] = [each for each in found if each is not None]
    spreads = learn_spreads(endings)
    return Lesson(weights, spreads, learn_reaching(endings, spreads))


def teach_without(material: Material, group: Mapping[str, int]) -> dict[int, Lesson]:
    """Return what is learned without each group of families."""
    return {k: teach(material, lambda family, k=k: group[family] != k) for k in sorted(set(group.values()))}


def folds(families: Sequence[str]) -> dict[str, int]:
    """Return the fold of each family, the same for the same families."""
    order = np.random.default_rng(1).permutation(sorted(set(families)))
    return {str(family): i % FOLDS for i, family in enumerate(order)}


@contextmanager
def using(lesson: Lesson) -> Iterator[None]:
    """Forecast with what was learned for a while."""
    with using_weights(lesson.weights), using_spreads(lesson.spreads, lesson.reaching):
        yield


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curves", type=Path, required=True)
    parser.add_argument("--to", type=Path, default=Path("planner/learned.py"))
    arguments = parser.parse_args()
    material = material_of(arguments.curves)
    lesson = teach(material, lambda _: True)
    modes, kernels, laws, of_situations = as_tables(lesson.weights)
    values = {
        "SPREADS": lesson.spreads,
        "REACHING": lesson.reaching,
        "MODES": modes,
        "KERNELS": kernels,
        "LAWS": laws,
        "OPTIONS": of_situations,
    }
    text = arguments.to.read_text()
    head = text[: text.index("SPREADS = ")]
    arguments.to.write_text(head + "".join(f"{name} = {value!r}\n" for name, value in values.items()))
    print(f"learned from {len(material.tables)} cases; format the file before reading it")


if __name__ == "__main__":
    _main()
