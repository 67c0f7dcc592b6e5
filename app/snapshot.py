"""Everything stored about one run, read at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from app.records import DeclaredEarlyStopping, readable_plan
from app.slurm.scheduler import JobFacts
from app.store import Store
from app.store.facts import Attempt, Checkpoint, Command, JobKey, Note, Run, StepBlocks, Validation
from planner.plan import Plan
from planner.stop_rule import EarlyStopping

NOTES_SHOWN = 20
JOBS_READ = 50
MOST_STEPS = 10**12
LONGEST_SECONDS = 1e9
"""About thirty years."""
PLAN_FIELDS = (
    "total_steps", "validate_every", "validate_at_end", "checkpoint_every", "validation_batches",
    "max_seconds", "early_stopping",
)  # fmt: skip


RULE_FIELDS = ("patience", "min_delta", "monitor", "mode")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The stored facts of a run; everything in it is bounded, whatever the run's length.

    Attributes:
        run: the run.
        attempts: its process starts, oldest first.
        job: what the scheduler last said of the newest attempt's job.
        job_seen_at: epoch seconds when it said so.
        blocks: block means of its steps.
        validations: in step order.
        checkpoints: in step order.
        span_seconds: seconds spent by phase, as reported in spans.
        startups: data of the start-up notes, newest first.
        progress: data of the newest progress note.
        audit: data of the newest checkpoint audit note.
        warnings: the newest warning notes, newest first.
        commands: newest first.
        earlier_jobs: what the scheduler last said of the jobs of earlier process starts, oldest first.
        given_up_seconds: of the steps done that are not on the curve: a restart went back behind them.
    """

    run: Run
    attempts: Sequence[Attempt]
    job: JobFacts | None
    job_seen_at: float | None
    blocks: StepBlocks
    validations: Sequence[Validation]
    checkpoints: Sequence[Checkpoint]
    span_seconds: Mapping[str, float]
    startups: Sequence[Note]
    progress: Note | None
    audit: Mapping[str, Any] | None
    warnings: Sequence[Note]
    commands: Sequence[Command]
    earlier_jobs: Sequence[JobFacts] = ()
    given_up_seconds: float = 0.0

    @property
    def at_step(self) -> int | None:
        """Completed steps: where the newest attempt that reported one is, ``None`` before the first."""
        return reached_step(self.attempts)

    @property
    def plan(self) -> Plan:
        """The declared plan as the planner takes it; what cannot be, or is beyond reason, is none."""
        stored = readable_plan({name: self.run.plan.get(name) for name in PLAN_FIELDS})
        declared = {name: getattr(stored, name) for name in PLAN_FIELDS}
        if (stored.total_steps or 0) > MOST_STEPS:
            declared["total_steps"] = None
        known = {name: value for name, value in declared.items() if value is not None}
        return Plan(**{**known, "early_stopping": _rule(stored.early_stopping)})

    @property
    def lr_schedule(self) -> tuple[tuple[float, float], ...] | None:
        """The declared learning rate over the steps, ``None`` where none can be read."""
        stored = readable_plan({"lr_schedule": self.run.plan.get("lr_schedule")}).lr_schedule
        return tuple(stored) if stored else None

    @property
    def target_loss(self) -> float | None:
        """The declared target."""
        return self.run.plan.get("target_loss")

    @property
    def target_of(self) -> Literal["train", "val"]:
        """The curve it is a target of: as declared, else the validation curve where there is to be one."""
        declared: Literal["train", "val"] | None = self.run.plan.get("target_of")
        validates = isinstance(self.plan.validate_every, int) or self.plan.validate_at_end
        return declared or ("val" if validates or self.validations else "train")

    @property
    def resumed_at_step(self) -> int | None:
        """The step the newest attempt resumed at, ``None`` where it began at the beginning."""
        first = self.attempts[-1].first_step if self.attempts else None
        return first - 1 if first is not None and first > 1 else None

    @property
    def startup_seconds(self) -> float | None:
        """The newest attempt's start-up."""
        newest = self.attempts[-1].id if self.attempts else None
        return next((startup_of(note) for note in self.startups if note.attempt == newest), None)

    @property
    def last_done(self) -> float | None:
        """When the last step or event ended, epoch seconds by the service's clock, ``None`` before that."""
        # An earlier attempt may have been told late, and then looks as if its clock was behind.
        late = {one.id: min(one.behind, 0.0) for one in self.attempts[:-1]}
        behind = late | {one.id: one.behind for one in self.attempts[-1:]}
        steps = [one.last_ended + behind[one.id] for one in self.attempts if one.last_ended is not None]
        events: tuple[Validation | Checkpoint, ...] = (*self.validations, *self.checkpoints)
        ends = [one.started + (one.seconds or 0.0) + behind.get(one.attempt, 0.0) for one in events]
        return max((*steps, *ends), default=None)

    @property
    def started(self) -> float | None:
        """Epoch seconds when the allocation started: the job's start, else its first attempt's."""
        if self.job is not None and self.job.started is not None:
            return self.job.started
        # By the newest one's clock: of an earlier one that was told late nothing says that it was behind.
        newest = self.attempts[-1] if self.attempts else None
        same_job = [one.started + newest.behind for one in self.attempts if newest and one.job == newest.job]
        return min(same_job, default=None)


