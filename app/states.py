"""The one word for how a run stands, and the badge that says what it needs."""

from collections.abc import Sequence

import numpy as np

from app.slurm.scheduler import JobFacts
from app.store.facts import Attempt, Run, StepBlocks
from app.views import Badge, StateWord

ENDED_WORDS: dict[str, StateWord] = {"finished": "finished", "failed": "failed", "stopped": "stopped"}
JOB_END_WORDS: dict[str, StateWord] = {"COMPLETED": "finished", "CANCELLED": "stopped"}
"""What a job's end says of a run that left no word; every other end is a failure."""

FINAL_STATES = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "DEADLINE"})
"""Ends of a job that are its own; one that was preempted, or lost its node, may be about to start anew."""

DIVERGED_BLOCKS = 3
LIKELY_TO_MISS = 0.5
UNLIKELY_TARGET = 0.2
"""A run with less of a chance to reach its target is not going well, whatever its time."""

FEWEST_STEPS = 5
"""Of a new process: its first ones hold what it compiles, and would have a healthy run miss its limit."""

SILENT_SECONDS = 15.0
"""A run that reports has a heartbeat more often than this: silence for longer is no delay of the poll."""


def state_word(  # noqa: PLR0913, PLR0917 - what is stored of a run, and the moment
    run: Run,
    job: JobFacts | None,
    job_seen_at: float | None,
    blocks: StepBlocks,
    now: float,
    stale_after_seconds: float,
) -> StateWord:
    """Return how a run stands."""
    word = word_without_losses(run, job, job_seen_at, now, stale_after_seconds)
    return word if word in ENDED_WORDS or not has_diverged(blocks) else "diverged"


def word_without_losses(
    run: Run, job: JobFacts | None, job_seen_at: float | None, now: float, stale_after_seconds: float
) -> StateWord:
    """Return how a run stands as far as its losses have no say in it."""
    if run.finished is not None:
        return ENDED_WORDS.get(run.finished, "failed")
    if job is not None and _is_over(run, job, job_seen_at):
        return JOB_END_WORDS.get(job.state, "failed")
    if now - run.last_record_at <= stale_after_seconds:
        return "live"
    if job is None:
        return "offline"
    if job.state == "PENDING":
        return "queued"
    return "stale" if job.is_active else JOB_END_WORDS.get(job.state, "failed")


def _is_over(run: Run, job: JobFacts, job_seen_at: float | None) -> bool:
    """Say whether a run's job was seen to have ended for good, and nothing came since.

    A record that came later is from a process that the job's end is not the end of: a requeue, say.
    """
    return job.state in FINAL_STATES and job_seen_at is not None and job_seen_at > run.last_record_at


def is_queued(run: Run, job: JobFacts | None, job_seen_at: float | None) -> bool:
    """Say whether a run's job was seen to wait since the run fell silent: then it is no longer live."""
    if run.finished is not None or job is None or job_seen_at is None or job.state != "PENDING":
        return False
    return job_seen_at - run.last_record_at > SILENT_SECONDS


def has_diverged(blocks: StepBlocks) -> bool:
    """Say whether the newest losses all left the finite."""
    with_loss = np.flatnonzero(blocks.loss_count > 0)[-DIVERGED_BLOCKS:]
    return len(with_loss) > 0 and not blocks.finite_count[with_loss].any()


def has_settled(attempts: Sequence[Attempt]) -> bool:
    """Say whether the newest process has made enough steps for a limit to be missed by its pace."""
    newest = attempts[-1] if attempts else None
    if newest is None or newest.first_step is None or newest.last_step is None:
        return False
    return newest.last_step - newest.first_step + 1 >= FEWEST_STEPS


def badge_of(
    state: StateWord,
    action: str | None,
    within_limit: float | None,
    warnings: Sequence[str],
    reach: float | None = None,
) -> Badge:
    """Return what a run needs, the most urgent first.

    Args:
        state: how it stands.
        action: the verdict's; ``None`` where there is none.
        within_limit: probability that it ends within its time limit; ``None``: its pace does not tell yet.
        warnings: names of what is odd about it.
        reach: probability that going on it reaches its target.
    """
    settled: dict[str, Badge] = {"finished": "done", "failed": "done", "stopped": "done", "queued": "queued"}
    if state in settled:
        return settled[state]
    if action == "stop" or state == "diverged":
        return "stop"
    if within_limit is not None and within_limit < LIKELY_TO_MISS:
        return "misses_limit"
    if action == "relaunch":
        return "relaunch"
    if warnings or state in {"stale", "offline"} or (reach is not None and reach < UNLIKELY_TARGET):
        return "check"
    return "wait" if action in {None, "wait"} else "continue"
