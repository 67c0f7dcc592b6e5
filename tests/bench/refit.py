"""How long a forecast takes, asked against measured.

Run it as ``python tests/bench/refit.py``. The curves are what the store gives of simulated runs: the first
steps raw, later ones as block means with their counts, at most 1,500 points. What is measured is processor
time, parsing apart: other work on the machine does not count.
"""

import os

# before numpy: on small matrices more threads only wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
from collections.abc import Sequence
from statistics import median

import numpy as np

from planner.curve import Curve
from planner.forecast import ForecastQuery, fit_curve, forecast

RUNS = 1_000
REPEATS = 40
RAW = 500
MOST_BLOCKS = 1_500
LENGTHS = (1_000, 20_000, 1_000_000)
TARGETS = (0.2, 0.4, 0.6, 0.8, 1.2)


def main() -> None:
    """Measure, and print the table."""
    forecast(query(LENGTHS[0], 0))  # imports and caches are paid once a process
    rows = [("1,000 live runs refit", "<= 30 s", f"{refit_all():.1f} s")]
    rows += [
        (f"1 horizon and 5 targets, {n:,} points, median", "<= 25 ms", f"{1000 * answering(n):.1f} ms")
        for n in LENGTHS
    ]
    print(f"{'what':48} {'asked':>12} {'measured':>12}")
    for what, asked, measured in rows:
        print(f"{what:48} {asked:>12} {measured:>12}")


def refit_all() -> float:
    """Return the seconds that fitting 1,000 curves takes."""
    queries = [query(int(n), seed) for seed, n in enumerate(np.geomspace(300, 1_000_000, RUNS))]
    return sum(seconds_of(queries, whole=False))


def answering(points: int) -> float:
    """Return the median seconds of one whole forecast."""
    return median(seconds_of([query(points, seed) for seed in range(REPEATS)], whole=True))


def seconds_of(queries: Sequence[ForecastQuery], *, whole: bool) -> list[float]:
    """Return the processor seconds of each fit, or of each whole answer."""
    seconds = []
    for each in queries:
        begun = time.process_time()
        _ = forecast(each) if whole else fit_curve(each)
        seconds.append(time.process_time() - begun)
    return seconds


def query(points: int, seed: int) -> ForecastQuery:
    """Return a question about a run that has reported this many steps, half of those planned.

    Every second run logs no learning rate, so that decays have to be supposed.
    """
    total = 2 * points
    steps = np.arange(1.0, points + 1)
    wander = np.random.default_rng(seed).standard_normal(points)
    losses = 2 + 6 * steps**-0.3 + 0.05 * wander
    knots = tuple((float(s), float(1 + np.cos(np.pi * s / total))) for s in np.linspace(0, total, 100))
    end = 2 + 6 * points**-0.3
    drop = end - (2 + 6 * total**-0.3)
    return ForecastQuery(
        stored(steps, losses),
        lr_schedule=knots if seed % 2 else None,
        total_steps=total,
        at=(float(total),),
        targets=tuple(end - share * drop for share in TARGETS),
    )


def stored(steps: np.ndarray, losses: np.ndarray) -> Curve:
    """Return a curve as the store gives it: its first steps raw, then blocks of equal size."""
    size = max(1, -(-(len(steps) - RAW) // (MOST_BLOCKS - RAW)))
    starts = np.concatenate([np.arange(min(RAW, len(steps))), np.arange(RAW, len(steps), size)])
    counts = np.diff(np.append(starts, len(steps))).astype(float)
    means = [np.add.reduceat(column, starts) / counts for column in (steps, losses)]
    return Curve(means[0], means[1], "train", counts=counts)


if __name__ == "__main__":
    main()
