"""From views to what the API says of a run."""

from typing import Any

import numpy as np

from app.api.comparing import verdict_answer
from app.forecast_words import told
from app.store.facts import Validation
from app.viewing import row_of
from app.views import RunRow, RunView
from app.wire import to_wire
from app.words import Words
from planner.curve import Kind
from planner.forecast import Forecast

OF_RUN = ("id", "name", "user", "created", "last_record_at", "finished", "replaces")


def run_answer(row: RunRow) -> dict[str, Any]:
    """Return a run in a few numbers."""
    run = row.run
    return {
        **{
            name: getattr(run, name)
            for name in ("id", "name", "user", "created", "last_record_at", "finished")
        },
        "replaces": run.replaces,
        "job": to_wire(run.job),
        "job_state": row.job.state if row.job else None,
        "job_seen_at": row.job_seen_at,
        "state": row.state_word,
        "badge": row.badge,
        "at_step": row.at_step,
        "total_steps": row.total_steps,
        "loss_now": row.loss_now,
        "last_val_loss": row.last_val_loss,
        "target_loss": row.target_loss,
        "remaining_seconds": to_wire(row.remaining_seconds),
        "finishes_within_limit": row.finishes_within_limit,
        "verdict": verdict_answer(row.verdict) if row.verdict else None,
        "reason": row.reason,
        "warnings": dict(run.warnings),
        "as_of": row.as_of,
        "version": row.version,
    }


def run_detail(view: RunView) -> dict[str, Any]:
    """Return everything of a run but its curves."""
    same = (
        "target_of", "first_loss", "next_validation_step", "pace", "ledger", "startup_seconds",
        "elapsed_seconds", "time_limit_seconds", "audit", "scenario", "scenario_is_default", "replacement",
        "replaced_by", "verdict_since", "limit", "early_stop",
    )  # fmt: skip
    detail = {name: to_wire(getattr(view, name)) for name in same}
    return {**run_answer(row_of(view)), "plan": to_wire(view.run.plan), **detail}


def forecast_answer(name: str, found: Forecast, kind: Kind, total_steps: int | None) -> dict[str, Any]:
    """Return the forecast of one curve, with what is to be said of it in English."""
    text = told(found, kind, total_steps, Words())
    return {"id": name, **to_wire(found), "text": None if text is None else text.unescape()}


def forecasts_of(view: RunView) -> list[dict[str, Any]]:
    """Return the forecasts of a run's curves."""
    train, val, total = view.forecast_train, view.forecast_val, view.total_steps
    told_of_train = [] if train is None else [forecast_answer("train", train, "train", total)]
    return told_of_train + ([] if val is None else [forecast_answer("val", val, "val", total)])


def points_of(view: RunView) -> dict[str, Any]:
    """Return a run's curves for a chart."""
    blocks = view.blocks
    kept = blocks.loss_count > 0
    middle = (blocks.first_step[kept] + blocks.last_step[kept]) / 2
    columns = {
        "steps": middle,
        "losses": blocks.loss_mean[kept],
        "lowest": blocks.loss_min[kept],
        "highest": blocks.loss_max[kept],
        "ended": blocks.ended[kept],
    }
    validations = [item for item in view.validations if item.loss is not None]
    return {
        **{name: to_wire(np.asarray(column)) for name, column in columns.items()},
        "validation_steps": [item.step for item in validations],
        "validation_losses": to_wire([item.loss for item in validations]),
        "validation_ended": [_ended(item) for item in validations],
        "as_of": view.as_of,
    }


def _ended(validation: Validation) -> float | None:
    return None if validation.seconds is None else validation.started + validation.seconds
