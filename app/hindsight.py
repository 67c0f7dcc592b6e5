"""What was said of a run beside what happened, and how right it was over all runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.memory import ETA, MOST_KEPT, Memory, end_of, quantiles_of
from app.store import Store
from app.views import RunView
from planner.hindsight import Hindsight, hindsight
from planner.quantiles import Quantiles


@dataclass(frozen=True, slots=True)
class SaidEnd:
    """An ETA as it was said.

    Attributes:
        at: epoch seconds when.
        step: completed steps then.
        total_steps: declared steps then.
        remaining_seconds: from then.
        finishes_at: the same as epoch seconds.
        realised_seconds: seconds from then to the end, ``None`` where it has not come.
    """

    at: float
    step: int | None
    total_steps: int | None
    remaining_seconds: Quantiles
    finishes_at: Quantiles
    realised_seconds: float | None


@dataclass(frozen=True, slots=True)
class Advised:
    """What was advised from a moment on, epoch seconds."""

    at: float
    action: str
    scenario: str | None
    probability: float | None


@dataclass(frozen=True, slots=True)
class History:
    """What was said of a run, oldest first, and when it ended, epoch seconds."""

    id: str
    eta: tuple[SaidEnd, ...]
    verdict: tuple[Advised, ...]
    ended: float | None
    finished: str | None
    as_of: float


def history_of(store: Store, view: RunView) -> History:
    """Return what was said of a run."""
    end = end_of(view)
    return History(
        id=view.run.id,
        eta=tuple(_said(at, data, end) for at, data in store.history(view.run.id, ETA, MOST_KEPT)),
        verdict=tuple(
            Advised(at, data["action"], data["scenario"], data["probability"])
            for at, data in store.history(view.run.id, "verdict", MOST_KEPT)
        ),
        ended=end,
        finished=view.run.finished,
        as_of=view.as_of,
    )


def calibration_of(store: Store, user: str) -> Hindsight | None:
    """Return how right the ETAs of a user's finished runs were, ``None`` before the first of them."""
    return hindsight(Memory(store).said(user))


def _said(at: float, data: Mapping[str, Any], end: float | None) -> SaidEnd:
    remaining = quantiles_of(data["remaining_seconds"])
    ends = tuple(None if value is None else at + value for value in remaining.values)
    realised = None if end is None else max(end - at, 0.0)
    return SaidEnd(
        at, data["step"], data["total_steps"], remaining, Quantiles(remaining.levels, ends), realised
    )
