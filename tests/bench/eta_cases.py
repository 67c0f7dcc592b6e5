"""Cut real logs and simulated jobs: what was seen, the plan, and what was still to come."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from jobs import KINDS, Events, Job, simulate
from numpy.typing import NDArray

from planner.eta import EtaQuery
from planner.plan import Plan
from planner.timings import Timings

FloatArray = NDArray[np.float64]
CUTS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90)


@dataclass(frozen=True, slots=True)
class Case:
    """One question with its answer.

    Attributes:
        group: the repository, or the kind of simulated job; scores are averaged over groups.
        clock: when each step seen ended, seconds since the allocation's start: what a bar goes by.
        done: the step each clock entry belongs to.
        first_step: the step the bar started at.
        truth: seconds it still took.
        due: whether a known validation or checkpoint was still to come.
    """

    group: str
    name: str
    cut: float
    query: EtaQuery
    clock: FloatArray
    done: FloatArray
    first_step: int
    truth: float
    due: bool

    @property
    def seen(self) -> bool:
        """Whether one of each kind of event that is declared was seen before the cut."""
        plan, query = self.query.plan, self.query
        declared = ((plan.validate_every, query.validations), (plan.checkpoint_every, query.checkpoints))
        return all(len(events.step) > 0 for every, events in declared if isinstance(every, int))


def real_cases(curves: Path, seen_as: str = "logged") -> Iterator[Case]:
    """Yield every cut of every run that has a clock.

    Args:
        curves: folder of the catalog.
        seen_as: ``"logged"``: the durations in the log; ``"clock"``: differences of its clock; ``"untimed"``:
            validations declared and listed even where nobody timed them; ``"no elapsed"``: without the clock.
    """
    catalog = pd.read_csv(curves / "catalog.csv")
    for row in catalog[catalog.has_wallclock].itertuples():
        points = pd.read_csv(curves / "points" / f"{row.run}.csv.gz")
        whole = _longest_attempt(points[points.t_seconds.notna()])
        if len(whole) >= 8:
            cases = (_real_case(str(row.repo), str(row.run), whole, cut, seen_as) for cut in CUTS)
            yield from (case for case in cases if case.truth > 0)


def simulated_cases(seeds: range, world: str = "own") -> Iterator[Case]:
    """Yield every cut of every kind of job for each seed, sized as in a world of ``jobs.WORLDS``."""
    for kind in KINDS:
        for seed in seeds:
            job = simulate(kind, seed, world)
            yield from (_simulated_case(job, seed, cut) for cut in CUTS)


def _longest_attempt(points: pd.DataFrame) -> pd.DataFrame:
    """Return the longest stretch between two backward jumps: appended logs hold several runs."""
    train = points[points.kind == "train"]
    counter = train if len(train) else points
    waited = counter.t_seconds.diff()
    back = (counter.step.diff() < 0) | (waited < 0) | (waited > max(3600.0, 1000 * waited.median()))
    starts = [points.index[0], *counter.index[back], points.index[-1] + 1]
    longest = max(pairwise(starts), key=lambda pair: pair[1] - pair[0])
    whole = points.loc[longest[0] : longest[1] - 1]
    return whole.assign(t_seconds=whole.t_seconds - _clock_start(whole))


def _clock_start(whole: pd.DataFrame) -> float:
    """Return when this attempt's clock began: one logging interval before its first row."""
    first = whole.iloc[0]
    if first.name == 0 or not len(whole) > 1:
        return 0.0
    return float(first.t_seconds - whole.t_seconds.diff().median())


