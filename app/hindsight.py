"""What was said of a run beside what happened, and how right it was over all runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.judging import SURENESS
from app.memory import ETA, MOST_KEPT, Memory, end_of, quantiles_of
from app.store import Store
from app.views import RunView
from planner.hindsight import Hit, LevelShare, hindsight, hit_of
from planner.quantiles import Quantiles

NEWEST_RUNS = 8
"""Runs told one by one."""


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
    """What was said of a run, oldest first, and when it ended, epoch seconds.

    ``verdict`` holds each turn of the advice, ``sureness`` each move of its probability, ``now`` the ETA of
    this moment, which need not be kept; ``None`` where there is none.
    """

    id: str
    eta: tuple[SaidEnd, ...]
    verdict: tuple[Advised, ...]
    ended: float | None
    finished: str | None
    as_of: float
    sureness: tuple[Advised, ...] = ()
    now: SaidEnd | None = None


@dataclass(frozen=True, slots=True)
class EndedRun:
    """How right the ETAs of one run were."""

    id: str
    hit: Hit


@dataclass(frozen=True, slots=True)
class Calibration:
    """How right ETAs were: over all progress, by progress, by quantile, and of each of the newest runs."""

    overall: Hit
    by_progress: tuple[Hit, ...]
    levels: tuple[LevelShare, ...]
    runs: tuple[EndedRun, ...]


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
        sureness=tuple(
            Advised(at, data["action"], None, data["probability"])
            for at, data in store.history(view.run.id, SURENESS, MOST_KEPT)
        ),
        now=_now(view),
    )


def calibration_of(store: Store, user: str) -> Calibration | None:
    """Return how right the ETAs of a user's finished runs were, ``None`` before the first of them."""
    told = Memory(store).said(user)
    found = hindsight(said for _, said in told)
    if found is None:
        return None
    hits = ((run, hit_of(said)) for run, said in told)
    newest = islice((EndedRun(run, hit) for run, hit in hits if hit is not None), NEWEST_RUNS)
    return Calibration(found.overall, found.by_progress, found.levels, tuple(newest))


def _said(at: float, data: Mapping[str, Any], end: float | None) -> SaidEnd:
    remaining = quantiles_of(data["remaining_seconds"])
    realised = None if end is None else max(end - at, 0.0)
    return SaidEnd(at, data["step"], data["total_steps"], remaining, _later(remaining, at), realised)


def _now(view: RunView) -> SaidEnd | None:
    remaining = view.eta.remaining_seconds
    if remaining is None or view.run.finished is not None:
        return None
    return SaidEnd(view.as_of, view.at_step, view.total_steps, remaining, _later(remaining, view.as_of), None)


def _later(remaining: Quantiles, at: float) -> Quantiles:
    ends = tuple(None if value is None else at + value for value in remaining.values)
    return Quantiles(remaining.levels, ends)
