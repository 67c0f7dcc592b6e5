"""From what is stored and fitted of a run to what is shown of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.early_stops import stop_of_run
from app.forecasts import Kind, RunFits, answer, band
from app.judging import Judgement
from app.ledger import ledger
from app.paces import measured
from app.run_limit import RunLimit, run_limit
from app.scenarios import CONTINUE, Standing
from app.snapshot import Snapshot, reached_step, without_given_up
from app.states import badge_of, has_settled, is_queued, state_word
from app.store import Store
from app.store.facts import Run, StepBlocks
from app.targets import reached_loss
from app.views import RunRow, RunView, StateWord
from planner.eta import Eta, EtaQuery, eta
from planner.forecast import LossAt
from planner.loss_path import CurveSource, LatentCurve, Milestone, MilestoneCurve
from planner.pace import Pace
from planner.plan import validations_due
from planner.quantiles import Quantiles
from planner.report import Comparison
from planner.situation import steps_left

FEWEST, SMOOTHED_RECORDS = 5, 20
LIGHT_BLOCKS = 100
SPARK_POINTS = 40
OVER: frozenset[StateWord] = frozenset({"finished", "failed", "stopped"})
HOPELESS: frozenset[StateWord] = OVER | {"diverged"}
"""Of such a run no further loss is to be expected."""
BAND_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Materials:
    """All a view is made of.

    Attributes:
        standing: what is stored of it, its question of time, its fits.
        judgement: of going on.
        replacement: data of the newest replacement.
        replaced_by: id of the run that replaces this one.
        now: epoch seconds.
        stale_after_seconds: of silence.
        version: changes whenever anything shown changes.
    """

    standing: Standing
    judgement: Judgement
    replacement: Mapping[str, Any] | None
    replaced_by: str | None
    now: float
    stale_after_seconds: float
    version: str


def make_view(materials: Materials) -> RunView:
    """Return everything shown of a run."""
    standing, judgement = materials.standing, materials.judgement
    comparison = judgement.comparison
    snapshot, query, pace = standing.snapshot, standing.query, measured(standing.snapshot)
    state = state_word(
        snapshot.run,
        snapshot.job,
        snapshot.job_seen_at,
        snapshot.blocks,
        materials.now,
        materials.stale_after_seconds,
    )
    if is_queued(snapshot.run, snapshot.job, snapshot.job_seen_at):
        state = "queued"
    answered = _over(query) if state in OVER else eta(query)
    if state in OVER:
        comparison = None  # its job has ended, though it left no word: nothing is to be decided any more
    return RunView(
        **_stored(snapshot),
        **_forecasts(snapshot, standing.fits, is_over=state in HOPELESS),
        state_word=state,
        badge=badge_of(
            state,
            comparison.verdict.action if comparison else None,
            answered.finishes_within_limit if has_settled(snapshot.attempts) else None,
            list(snapshot.run.warnings),
            _reach(comparison),
        ),
        pace=pace,
        eta=answered,
        next_validation_step=_next_validation(query),
        comparison=comparison,
        scenario=judgement.scenario,
        scenario_is_default=judgement.is_default,
        relaunch_band=() if comparison is None else _relaunch_band(judgement.curve),
        verdict_since=judgement.since,
        ledger=ledger(snapshot, answered, query.elapsed_seconds, _silent(snapshot.run, state, materials.now)),
        elapsed_seconds=query.elapsed_seconds,
        time_limit_seconds=query.time_limit_seconds,
        replacement=materials.replacement,
        replaced_by=materials.replaced_by,
        as_of=materials.now,
        version=materials.version,
        habits=standing.habits,
        economics=judgement.economics,
        limit=None if state in OVER or state == "queued" else _limit(standing, pace, materials.now),
        early_stop=None if state in OVER else stop_of_run(snapshot, query, standing.fits),
    )


def _silent(run: Run, state: StateWord, now: float) -> float:
    """Return the seconds of which nothing is known of a run that should report."""
    return max(now - run.last_record_at, 0.0) if state in {"stale", "offline"} else 0.0


def _limit(standing: Standing, pace: Pace, now: float) -> RunLimit | None:
    return run_limit(standing.query, pace, standing.habits.anew.middle_seconds, now)


def _over(query: EtaQuery) -> Eta:
    """Return the answer for a run that has ended: nothing is to come, whatever its plan still held."""
    return Eta("refused", "finished", steps_left(query.at_step, query.plan.total_steps))


def _stored(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "run": snapshot.run,
        "attempts": snapshot.attempts,
        "job": snapshot.job,
        "job_seen_at": snapshot.job_seen_at,
        "at_step": snapshot.at_step,
        "total_steps": snapshot.plan.total_steps,
        "first_loss": _first_loss(snapshot.blocks),
        "loss_now": loss_now(snapshot.blocks),
        "last_val": snapshot.validations[-1] if snapshot.validations else None,
        "target_loss": snapshot.target_loss,
        "target_of": snapshot.target_of,
        "blocks": snapshot.blocks,
        "validations": snapshot.validations,
        "checkpoints": snapshot.checkpoints,
        "startup_seconds": snapshot.startup_seconds,
        "audit": snapshot.audit,
        "notes": snapshot.warnings,
        "commands": snapshot.commands,
    }


def _reach(comparison: Comparison | None) -> float | None:
    """Return the probability that going on reaches the target, ``None`` where none is to be reached."""
    found = comparison.outcomes if comparison is not None else ()
    return next((one.probability_of_target for one in found if one.name == CONTINUE), None)


def _forecasts(snapshot: Snapshot, fits: RunFits, *, is_over: bool) -> dict[str, Any]:
    """Return what is forecast; of a run that has ended, or diverged, no loss is to come: there is no band."""
    total, at_step = snapshot.plan.total_steps, snapshot.at_step or 0
    band_of = _band_of(snapshot, fits)
    return {
        "forecast_train": answer(fits.train, total, _target(snapshot, "train")),
        "forecast_val": answer(fits.val, total, _target(snapshot, "val")),
        "band": () if is_over else band(fits.of(band_of), at_step, float(total or 2 * at_step)),
        "band_of": band_of,
    }


def row_of(view: RunView) -> RunRow:
    """Return a view's line of the list."""
    return RunRow(
        run=view.run,
        job=view.job,
        job_seen_at=view.job_seen_at,
        state_word=view.state_word,
        badge=view.badge,
        at_step=view.at_step,
        total_steps=view.total_steps,
        loss_now=view.loss_now,
        last_val_loss=_finite(view.last_val.loss) if view.last_val else None,
        target_loss=view.target_loss,
        remaining_seconds=view.eta.remaining_seconds,
        finishes_within_limit=view.eta.finishes_within_limit,
        verdict=view.comparison.verdict if view.comparison else None,
        reason=view.eta.reason,
        as_of=view.as_of,
        version=view.version,
        spark=_spark(view.blocks),
        spark_share=min((view.at_step or 0) / view.total_steps, 1.0) if view.total_steps else 1.0,
        loss_at_end=_loss_at_end(view),
        target_chance=_reach(view.comparison),
        ledger=view.ledger,
        elapsed_seconds=view.elapsed_seconds,
        time_limit_seconds=view.time_limit_seconds,
        early_stop_probability=view.early_stop.probability if view.early_stop else None,
        requeues=view.limit.outlook.requeues.at(0.5) if view.limit else None,
        act_before=view.limit.act_before if view.limit else None,
        target_of=view.target_of,
        is_settled=has_settled(view.attempts),
        reached_loss=reached_loss(view.target_loss, view.target_of, view.loss_now, view.validations),
    )


