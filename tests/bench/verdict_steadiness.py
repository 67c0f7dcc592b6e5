"""Whether verdicts hold still: tiny changes, other seeds, longer edits, on simulated jobs.

Run with ``python tests/bench/verdict_steadiness.py [jobs]``.
"""

import sys
from dataclasses import replace

import numpy as np
from verdict_jobs import make_job

from planner.duration import Duration
from planner.report import compare
from planner.scenario import CompareQuery, Scenario
from planner.verdict import Verdict

JOBS = 300
SURE = 0.8


def scaled(duration: Duration | None, factor: float) -> Duration:
    """Return a duration that takes a factor longer."""
    assert duration is not None
    return Duration(duration.low * factor, duration.high * factor)


def with_fix(query: CompareQuery, fix: Scenario) -> CompareQuery:
    """Return the question with another fix."""
    return replace(query, scenarios=(query.scenarios[0], fix, *query.scenarios[2:]))


def nudged(query: CompareQuery) -> list[Verdict]:
    """Return the verdicts after changes of half a percent."""
    fix, pace = query.scenarios[1], query.pace
    paces = [replace(pace, step_seconds=scaled(pace.step_seconds, f)) for f in (0.995, 1.005)]
    changed = [replace(query, pace=one) for one in paces]
    changed.append(with_fix(query, replace(fix, edit_seconds=scaled(fix.edit_seconds, 1.005))))
    return [compare(one).verdict for one in changed]


def favours_longer_edit(query: CompareQuery) -> bool:
    """Whether an edit that takes 30 % longer makes the fix look better anywhere."""
    fix = query.scenarios[1]
    short = compare(query)
    long = compare(with_fix(query, replace(fix, edit_seconds=scaled(fix.edit_seconds, 1.3))))
    before, after = short.outcomes[1].probability_first, long.outcomes[1].probability_first
    turned = short.verdict.scenario != fix.name == long.verdict.scenario
    return turned or (before is not None and after is not None and after > before)


def main() -> None:
    """Play the jobs and print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else JOBS
    queries = [make_job(np.random.default_rng([7, number]), number).query for number in range(count)]
    verdicts = [compare(query).verdict for query in queries]
    sure = [pair for pair in zip(queries, verdicts, strict=True) if (pair[1].probability or 0) > SURE]
    flips = sum(one.scenario != verdict.scenario for query, verdict in sure for one in nudged(query))
    reseeded = [compare(replace(query, seed=query.seed + 1)).verdict for query in queries]
    pairs = zip(verdicts, reseeded, strict=True)
    same = [(a.probability, b.probability) for a, b in pairs if a.scenario == b.scenario]
    apart = max(abs(a - b) for a, b in same if a is not None and b is not None)
    print(f"{count} jobs, {len(sure)} of them with a verdict over {SURE:.0%}\n")
    print(f"{'':44}{'asked':>10}{'measured':>12}")
    print(f"{'sure verdicts flipped by a change of 0.5 %':44}{0:10}{flips:12}")
    print(f"{'longer edits that favour relaunching':44}{0:10}{sum(map(favours_longer_edit, queries)):12}")
    print(f"{'largest difference between two seeds':44}{'<= 0.01':>10}{apart:12.4f}")


if __name__ == "__main__":
    main()
