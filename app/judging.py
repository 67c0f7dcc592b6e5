"""The live comparison of a run, and the verdict that does not flicker."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog

from app.curves import Alignment
from app.earlier import EarlierRuns, aligned_curve
from app.questions import chosen_curve, scenario_of
from app.scenarios import Standing, compare_query, default_scenario, economics_of
from app.schemas.compare import RelaunchFields
from app.settings import Settings
from app.store import Store
from planner.curve import Kind
from planner.errors import InvalidInputError
from planner.hysteresis import Advice, hold
from planner.loss_path import CurveSource
from planner.report import Comparison, compare
from planner.scenario import CompareQuery, Economics, PlanOverrides, Scenario, Target
from planner.verdict import Verdict

SURENESS = "sureness"
"""Kind of the history of how sure verdicts were."""

LEAST_MOVE, SOONEST_SECONDS = 0.03, 60.0

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Judgement:
    """The live comparison and what it was made with.

    Attributes:
        comparison: ``None`` where there is nothing to compare: no declared end, or it is reached.
        scenario: the relaunch compared, in API.md's form.
        is_default: whether nobody has said anything else.
        curve: what the relaunched run's losses are expected to be.
        since: epoch seconds when the verdict took its present action.
        economics: what the run's hours cost; ``None`` where its GPUs are not known.
    """

    comparison: Comparison | None
    scenario: Mapping[str, Any]
    is_default: bool
    curve: CurveSource | None
    since: float | None
    economics: Economics | None = None


class Judge:
    """Compares a run's going on with its relaunch and remembers what was advised.

    Args:
        store: the store.
        settings: the service's.
        earlier: knows what earlier runs' curves say.
    """

    def __init__(self, store: Store, settings: Settings, earlier: EarlierRuns) -> None:
        self._store = store
        self._settings = settings
        self._earlier = earlier

    def judge(self, standing: Standing, now: float) -> Judgement:
        """Return the live comparison of a run at a moment, epoch seconds."""
        run = standing.snapshot.run
        stored = self._store.document(run.id, "scenario")
        scenario = stored[0] if stored else default_scenario(standing.habits)
        total = standing.query.plan.total_steps
        if run.finished is not None or total is None or standing.query.at_step >= total:
            return Judgement(None, scenario, stored is None, None, None)
        try:
            comparison, curve, since = self._compared(standing, scenario, now)
        except InvalidInputError as error:  # what was declared contradicts itself
            logger.warning("nothing_to_compare", run=run.id, error=str(error))
            return Judgement(None, scenario, stored is None, None, None)
        job = standing.snapshot.job
        economics = economics_of(job.gpus if job is not None else None, self._settings)
        return Judgement(comparison, scenario, stored is None, curve, since, economics)

    def question(
        self, standing: Standing, fields: RelaunchFields, plan: PlanOverrides, target_loss: float | None
    ) -> CompareQuery:
        """Return the question of a what-if: nothing of it is remembered.

        Args:
            standing: the run.
            fields: the relaunch asked about.
            plan: what both options declare otherwise; what the relaunch itself declares goes before it.
            target_loss: the loss both are to reach, ``None`` for none; the declared one, too, where it is
                reached or left out.
        """
        standing = _with_end(standing, plan)
        total = plan.total_steps or standing.query.plan.total_steps or 1
        question = compare_query(
            standing, scenario_of(fields, self._curve(standing, fields, total)), self._settings
        )
        if target_loss != standing.snapshot.target_loss:
            asked = None if target_loss is None else Target(target_loss, standing.snapshot.target_of)
            question = replace(question, target=asked, reached=None, left_out=None)
        return replace(question, scenarios=tuple(_with_plan(one, plan) for one in question.scenarios))

    def _curve(self, standing: Standing, fields: RelaunchFields, total: int) -> CurveSource | None:
        run, kind = standing.snapshot.run, standing.snapshot.target_of
        last = float((fields.plan.total_steps if fields.plan else None) or total)
        first = float(standing.query.at_step if fields.resume_step == "latest" else fields.resume_step)
        if fields.curve is not None:
            return chosen_curve(fields.curve, kind, first, last, partial(self._curve_of, standing))
        like = self._earlier.resembling(run)
        return None if like is None else self._earlier.curve_of(like, kind, first, last)

    def _curve_of(  # noqa: PLR0913, PLR0917 - bound to a run's standing it is a RunCurve
        self, standing: Standing, run_id: str, kind: Kind, first: float, last: float, at: Alignment
    ) -> CurveSource | None:
        """Return what a run's curve says of the fix; its own is fitted already."""
        run = standing.snapshot.run
        if run_id == run.id:
            return aligned_curve(standing.fits, kind, first, last, at)
        return self._earlier.curve(run.user, run_id, kind, first, last, at)

    def _compared(
        self, standing: Standing, scenario: Mapping[str, Any], now: float
    ) -> tuple[Comparison, CurveSource | None, float]:
        """Return the comparison, the curve it expects of the relaunch, and since when its advice stands."""
        fields = RelaunchFields.model_validate(scenario)
        curve = self._curve(standing, fields, standing.query.plan.total_steps or 1)
        question = compare_query(standing, scenario_of(fields, curve), self._settings)
        comparison, since = self._settled(standing.snapshot.run.id, question, now)
        return comparison, curve, since

    def _settled(self, run_id: str, question: CompareQuery, now: float) -> tuple[Comparison, float]:
        """Return the comparison, its advice kept until the evidence has moved, and since when it stands."""
        comparison = compare(question, tells_suggested=True)
        last = self._store.history(run_id, "verdict", 1)
        at, said = last[-1] if last else (now, None)
        previous = Advice(said["action"], said["scenario"]) if said else None
        verdict = hold(previous, question, comparison)
        if said is None or said["action"] != verdict.action:
            at = now
            advice = {name: getattr(verdict, name) for name in ("action", "scenario", "probability")}
            self._store.append_history(run_id, "verdict", now, advice)
        self._note_sureness(run_id, verdict, now)
        return replace(comparison, verdict=verdict), at

    def _note_sureness(self, run_id: str, verdict: Verdict, now: float) -> None:
        """Keep how sure a verdict is whenever that has moved: a history holds a few hundred at most."""
        if verdict.probability is None:
            return
        last = self._store.history(run_id, SURENESS, 1)
        if last and last[0][1]["action"] == verdict.action:
            at, said = last[0]
            moved = abs(said["probability"] - verdict.probability)
            if now - at < SOONEST_SECONDS or moved < LEAST_MOVE:
                return
        told = {"action": verdict.action, "probability": verdict.probability}
        self._store.append_history(run_id, SURENESS, now, told)


def _with_end(standing: Standing, plan: PlanOverrides) -> Standing:
    """Return a run that declares no end with the one asked about: the farther, the less sure is its pace."""
    query, total = standing.query, plan.total_steps
    if query.plan.total_steps is not None or total is None or total <= query.at_step:
        return standing
    return replace(standing, query=replace(query, plan=replace(query.plan, total_steps=total)))


def _with_plan(scenario: Scenario, plan: PlanOverrides) -> Scenario:
    own = scenario.plan or PlanOverrides()
    named = {name: getattr(own, name) for name in PlanOverrides.__dataclass_fields__}
    given = {name: value for name, value in named.items() if value is not None}
    is_counted_anew = plan.validate_every is not None
    left = None if is_counted_anew else scenario.validations_left
    return replace(scenario, plan=replace(plan, **given), validations_left=left)