def light_row(store: Store, run: Run, now: float, stale_after_seconds: float) -> RunRow:
    """Return the line of a run that has not been computed yet: its bare facts."""
    job, attempts = store.job(run.job) if run.job else None, store.attempts(run.id)
    at_step, (facts, seen_at) = reached_step(attempts), job or (None, None)
    blocks = without_given_up(store.step_blocks(run.id, LIGHT_BLOCKS), at_step)
    state = state_word(run, facts, seen_at, blocks, now, stale_after_seconds)
    if is_queued(run, facts, seen_at):
        state = "queued"
    return RunRow(
        run=run,
        job=facts,
        job_seen_at=seen_at,
        state_word=state,
        badge=badge_of(state, None, None, ()),
        at_step=at_step,
        total_steps=run.plan.get("total_steps"),
        loss_now=loss_now(blocks),
        last_val_loss=None,
        target_loss=run.plan.get("target_loss"),
        remaining_seconds=None,
        finishes_within_limit=None,
        verdict=None,
        reason="not_computed_yet",
        as_of=now,
        version=str(run.version),
        target_of=run.plan.get("target_of"),
    )


def loss_now(blocks: StepBlocks) -> float | None:
    """Return the mean of the newest finite losses: a tenth of them, but neither very few nor very many.

    More would lag behind a curve that has just begun to fall.
    """
    finite = np.flatnonzero(blocks.finite_count > 0)[::-1]
    if not len(finite):
        return None
    behind = np.cumsum(blocks.finite_count[finite])
    wanted = min(SMOOTHED_RECORDS, max(FEWEST, behind[-1] / 10))
    taken = finite[: int(np.searchsorted(behind, wanted)) + 1]
    return float(np.average(blocks.loss_mean[taken], weights=blocks.finite_count[taken]))


