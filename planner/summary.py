"""The comparison as a table: one row per criterion, one cell per scenario, the best ones marked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from planner.outcome import Outcome
from planner.quantiles import Quantiles
from planner.report import Comparison
from planner.scenario import CompareQuery

Unit = Literal["seconds", "probability", "loss", "gpu_hours", "money", "kg_co2", "score"]
Cell = Quantiles | float | None


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One criterion.

    Attributes:
        name: ``"finish"``, ``"total"``, ``"attention"``, ``"reach"``, ``"loss"``, ``"gpu_hours"``,
            ``"cost"``, ``"kg_co2"``, or a person's own criterion.
        unit: of its cells.
        cells: by scenario name; ``None`` is unknown.
        best: the scenarios whose cell is best, by its median; none where all are alike.
        weight: of a person's own criterion; ``None`` for the rest.
    """

    name: str
    unit: Unit
    cells: Mapping[str, Cell]
    best: tuple[str, ...]
    weight: float | None = None


def summarise(query: CompareQuery, comparison: Comparison) -> tuple[SummaryRow, ...]:
    """Return the table of a comparison; a row of which nothing is known is left out."""
    measured = [_row(name, unit, comparison, cell, sign) for name, unit, cell, sign in _MEASURED]
    own = [
        _ranked(criterion.name, "score", dict(criterion.scores), 1.0, criterion.weight)
        for criterion in query.criteria or ()
    ]
    return tuple(row for row in (*measured, *own) if any(cell is not None for cell in row.cells.values()))


_MEASURED: tuple[tuple[str, Unit, Callable[[Outcome], Cell], float], ...] = (
    ("finish", "seconds", lambda outcome: outcome.finish_seconds, -1.0),
    ("total", "seconds", lambda outcome: outcome.total_seconds, -1.0),
    ("attention", "seconds", lambda outcome: outcome.attention_seconds, -1.0),
    ("reach", "probability", lambda outcome: outcome.probability_of_target, 1.0),
    ("loss", "loss", lambda outcome: outcome.loss_at_end, -1.0),
    ("gpu_hours", "gpu_hours", lambda outcome: outcome.gpu_hours, -1.0),
    ("cost", "money", lambda outcome: outcome.cost, -1.0),
    ("kg_co2", "kg_co2", lambda outcome: outcome.kg_co2, -1.0),
)


def _row(
    name: str, unit: Unit, comparison: Comparison, cell: Callable[[Outcome], Cell], sign: float
) -> SummaryRow:
    cells = {outcome.name: cell(outcome) for outcome in comparison.outcomes}
    return _ranked(name, unit, cells, sign, None)


def _ranked(
    name: str, unit: Unit, cells: Mapping[str, Cell], sign: float, weight: float | None
) -> SummaryRow:
    middles = {option: _middle(cell) for option, cell in cells.items()}
    known = {option: sign * middle for option, middle in middles.items() if middle is not None}
    top = max(known.values(), default=0.0)
    best = tuple(option for option, value in known.items() if value == top)
    return SummaryRow(name, unit, cells, best if len(best) < len(known) else (), weight)


def _middle(cell: Cell) -> float | None:
    return cell.values[len(cell.values) // 2] if isinstance(cell, Quantiles) else cell
