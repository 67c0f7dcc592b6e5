"""What early stopping does to a run: of a stored one, and of one that a call describes."""

from collections.abc import Sequence

import numpy as np

from app.curves import LATENT_LEVELS, latent_curve
from app.forecasts import RunFits
from app.snapshot import Snapshot
from app.store.facts import FloatArray, Validation
from planner.curve import Curve
from planner.early_stopping import EarlyStop, early_stop
from planner.eta import EtaQuery
from planner.forecast import Fitted, ForecastQuery, fit_curve
from planner.stop_rule import EarlyStopping


def stop_of_run(snapshot: Snapshot, query: EtaQuery, fits: RunFits) -> EarlyStop | None:
    """Return what early stopping does to a stored run, ``None`` where it declares none."""
    rule = query.plan.early_stopping
    if rule is None:
        return None
    seen = [one for one in snapshot.validations if one.step <= query.at_step]
    return _stop(query, _watched(rule, seen), fits.val)


def stop_of_call(query: EtaQuery, losses: Sequence[float | None] | None) -> EarlyStop | None:
    """Return what early stopping does to a run that a call describes, ``None`` where it declares none.

    Args:
        query: the run as the call has it.
        losses: of the query's validations, in their order, where they were given; ``None`` is not finite.
    """
    if query.plan.early_stopping is None:
        return None
    steps = np.asarray(query.validations.step, dtype=float)
    values = np.array([np.nan if loss is None else loss for loss in losses or ()], dtype=float)
    is_watched = query.plan.early_stopping.watches_loss and len(values) == len(steps)
    values = values if is_watched else np.full(len(steps), np.nan)
    own = steps <= query.at_step
    if not np.isfinite(values[own]).any():
        return _stop(query, values[own], None)
    curve = Curve(steps[own], values[own], "val")
    asked = ForecastQuery(curve, total_steps=query.plan.total_steps, levels=LATENT_LEVELS)
    return _stop(query, values[own], fit_curve(asked))


def _watched(rule: EarlyStopping, seen: Sequence[Validation]) -> FloatArray:
    named = [_value(rule, one) for one in seen]
    return np.array([np.nan if value is None else value for value in named], dtype=float)


def _value(rule: EarlyStopping, validation: Validation) -> float | None:
    """Return what the rule watches: the metric of that name, else the loss where it is the loss."""
    metric = (validation.metrics or {}).get(rule.monitor or "")
    if isinstance(metric, int | float) and not isinstance(metric, bool):
        return float(metric)
    return validation.loss if rule.watches_loss else None


def _stop(query: EtaQuery, values: FloatArray, fitted: Fitted | None) -> EarlyStop | None:
    total = query.plan.total_steps
    if fitted is None or total is None:
        return early_stop(query, values, None)
    return early_stop(query, values, latent_curve(fitted, float(query.at_step), float(total)))