def _finite(loss: float | None) -> float | None:
    return loss if loss is not None and math.isfinite(loss) else None


def _first_loss(blocks: StepBlocks) -> float | None:
    finite = blocks.loss_mean[blocks.finite_count > 0]
    return float(finite[0]) if len(finite) else None


def _target(snapshot: Snapshot, kind: Kind) -> float | None:
    return snapshot.target_loss if snapshot.target_of == kind else None


def _band_of(snapshot: Snapshot, fits: RunFits) -> Kind:
    wanted = fits.of(snapshot.target_of)
    other: Kind = "train" if snapshot.target_of == "val" else "val"
    return snapshot.target_of if wanted is not None and wanted.reason is None else other


def _next_validation(query: EtaQuery) -> int | None:
    due = validations_due(query.plan, query.at_step, query.validations.seen)
    first = due.first_from(0).item() if due is not None and due.count else None
    return None if first is None else int(first)


def _relaunch_band(curve: CurveSource | None) -> tuple[LossAt, ...]:
    if isinstance(curve, MilestoneCurve):
        return tuple(_milestone(one) for one in curve.milestones)
    if not isinstance(curve, LatentCurve):
        return ()
    rows = [curve.losses[curve.levels.index(level)] for level in BAND_LEVELS]
    columns = zip(curve.steps, zip(*rows, strict=True), strict=True)
    return tuple(LossAt(step, Quantiles(BAND_LEVELS, tuple(losses))) for step, losses in columns)


def _milestone(milestone: Milestone) -> LossAt:
    low, high = milestone.high if milestone.low is None else milestone.low, milestone.high
    middle = (low * high) ** 0.5 if low > 0 else (low + high) / 2
    return LossAt(milestone.step, Quantiles((0.1, 0.5, 0.9), (low, middle, high)))


def _spark(blocks: StepBlocks) -> tuple[float, ...]:
    """Return the losses of the list's small curve: those nearest to evenly spaced steps."""
    known = np.flatnonzero(blocks.finite_count > 0)
    if not len(known):
        return ()
    steps = blocks.last_step[known]
    wanted = np.linspace(steps[0], steps[-1], min(SPARK_POINTS, len(known)))
    nearest = known[np.unique(np.searchsorted(steps, wanted).clip(0, len(known) - 1))]
    return tuple(blocks.loss_mean[nearest].tolist())


def _loss_at_end(view: RunView) -> float | None:
    if view.state_word in HOPELESS:
        return None
    forecast = view.forecast_val if view.band_of == "val" else view.forecast_train
    if forecast is None or forecast.status == "refused" or not forecast.at:
        return None
    return forecast.at[0].quantiles.at(0.5)
