"""The options in a few lines: one row a criterion, the better ones marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.pages.refusals import criterion_name, option_name
from app.pages.report_blocks import Table
from planner.quantiles import Quantiles
from planner.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Collection

    from markupsafe import Markup

    from app.words import Words
    from planner.report import Comparison
    from planner.scenario import CompareQuery
    from planner.summary import Cell, SummaryRow

TIMES = frozenset({"finish", "total", "attention", "reach", "loss"})
MONEY = frozenset({"gpu_hours", "cost", "kg_co2"})


def summary_table(query: CompareQuery, comparison: Comparison, words: Words) -> Table:
    """Return the comparison in a few lines; what is not time is scored beside it."""
    names = [one.name for one in comparison.outcomes]
    rows = [_row(row, names, words, _currency(query)) for row in summarise(query, comparison)]
    return Table([words.say("Criterion"), *(option_name(name, words) for name in names)], rows)


def rows_of(
    query: CompareQuery, comparison: Comparison, kept: Collection[str], words: Words
) -> list[list[Markup]]:
    """Return the rows of some criteria alone."""
    names = [one.name for one in comparison.outcomes]
    found = [row for row in summarise(query, comparison) if row.name in kept]
    return [_row(row, names, words, _currency(query)) for row in found]


def _currency(query: CompareQuery) -> str | None:
    return query.economics.currency if query.economics is not None else None


def _row(row: SummaryRow, names: list[str], words: Words, currency: str | None) -> list[Markup]:
    cells = [_cell(row.cells.get(name), row, words, is_best=name in row.best) for name in names]
    return [_name(row, words, currency), *cells]


def _name(row: SummaryRow, words: Words, currency: str | None) -> Markup:
    named = {
        "finish": words.say("Time from now"),
        "total": words.say("Time in all"),
        "attention": words.say("Effort now"),
        "reach": words.say("Reaches its target"),
        "loss": words.say("Loss at the end"),
        "gpu_hours": words.say("GPU-hours"),
        "cost": words.say("Cost") if currency is None else words.say("Cost, {currency}", currency=currency),
        "kg_co2": words.say("CO₂"),
    }
    return named.get(row.name) or criterion_name(row.name, words)


def _cell(cell: Cell, row: SummaryRow, words: Words, *, is_best: bool) -> Markup:
    value = cell.at(0.5) if isinstance(cell, Quantiles) else cell
    if value is None:
        is_never = isinstance(cell, Quantiles) and row.unit == "seconds"
        return words.say("not in sight") if is_never else words.say("not known")
    written = {
        "seconds": words.duration(value) if value else words.say("none"),
        "probability": words.sureness(value),
        "score": words.say("yes") if value else words.say("no"),
        "kg_co2": f"{words.significant(value)}\u00a0kg",
        "gpu_hours": f"{words.significant(value)}\u00a0h",
    }.get(row.unit) or words.significant(value)
    text = words.plain(written)
    return words.say("<b>{value}</b> ✓", value=text) if is_best else text
