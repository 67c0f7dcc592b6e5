"""How right and how sure verdicts are, on simulated jobs whose truth is known.

Run with ``python tests/bench/verdict_calibration.py [jobs]``.
"""

import sys
import time
from dataclasses import replace

import numpy as np
from verdict_jobs import Array, Job, by_hand, make_job, play

from planner.errors import InvalidInputError
from planner.quantiles import Quantiles
from planner.report import Comparison, compare
from planner.scenario import CompareQuery

JOBS = 5000
TRUTH_DRAWS = 2000
BINS = np.linspace(0, 1, 11)


def never_costs(finish: Array, end: Array) -> Array:
    """Return seconds where one that never arrives costs its attempt and then the best other way."""
    best = finish.min(axis=0)
    second = np.where(np.isfinite(best), best, end.min(axis=0))
    return np.where(np.isfinite(finish), finish, end + second)


def covers(quantiles: Quantiles, truth: float) -> bool:
    """Whether the truth lies between the 10 % and the 90 % quantile."""
    low, high = (np.inf if value is None else value for value in (quantiles.values[0], quantiles.values[2]))
    return bool(low <= truth <= high)


class Score:
    """What is counted over the jobs."""

    def __init__(self) -> None:
        self.said: list[float] = []
        self.right: list[float] = []
        self.covered: list[bool] = []
        self.costs: list[tuple[float, float, float]] = []
        self.seconds: list[float] = []

    def add(self, job: Job, comparison: Comparison, rng: np.random.Generator) -> None:
        """Count one job: its answer against one realised truth, its choice against the expected one."""
        finish, end = play(job, rng, TRUTH_DRAWS)
        happened = finish[:, 0]
        verdict, names = comparison.verdict, [s.name for s in job.query.scenarios]
        for outcome, truth in zip(comparison.outcomes, happened, strict=True):
            assert outcome.finish_seconds is not None
            self.covered.append(covers(outcome.finish_seconds, truth))
        if verdict.scenario is not None and verdict.probability is not None and np.isfinite(happened).any():
            first = happened == happened.min()
            self.said.append(verdict.probability)
            self.right.append(float(first[names.index(verdict.scenario)]) / first.sum())
        chosen = 0 if verdict.scenario is None else names.index(verdict.scenario)
        expected = never_costs(finish, end).mean(axis=1) / end[0].mean()
        self.costs.append((expected[chosen], expected[by_hand(job.query)], expected.min()))


def timed(query: CompareQuery, score: Score) -> Comparison:
    """Compare, counting the time it takes."""
    started = time.process_time()
    comparison = compare(query)
    score.seconds.append(time.process_time() - started)
    return comparison


def print_table(score: Score) -> None:
    """Print what was asked beside what was measured."""
    said, right = np.array(score.said), np.array(score.right)
    where = np.clip(np.digitize(said, BINS) - 1, 0, 9)
    error = 0.0
    print("said      jobs   mean said   came true")
    for number in range(10):
        inside = where == number
        if inside.any():
            means = said[inside].mean(), right[inside].mean()
            error += inside.mean() * abs(means[0] - means[1])
            span = f"{BINS[number]:.1f}-{BINS[number + 1]:.1f}"
            print(f"{span} {inside.sum():7d} {means[0]:11.3f} {means[1]:11.3f}")
    ours, hand, best = np.array(score.costs).mean(axis=0)
    print(f"\n{'':34}{'asked':>12}{'measured':>12}")
    print(f"{'Brier score':34}{'':>12}{np.mean((said - right) ** 2):12.3f}")
    print(f"{'expected calibration error':34}{'<= 0.030':>12}{error:12.4f}")
    print(f"{'avoidable regret left':34}{'<= 25 %':>12}{(ours - best) / (hand - best):12.1%}")
    print(f"{'80 % interval of the finish covers':34}{'75-85 %':>12}{np.mean(score.covered):12.1%}")
    print(f"{'median time of a comparison':34}{'':>12}{np.median(score.seconds) * 1e3:9.1f} ms")


def print_cost_of_four(jobs: list[Job]) -> None:
    """Print the time of a comparison of four scenarios."""
    score = Score()
    for job in [job for job in jobs if len(job.query.scenarios) == 3][:40]:
        kept = replace(job.query.scenarios[1], name="kept", cancel="at_relaunch")
        timed(replace(job.query, scenarios=(*job.query.scenarios, kept)), score)
    print(f"{'comparison of four scenarios':34}{'<= 50 ms':>12}{np.median(score.seconds) * 1e3:9.1f} ms")


def main() -> None:
    """Play the jobs and print the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else JOBS
    score, jobs = Score(), []
    for number in range(count):
        rng = np.random.default_rng([20240, number])
        job = make_job(rng, number)
        try:
            score.add(job, timed(job.query, score), rng)
        except InvalidInputError:
            continue  # the drawn curve is at the target already
        jobs.append(job)
    print(f"{len(jobs)} jobs of {count}; in the others the target is reached already\n")
    print_table(score)
    print_cost_of_four(jobs)


if __name__ == "__main__":
    main()
