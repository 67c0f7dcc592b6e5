"""What would have been said of the demo's runs while they went on: the planner's own answers, then."""

from collections.abc import Iterable

import numpy as np

from app.store import Store
from planner.eta import EtaQuery, InProgress, eta
from planner.plan import Plan
from planner.timings import Timings

MOMENTS = 60
SOONEST_SECONDS = 90.0


def replay(store: Store, runs: Iterable[str]) -> None:
    """Keep an ETA for each of some moments of each run, as the service does while it watches."""
    for run in runs:
        attempt = store.attempts(run)[-1]
        ended = store.step_blocks(run).ended
        known = ended[np.isfinite(ended)]
        if len(known):
            begin = attempt.started + SOONEST_SECONDS
            for moment in np.linspace(max(begin, float(known[0])), float(known[-1]), MOMENTS):
                _say(store, run, attempt.started, float(moment))


def _say(store: Store, run: str, started: float, moment: float) -> None:
    blocks, stored = store.step_blocks(run), store.run(run)
    kept = blocks.ended <= moment
    if stored is None or not kept.any():
        return
    declared = stored.plan
    plan = Plan(
        declared["total_steps"], declared["validate_every"], checkpoint_every=declared["checkpoint_every"]
    )
    at_step = int(blocks.last_step[kept].max())
    answer = eta(
        EtaQuery(
            at_step,
            plan,
            steps=Timings(
                blocks.last_step[kept].astype(float),
                blocks.seconds_mean[kept],
                blocks.seconds_count[kept].astype(float),
            ),
            validations=_done(store.validations(run), moment),
            checkpoints=_done(store.checkpoints(run), moment),
            in_progress=_under_way(store, run, moment),
            elapsed_seconds=moment - started,
        )
    )
    if answer.remaining_seconds is not None:
        said = {
            "step": at_step,
            "total_steps": plan.total_steps,
            "remaining_seconds": dict(answer.remaining_seconds.to_map()),
        }
        store.append_history(run, "eta", moment, said)


def _under_way(store: Store, run: str, moment: float) -> InProgress | None:
    """Return the validation that was running at a moment."""
    running = (one for one in store.validations(run) if 0 <= moment - one.started < (one.seconds or 0.0))
    return next((InProgress("validation", moment - one.started) for one in running), None)


def _done(events: Iterable[object], moment: float) -> Timings:
    """Return the events that were over by a moment."""
    over = [one for one in events if one.started + (one.seconds or 0.0) <= moment]  # type: ignore[attr-defined]  # validations and checkpoints alike
    seconds = [np.nan if one.seconds is None else one.seconds for one in over]  # type: ignore[attr-defined]  # same
    return Timings(np.array([float(one.step) for one in over]), np.array(seconds, dtype=float))  # type: ignore[attr-defined]  # same
