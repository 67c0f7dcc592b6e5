"""What was said of a run while it went on, kept so that it can be held against what happened."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.store import Store
from app.views import RunView
from planner.hindsight import Said
from planner.quantiles import Quantiles

ETA, HINDSIGHT = "eta", "hindsight"
SOONEST_SECONDS = 60.0
PROGRESS_SHARE = 0.01
AGE_SHARE = 0.05
"""An ETA is kept at most every minute, then after each hundredth of the steps, and of a run that stands still
ever more rarely: a history holds a few hundred at most, however long a run takes."""
MOST_KEPT = 1_000
MOST_RUNS = 1_000


class Memory:
    """Keeps the ETAs of runs, and with a run's end what came of them.

    Args:
        store: the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def remember(self, view: RunView) -> None:
        """Keep what a view says, where it is news."""
        if view.run.finished is not None:
            self._conclude(view)
        elif view.state_word == "live" and view.eta.remaining_seconds is not None:
            self._note(view, view.eta.remaining_seconds)

    def is_concluded(self, run_id: str, version: int) -> bool:
        """Say whether what came of a finished run's ETAs has been kept."""
        kept = self._store.document(run_id, HINDSIGHT)
        return kept is not None and kept[0]["version"] == version

    def said(self, user: str) -> list[tuple[str, list[Said]]]:
        """Return what was said of each of a user's newest runs that reached their end, with its id."""
        found = self._store.documents(HINDSIGHT, user, MOST_RUNS)
        return [(run, _read(data["said"])) for run, data in found]

    def _note(self, view: RunView, remaining: Quantiles) -> None:
        last = self._store.history(view.run.id, ETA, 1)
        if last and not _is_news(last[0][0], last[0][1], view):
            return
        data = {
            "step": view.at_step,
            "total_steps": view.total_steps,
            "remaining_seconds": remaining.to_map(),
        }
        self._store.append_history(view.run.id, ETA, view.as_of, data)

    def _conclude(self, view: RunView) -> None:
        if self.is_concluded(view.run.id, view.run.version):
            return
        end, total = end_of(view), view.total_steps
        is_timed = view.run.plan.get("max_seconds") is not None  # its ETAs knew that time may end it
        at_end = total is not None and ((view.at_step or 0) >= total or is_timed)
        reached = view.run.finished == "finished" and at_end
        past = self._store.history(view.run.id, ETA, MOST_KEPT) if reached and end is not None else []
        said = [
            {
                "progress": min(kept["step"] / total, 1.0) if total else 1.0,
                "remaining_seconds": kept["remaining_seconds"],
                "realised_seconds": end - at,
            }
            for at, kept in past
            if end is not None and kept["step"] is not None and kept["total_steps"] == total
        ]
        data = {"version": view.run.version, "ended": end, "said": said}
        self._store.put_document(view.run.id, HINDSIGHT, data, view.as_of)


def end_of(view: RunView) -> float | None:
    """Return when the last thing a finished run did ended, epoch seconds; ``None``: not yet, or unknown."""
    if view.run.finished is None:
        return None
    steps = [one.last_ended for one in view.attempts if one.last_ended is not None]
    validated = [one.started + (one.seconds or 0.0) for one in view.validations]
    saved = [one.started + (one.seconds or 0.0) for one in view.checkpoints]
    return max((*steps, *validated, *saved), default=None)


def quantiles_of(stored: Mapping[str, float | None]) -> Quantiles:
    """Return quantiles as they were before they were stored."""
    levels = sorted((float(level), value) for level, value in stored.items())
    return Quantiles(tuple(level for level, _ in levels), tuple(value for _, value in levels))


def _is_news(at: float, last: Mapping[str, Any], view: RunView) -> bool:
    passed = view.as_of - at
    if passed < SOONEST_SECONDS:
        return False
    if last["total_steps"] != view.total_steps:
        return True
    done = abs((view.at_step or 0) - (last["step"] or 0))
    is_further = view.total_steps is not None and done >= PROGRESS_SHARE * view.total_steps
    return is_further or passed >= AGE_SHARE * (at - view.run.created)


def _read(said: Sequence[Mapping[str, Any]]) -> list[Said]:
    return [
        Said(one["progress"], quantiles_of(one["remaining_seconds"]), one["realised_seconds"]) for one in said
    ]
