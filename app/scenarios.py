"""The live comparison's question: this run going on, against its fix and relaunch."""

from dataclasses import dataclass
from typing import Any

from app.curves import latent_curve, lowest, training_curve, validation_curve
from app.forecasts import Kind, RunFits
from app.paces import pace_durations, validations_left
from app.settings import Settings
from app.snapshot import Snapshot
from planner.curve import Curve
from planner.eta import EtaQuery
from planner.scenario import CompareQuery, Economics, Scenario, Target

CONTINUE, RELAUNCH = "continue", "fix and relaunch"
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands: what is stored of it, its question of time, its fits."""

    snapshot: Snapshot
    query: EtaQuery
    fits: RunFits


def default_scenario(snapshot: Snapshot, settings: Settings) -> dict[str, Any]:
    """Return the relaunch that is compared until the person says otherwise, in API.md's form.

    The queue is taken to be as long as this job's own was, within a factor of three.
    """
    return {
        "name": RELAUNCH,
        "action": "relaunch",
        "edit_seconds": [settings.edit_low_seconds, settings.edit_high_seconds],
        "test_seconds": [settings.test_low_seconds, settings.test_high_seconds],
        "queue_seconds": _queue(snapshot, settings),
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
    target, gpus = snapshot.target_loss, snapshot.job.gpus if snapshot.job is not None else None
    return CompareQuery(
        at_step=query.at_step,
        plan=query.plan,
        pace=pace_durations(query, settings),
        scenarios=(_going_on(standing), relaunch),
        target=None if target is None else Target(target, snapshot.target_of),
        job=snapshot.run.job.id if snapshot.run.job else None,
        elapsed_seconds=query.elapsed_seconds,
        economics=None if gpus is None else Economics(gpus=gpus),
        quantiles=LEVELS,
    )


def _going_on(standing: Standing) -> Scenario:
    snapshot, query = standing.snapshot, standing.query
    kind, last = snapshot.target_of, query.plan.total_steps
    fitted = standing.fits.of(kind)
    curve = None
    if fitted is not None and last is not None:
        curve = latent_curve(fitted, query.at_step, last, lowest(_curve(snapshot, kind)))
    return Scenario(CONTINUE, "continue", curve, validations_left=validations_left(query))


def _curve(snapshot: Snapshot, kind: Kind) -> Curve:
    last = snapshot.at_step or 0
    if kind == "train":
        return training_curve(snapshot.blocks, last)
    return validation_curve(snapshot.validations, last)


def _queue(snapshot: Snapshot, settings: Settings) -> list[float]:
    job = snapshot.job
    if job is None or job.submitted is None or job.started is None:
        return [settings.queue_low_seconds, settings.queue_high_seconds]
    waited = max(job.started - job.submitted, 1.0)
    return [waited / 3, waited * 3]
