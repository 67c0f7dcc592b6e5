"""Matching what SLURM lists to the ids that were asked for."""

from collections.abc import Sequence

from app.slurm.scheduler import JobFacts


def by_wanted(wanted: Sequence[str], found: Sequence[tuple[str, JobFacts]]) -> dict[str, JobFacts]:
    """Give each asked id its facts: by array or het id, by raw id, or a het job's first component."""
    by_id: dict[str, JobFacts] = {}
    for raw, facts in found:
        for alias in (facts.id, raw, facts.id.removesuffix("+0")):
            by_id.setdefault(alias, facts)
    return {job_id: by_id[job_id] for job_id in wanted if job_id in by_id}
