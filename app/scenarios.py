"""The live comparison's question: this run going on, against its fix and relaunch."""

import re
from dataclasses import dataclass, replace
from typing import Any

from app.curves import latent_curve, lowest, validation_curve
from app.forecasts import RunFits
from app.habits import Habits
from app.paces import assumed_plan, begun_counts, begun_seconds, pace_durations, validations_left
from app.schemas.compare import SCRIPT
from app.settings import Settings
from app.snapshot import Snapshot
from app.states import has_diverged
from planner.course import DEAD_CURVES
from planner.eta import EtaQuery
from planner.loss_path import CurveSource, RefusedCurve
from planner.scenario import CompareQuery, Economics, PlanOverrides, Scenario, Target

CONTINUE, RELAUNCH = "continue", "fix and relaunch"
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands: what is stored of it, its question of time, its fits, and its user's habits."""

    snapshot: Snapshot
    query: EtaQuery
    fits: RunFits
    habits: Habits


def default_scenario(habits: Habits) -> dict[str, Any]:
    """Return the relaunch that is compared until the person says otherwise, in API.md's form."""
    return {
        "name": RELAUNCH,
        "action": "relaunch",
        "edit_seconds": habits.edit.pair,
        "test_seconds": habits.test.pair,
        "queue_seconds": habits.queue.pair,
        "resume_step": 0,
        "cancel": "at_relaunch",
    }


def compare_query(standing: Standing, relaunch: Scenario, settings: Settings) -> CompareQuery:
    """Return the question whether to go on.

    Args:
        standing: the run.
        relaunch: the alternative, with its curve where one is known.
        settings: the service's.
    """
    snapshot, query = standing.snapshot, standing.query
    gpus = snapshot.job.gpus if snapshot.job is not None else None
    question = CompareQuery(
        at_step=query.at_step,
        plan=assumed_plan(query),
        pace=pace_durations(query, settings),
        scenarios=_scenarios(standing, relaunch),
        job=snapshot.run.job.id if snapshot.run.job else None,
        script=_script(snapshot),
        elapsed_seconds=query.elapsed_seconds,
        before_seconds=query.before_seconds,
        economics=economics_of(gpus, settings),
        quantiles=LEVELS,
        begun_seconds=begun_seconds(query),
        begun_counts=begun_counts(query),
    )
    return _aimed(question, standing)


def _aimed(question: CompareQuery, standing: Standing) -> CompareQuery:
    """Return the question with the run's target, or with why there is none to reach."""
    if standing.snapshot.target_loss is None:
        return question
    target = Target(standing.snapshot.target_loss, standing.snapshot.target_of)
    if _is_reached(standing, target.loss):
        return replace(question, reached=target)
    return replace(question, target=target) if target.is_forecast else replace(question, left_out=target)


def economics_of(gpus: int | None, settings: Settings) -> Economics | None:
    """Return what a run's hours cost: its GPUs as the scheduler says, prices as the service is set."""
    if gpus is None:
        return None
    return Economics(
        gpus=gpus,
        gpu_hour_price=settings.gpu_hour_price,
        currency=settings.currency,
        watts_per_gpu=settings.watts_per_gpu,
        grams_co2_per_kwh=settings.grams_co2_per_kwh,
    )


def _script(snapshot: Snapshot) -> str | None:
    """Return the batch script of a run's job as it was submitted, where it can be shown as a command."""
    command = snapshot.job.command if snapshot.job is not None else None
    return command if command is not None and re.fullmatch(SCRIPT, command) else None


def _scenarios(standing: Standing, relaunch: Scenario) -> tuple[Scenario, ...]:
    """Return what is compared; where the run is dead, a relaunch of which nothing is known is no way out.

    A fix of which nobody has said how it learns is taken to learn as the run does, along the very same curve:
    so the two are always comparable, and none gains by a guess.
    """
    left, dead = validations_left(standing.query), _dead(standing)
    is_known = relaunch.curve is not None and not isinstance(relaunch.curve, RefusedCurve)
    if dead is not None:
        going_on = Scenario(CONTINUE, "continue", dead, validations_left=left)
        return (going_on, relaunch) if is_known else (going_on,)
    expected = _expected(standing, relaunch)
    going_on = Scenario(CONTINUE, "continue", expected, validations_left=left)
    return going_on, replace(relaunch, curve=relaunch.curve or expected)


def _dead(standing: Standing) -> RefusedCurve | None:
    """Return why going on is pointless, ``None`` where it is not: the training loss left the finite."""
    if has_diverged(standing.snapshot.blocks):
        return RefusedCurve("diverged")
    reason = standing.fits.train.reason if standing.fits.train is not None else None
    return RefusedCurve(reason) if reason in DEAD_CURVES else None


def _expected(standing: Standing, relaunch: Scenario) -> CurveSource | None:
    """Return the curve the run goes on along, from its beginning where a relaunch is to follow it, too."""
    fitted, last = standing.fits.of(standing.snapshot.target_of), standing.query.plan.total_steps
    if fitted is None or last is None:
        return None
    is_shared = relaunch.curve is None
    longer = (relaunch.plan or PlanOverrides()).total_steps if is_shared else None
    first = 1 if is_shared else standing.query.at_step
    return latent_curve(fitted, first, max(last, longer or last), _lowest_seen(standing))


def _is_reached(standing: Standing, loss: float) -> bool:
    """Return whether the declared target has been reached: from then on only time is compared."""
    seen = _lowest_seen(standing)
    return seen is not None and seen <= loss


def _lowest_seen(standing: Standing) -> float | None:
    """Return the lowest loss reached; of a training curve the fit's, for single steps are noisy."""
    snapshot, at_step = standing.snapshot, standing.query.at_step
    if snapshot.target_of == "val":
        return lowest(validation_curve(snapshot.validations, at_step))
    here = standing.fits.train.at((float(at_step),), (0.5,)) if standing.fits.train is not None else ()
    return here[0].quantiles.values[0] if here else None
