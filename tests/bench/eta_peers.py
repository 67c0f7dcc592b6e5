"""The rules people's tools use today, re-coded from their sources; each answers one number."""

from collections.abc import Callable

import numpy as np
from eta_cases import Case

from planner.eta import eta
from planner.timings import Timings


def tqdm_rule(case: Case, smoothing: float = 0.3) -> float:
    """Answer as a tqdm bar over the whole run does (``std.py``: EMA of dt and dn, bias-corrected).

    With smoothing 0 the bar uses the mean rate since it was created.
    """
    elapsed = np.diff(case.clock, prepend=_bar_start(case))
    ahead = np.diff(case.done, prepend=float(case.first_step))
    if smoothing == 0:
        return _left(case) * float(elapsed.sum()) / max(float(ahead.sum()), 1e-9)
    weights = smoothing * (1 - smoothing) ** np.arange(min(len(elapsed), 200))[::-1]
    recent = slice(-len(weights), None)
    return _left(case) * float(weights @ elapsed[recent]) / max(float(weights @ ahead[recent]), 1e-9)


def tqdm_mean_rule(case: Case) -> float:
    """Answer as a tqdm bar with smoothing 0 does."""
    return tqdm_rule(case, smoothing=0)


def fraction_rule(case: Case) -> float:
    """Answer elapsed / fraction done, as scripts and dashboards do; wrong on a resume by design."""
    return _left(case) * float(case.clock[-1]) / max(float(case.query.at_step), 1e-9)


def detectron2_rule(case: Case) -> float:
    """Answer the median of the last 1000 step times (``events.py``); validations are not in it."""
    seconds = np.asarray(case.query.steps.seconds, dtype=float)
    seconds = seconds[np.isfinite(seconds)]
    return _left(case) * float(np.median(seconds[-1000:])) if len(seconds) else tqdm_mean_rule(case)


def lightning_rule(case: Case) -> float:
    """Answer from this epoch's mean rate (smoothing 0, one bar an epoch, validation in a bar of its own)."""
    every = case.query.plan.validate_every
    begin = (case.query.at_step // every) * every if isinstance(every, int) else 0
    step, seconds = (np.asarray(c, dtype=float) for c in (case.query.steps.step, case.query.steps.seconds))
    epoch = seconds[(step > begin) & np.isfinite(seconds)]
    return _left(case) * float(epoch.mean()) if len(epoch) else detectron2_rule(case)


def phase_rule(case: Case) -> float:
    """Answer as a careful script would: median step x steps left, and each event due at the mean seen."""
    counted = eta(case.query)
    pairs = (
        (counted.validations_left, case.query.validations),
        (counted.checkpoints_left, case.query.checkpoints),
    )
    return detectron2_rule(case) + sum((left or 0) * _mean_seen(events) for left, events in pairs)


def _mean_seen(events: Timings) -> float:
    seconds = np.asarray(events.seconds, dtype=float)
    known = seconds[np.isfinite(seconds)]
    return float(known.mean()) if len(known) else 0.0


PEERS: dict[str, Callable[[Case], float]] = {
    "tqdm (0.3)": tqdm_rule,
    "tqdm (0)": tqdm_mean_rule,
    "elapsed/fraction": fraction_rule,
    "detectron2": detectron2_rule,
    "Lightning": lightning_rule,
    "phases by hand": phase_rule,
}


def _left(case: Case) -> float:
    return float((case.query.plan.total_steps or 0) - case.query.at_step)


def _bar_start(case: Case) -> float:
    return case.query.startup_seconds or 0.0
