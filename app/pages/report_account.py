"""The facts of a report: a question, its answer, and what was measured before it was asked."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from planner.plan import Plan
from planner.report import Comparison, compare
from planner.scenario import CompareQuery, PaceDurations
from planner.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.views import RunView
    from planner.duration import Duration
    from planner.scenario import Scenario

HURRY_SECONDS = 600.0
"""Who must leave this soon can hardly fix anything."""

USUAL_EXPERIMENTS = 10.0
"""Over how many experiments the saving is told where nobody said how many are to come."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How long one of a phase takes; ``count`` is how many were seen, ``None`` where the number was typed."""

    phase: str
    mean_seconds: float
    low_seconds: float
    high_seconds: float
    count: int | None


@dataclass(frozen=True, slots=True)
class Account:
    """Everything a report tells.

    Attributes:
        name: of the run, ``None`` without one.
        as_of: epoch seconds from which durations count.
        query: the question.
        comparison: its answer.
        extended: the answer with the options that were suggested.
        hurried: the answer for who has hardly any time to fix anything.
        measured: the pace by phase.
        spent: seconds spent by phase; empty where only their sum is known.
        first_loss: training loss at the start.
        loss_now: smoothed training loss; not a number where it left the finite.
        val_loss: of the newest validation.
    """

    name: str | None
    as_of: float
    query: CompareQuery
    comparison: Comparison
    extended: Comparison
    hurried: Comparison
    measured: Sequence[Measured]
    spent: Sequence[tuple[str, float]] = ()
    first_loss: float | None = None
    loss_now: float | None = None
    val_loss: float | None = None

    def scenario(self, name: str) -> Scenario | None:
        """Return a scenario of the question, or one that was suggested, by its name."""
        known = (*self.query.scenarios, *self.comparison.suggestions)
        return next((one for one in known if one.name == name), None)


def account_of_run(view: RunView, query: CompareQuery, comparison: Comparison) -> Account:
    """Return the account of a run."""
    return _with_past(view, account_of(view.run.name, view.as_of, query, comparison))


def account_of(name: str | None, as_of: float, query: CompareQuery, comparison: Comparison) -> Account:
    """Return the account of a question from typed numbers: its pace is all that is known of the past."""
    more = (*query.scenarios, *comparison.suggestions)
    asked = replace(query, experiments=query.experiments or USUAL_EXPERIMENTS)
    repeated = compare(asked).verdict.saving_over_experiments_seconds
    verdict = replace(comparison.verdict, saving_over_experiments_seconds=repeated)
    return Account(
        name=name,
        as_of=as_of,
        query=asked,
        comparison=replace(comparison, verdict=verdict),
        extended=compare(replace(query, scenarios=more)) if comparison.suggestions else comparison,
        hurried=compare(replace(query, attention_seconds=HURRY_SECONDS)),
        measured=_typed(query),
    )


def account_of_past(view: RunView) -> Account:
    """Return the account of a run that leaves nothing to compare: what it took so far."""
    query = CompareQuery(
        view.at_step or 0,
        Plan(view.total_steps),
        PaceDurations(),
        (),
        elapsed_seconds=view.elapsed_seconds,
    )
    nothing = Comparison((), Verdict("wait"))
    return _with_past(view, Account(view.run.name, view.as_of, query, nothing, nothing, nothing, ()))


def _with_past(view: RunView, account: Account) -> Account:
    pace = view.pace
    parts = (
        ("startup", pace.startup),
        ("step", pace.step),
        ("validation", pace.validation),
        ("checkpoint", pace.checkpoint),
    )
    measured = [
        Measured(phase, one.mean_seconds, one.quick_seconds, one.slow_seconds, one.count)
        for phase, one in parts
        if one
    ]
    spent = [(row.phase, row.spent_seconds) for row in view.ledger if row.spent_seconds]
    return replace(
        account,
        measured=measured,
        spent=[row for row in spent if row[0] != "queue"],
        first_loss=view.first_loss,
        loss_now=math.nan if view.state_word == "diverged" else view.loss_now,
        val_loss=view.last_val.loss if view.last_val else None,
    )


def _typed(query: CompareQuery) -> list[Measured]:
    parts: tuple[tuple[str, Duration | None], ...] = (
        ("startup", query.pace.startup_seconds),
        ("step", query.pace.step_seconds),
        ("validation", query.pace.validation_seconds),
        ("checkpoint", query.pace.checkpoint_seconds),
    )
    return [
        Measured(phase, one.median, one.low, one.high, None) for phase, one in parts if one and one.median > 0
    ]
