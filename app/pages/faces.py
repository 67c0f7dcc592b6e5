"""Everything one page of a run shows, made ready: what its templates are given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.pages.answer import Answer, answer
from app.pages.assumptions import Assumption, assumptions
from app.pages.chart_table import ChartTable, chart_table, chart_title
from app.pages.evidence import BreakEven, Condition, better_if, break_even, why
from app.pages.facts import Fact, facts, freshness, job_state, state_text, warnings
from app.pages.law_facts import law
from app.pages.numbers import ENDED, Number, numbers, step_text
from app.pages.options import Timeline, timeline
from app.pages.output import Output, output_tail
from app.pages.pace_cells import PaceCell, pace_cells, pace_title
from app.pages.refusals import option_name
from app.pages.report_options import milestone_table
from app.pages.third_option import tip
from app.pages.time_ledger import TimeLedger, time_ledger

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.pages.report_blocks import Table
    from app.schemas.job_actions import JobAction
    from app.views import RunView
    from app.words import Words

FRAGMENTS = (
    "live",
    "head",
    "answer",
    "verdict",
    "weighing",
    "numbers",
    "chart_text",
    "ledger",
    "job",
    "pace",
    "output",
)
"""The parts of the page that are replaced when the run changes, each a template and an element's id."""


@dataclass(frozen=True, slots=True)
class RunFace:
    """A run's page, ready to show; the view itself is there for plain facts."""

    view: RunView
    state: Markup
    freshness: Markup
    job_state: Markup
    step: Markup
    answer: Answer
    timeline: Timeline
    break_even: BreakEven | None
    why: list[Markup]
    better_if: list[Condition]
    tip: Markup | None
    warnings: list[Markup]
    assumptions: list[Assumption]
    milestones: list[Table]
    numbers: list[Number]
    chart_title: Markup
    chart_table: ChartTable
    ledger: TimeLedger | None
    facts: list[Fact]
    law: list[Fact]
    pace_title: Markup
    pace: list[PaceCell]
    output: Output | None

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.view.state_word in ENDED

    @property
    def may_relaunch(self) -> bool:
        """Whether there is a job to be replaced, and no replacement under way."""
        view = self.view
        is_running = view.job is not None and view.job.is_active
        return is_running and not self.is_over and self.active_replacement is None

    @property
    def may_save(self) -> bool:
        """Whether the run has work to save: none before its first step, nor while its job waits."""
        return bool(self.view.at_step) and self.view.state_word != "queued"

    @property
    def stop_actions(self) -> tuple[JobAction, ...]:
        """Actions on the job that carry out the advice to stop; a model that diverged is not worth saving."""
        if self.view.badge != "stop":
            return ()
        is_worth_saving = self.may_save and self.view.state_word != "diverged"
        return ("checkpoint-cancel", "cancel") if is_worth_saving else ("cancel",)

    @property
    def active_replacement(self) -> str | None:
        """Id of the replacement under way."""
        newest = self.view.replacement
        if newest is None or newest.get("state") in {"done", "failed", "rolled_back"}:
            return None
        return str(newest["id"])


def run_face(view: RunView, words: Words) -> RunFace:
    """Return a run's page, ready to show."""
    return RunFace(
        view=view,
        state=state_text(view.state_word, words),
        freshness=freshness(view, words),
        job_state=job_state(view.job, words),
        step=step_text(view, words),
        answer=answer(view, words),
        timeline=timeline(view, words),
        break_even=break_even(view, words),
        why=why(view, words),
        better_if=better_if(view, words),
        tip=tip(view, words),
        warnings=warnings(view, words),
        assumptions=_assumptions(view, words),
        milestones=_milestones(view, words),
        numbers=numbers(view, words),
        chart_title=chart_title(view, words),
        chart_table=chart_table(view, words),
        ledger=time_ledger(view, words),
        facts=facts(view, words),
        law=law(view, words),
        pace_title=pace_title(view, words),
        pace=pace_cells(view, words),
        output=output_tail(view.job),
    )


def _assumptions(view: RunView, words: Words) -> list[Assumption]:
    if view.comparison is None:
        return []
    names = [one.name for one in view.comparison.outcomes]
    return assumptions(view.comparison.verdict.sensitivity, names, words)


def _milestones(view: RunView, words: Words) -> list[Table]:
    outcomes = view.comparison.outcomes if view.comparison else ()
    found = [(one.name, milestone_table(one, view.as_of, words)) for one in outcomes]
    return [replace(table, title=option_name(name, words)) for name, table in found if table is not None]