def _rule(declared: DeclaredEarlyStopping | None) -> EarlyStopping | None:
    if declared is None:
        return None
    named = {name: getattr(declared, name) for name in RULE_FIELDS}
    return EarlyStopping(**{name: value for name, value in named.items() if value is not None})


def startup_of(note: Note) -> float | None:
    """Return the seconds a start-up note tells, ``None`` where what it holds are no seconds."""
    seconds = note.data.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return float(seconds) if 0 <= seconds <= LONGEST_SECONDS else None


def read_snapshot(store: Store, run: Run) -> Snapshot:
    """Return what is stored of a run."""
    job = store.job(run.job) if run.job else None
    attempts = store.attempts(run.id)
    at_step = reached_step(attempts)
    progress, audit = (store.notes(run.id, kind, 1) for kind in ("progress", "audit"))
    return Snapshot(
        run=run,
        attempts=attempts,
        job=job[0] if job else None,
        job_seen_at=job[1] if job else None,
        blocks=without_given_up(store.step_blocks(run.id), at_step),
        validations=[one for one in store.validations(run.id) if at_step is None or one.step <= at_step],
        checkpoints=store.checkpoints(run.id),
        span_seconds=store.span_totals(run.id),
        startups=store.notes(run.id, "startup")[::-1],
        progress=progress[-1] if progress else None,
        audit=audit[-1].data if audit else None,
        warnings=store.notes(run.id, "warning", NOTES_SHOWN)[::-1],
        commands=store.commands(run.id)[::-1],
        earlier_jobs=_earlier_jobs(store, run, attempts),
        given_up_seconds=store.given_up_seconds(run.id),
    )


def reached_step(attempts: Sequence[Attempt]) -> int | None:
    """Return the step that the newest attempt with a step is at, ``None`` before the first."""
    return next((one.last_step for one in reversed(attempts) if one.last_step is not None), None)


def without_given_up(blocks: StepBlocks, at_step: int | None) -> StepBlocks:
    """Return a curve without what lies beyond where its run is.

    A run that resumed from a checkpoint gave those steps up, with a loss that may have broken there: they are
    still to come, and what they were says nothing of how the run stands.
    """
    if at_step is None or not len(blocks.last_step) or blocks.last_step[-1] <= at_step:
        return blocks
    kept = blocks.first_step <= at_step
    return StepBlocks(**{one.name: getattr(blocks, one.name)[kept] for one in fields(StepBlocks)})


def _earlier_jobs(store: Store, run: Run, attempts: Sequence[Attempt]) -> tuple[JobFacts, ...]:
    """Return what is known of the jobs that a run had before its newest one."""
    named = [(one.job["cluster"], str(one.job["id"])) for one in attempts if one.job is not None]
    keys = [key for key in dict.fromkeys(JobKey(*names) for names in named) if key != run.job]
    found = (store.job(key) for key in keys[-JOBS_READ:])
    return tuple(job[0] for job in found if job is not None)
