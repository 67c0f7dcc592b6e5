"""Judging whether a submitted job waits, is the user's, and fits its partition's limits."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.slurm.scheduler import Check, JobFacts

# Reasons with which a job waits for ever.
_NEVER_RUNS = frozenset(
    {"PartitionTimeLimit", "PartitionNodeLimit", "PartitionDown", "PartitionInactive",
     "DependencyNeverSatisfied", "BadConstraints",
     "InvalidAccount", "InvalidQOS", "AccountNotAllowed", "QOSNotAllowed"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition's state (``UP`` or another word) and limits; ``None``: no limit."""

    state: str
    most_seconds: float | None
    most_nodes: int | None


def unknown(job_id: str) -> Check:
    """Return the finding on a job that SLURM does not know."""
    return Check("waiting", passed=False, finding=f"SLURM does not know job {job_id}")


def judge(facts: JobFacts, user: str, partitions: Mapping[str, Partition]) -> list[Check]:
    """Return the findings on a job that should wait.

    ``Dependency`` hides a job that can never run, and ``--test-only`` sees partition limits only where the
    site enforces them: they are looked up here.
    """
    reason = facts.reason or "no reason"
    waits = facts.state == "PENDING" and reason not in _NEVER_RUNS
    # A job may name several partitions; one that can take it is enough.
    named = (facts.partition or "").split(",")
    verdicts = [_fits(facts, name, partitions.get(name)) for name in named]
    return [
        Check("waiting", passed=waits, finding=f"{facts.state}, {reason}"),
        Check("owner", passed=facts.user == user, finding=f"job {facts.id} is {facts.user}'s"),
        next((check for check in verdicts if check.passed), verdicts[0]),
    ]


def _fits(facts: JobFacts, name: str, partition: Partition | None) -> Check:
    if partition is None:
        return Check("partition", passed=False, finding=f"partition {name!r} does not exist")
    if partition.state != "UP":
        return Check("partition", passed=False, finding=f"partition {name} is {partition.state}")
    most, asked = partition.most_seconds, facts.time_limit_seconds
    if most is not None and (asked is None or asked > most):
        words = f"a time limit of {asked:.0f} s" if asked is not None else "no time limit"
        return Check("partition", passed=False, finding=f"{words} is beyond {name}'s {most:.0f} s")
    nodes = facts.node_count
    if partition.most_nodes is not None and nodes is not None and nodes > partition.most_nodes:
        words = f"{nodes} nodes are beyond {name}'s {partition.most_nodes}"
        return Check("partition", passed=False, finding=words)
    return Check("partition", passed=True, finding=f"within the limits of {name}")