def _real_case(repo: str, run: str, whole: pd.DataFrame, cut: float, seen_as: str) -> Case:
    first, last = int(whole.step.min()), int(whole.step.max())
    seen = whole[whole.step <= first + cut * (last - first)]
    seen = seen if len(seen) > 1 else whole.iloc[:2]
    at_step, now = int(seen.step.max()), float(seen.t_seconds.max())
    validations = whole[whole.kind == "val"]
    timed = bool(validations.duration_s.notna().any()) or seen_as == "untimed"
    every = _cadence(validations.step.to_numpy(dtype=float)) if timed else None
    query = EtaQuery(
        at_step,
        Plan(total_steps=last, validate_every=every),
        steps=_logged_steps(seen, by_clock=seen_as == "clock"),
        validations=_logged_validations(seen) if timed else Timings(),
        elapsed_seconds=None if seen_as == "no elapsed" else now,
    )
    rows = seen[seen.kind == "train"] if (seen.kind == "train").any() else seen
    return Case(
        repo,
        run,
        cut,
        query,
        rows.t_seconds.to_numpy(dtype=float),
        rows.step.to_numpy(dtype=float),
        max(first - 1, 0) if first < 5 else 0,
        float(whole.t_seconds.max()) - now,
        due=every is not None and bool((validations.step > at_step).any()),
    )


def _cadence(steps: FloatArray) -> int | None:
    gaps = np.diff(np.unique(steps))
    return int(np.median(gaps)) if len(gaps) else None


def _logged_steps(seen: pd.DataFrame, *, by_clock: bool) -> Timings:
    """Return seconds a step as logged, else from the clock between two rows."""
    train = seen[seen.kind == "train"]
    if not by_clock and len(train) and train.duration_s.notna().any():
        return Timings(train.step.to_numpy(dtype=float), train.duration_s.to_numpy(dtype=float))
    counter = train if len(train) else seen.drop_duplicates("step")
    step, clock = counter.step.to_numpy(dtype=float), counter.t_seconds.to_numpy(dtype=float)
    ahead = np.diff(step, prepend=0.0)
    validated = (
        np.zeros(len(clock)) if len(train) else np.nan_to_num(counter.duration_s.to_numpy(dtype=float))
    )
    seconds = (np.diff(clock, prepend=0.0) - validated) / np.where(ahead > 0, ahead, np.nan)
    return Timings(step, seconds)


def _logged_validations(seen: pd.DataFrame) -> Timings:
    done = seen[seen.kind == "val"]
    return Timings(done.step.to_numpy(dtype=float), done.duration_s.to_numpy(dtype=float))


def _simulated_case(job: Job, seed: int, cut: float) -> Case:
    first = job.resumed_at or 0
    index = max(int(cut * len(job.steps.step)), 3) - 1
    at_step = int(job.steps.step[index])
    now = float(job.steps.ended[index])
    plan = Plan(
        job.total_steps,
        job.validate_every or "never",
        job.validate_at_end,
        job.checkpoint_every or "never",
        job.validation_batches,
    )
    earlier = job.earlier or (None, None, None)
    query = EtaQuery(
        at_step,
        plan,
        startup_seconds=job.startup_seconds,
        steps=_reported_steps(job, index, earlier[0]),
        validations=_reported(job.validations, now, earlier[1]),
        checkpoints=_reported(job.checkpoints, now, earlier[2]),
        resumed_at_step=job.resumed_at,
        elapsed_seconds=now,
    )
    due = bool((job.validations.ended > now).any() or (job.checkpoints.ended > now).any())
    clock, done = job.steps.ended[: index + 1], job.steps.step[: index + 1]
    return Case(job.kind, f"{job.kind}-{seed}", cut, query, clock, done, first, job.end - now, due)


def _reported_steps(job: Job, index: int, earlier: Events | None) -> Timings:
    n = job.logged_every
    step, seconds = job.steps.step[: index + 1], job.seen_seconds[: index + 1]
    if n > 1:
        usable = len(step) // n * n
        step, seconds = step[:usable].reshape(-1, n)[:, -1], _means(seconds[:usable].reshape(-1, n))
    if earlier is not None:
        step, seconds = np.r_[earlier.step, step], np.r_[earlier.seconds, seconds]
    return Timings(step, seconds)


def _means(blocks: FloatArray) -> FloatArray:
    known = np.isfinite(blocks)
    count = known.sum(axis=1)
    total = np.where(known, blocks, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _reported(events: Events, now: float, earlier: Events | None) -> Timings:
    seen = events.ended <= now
    step, seconds = events.step[seen], events.seconds[seen]
    if earlier is not None:
        step, seconds = np.r_[earlier.step, step], np.r_[earlier.seconds, seconds]
    return Timings(step, seconds)
