"""What the service knows about a run at one moment, as frozen records: what pages and the API show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.habits import Habits
from app.run_limit import RunLimit
from app.slurm.scheduler import JobFacts
from app.store.facts import Attempt, Checkpoint, Command, Note, Run, StepBlocks, Validation
from planner.early_stopping import EarlyStop
from planner.eta import Eta
from planner.forecast import Forecast, LossAt
from planner.pace import Pace
from planner.quantiles import Quantiles
from planner.report import Comparison
from planner.scenario import Economics
from planner.verdict import Verdict

StateWord = Literal["live", "stale", "offline", "queued", "finished", "failed", "stopped", "diverged"]
"""``live``: records arrive. ``stale``: none for a while, the job runs. ``offline``: none, and the job is not
known to run. ``queued``: the job waits. The others are ends; ``diverged`` is a loss that left the finite."""

Badge = Literal["stop", "misses_limit", "relaunch", "check", "wait", "continue", "queued", "done"]
"""In the order of attention they ask for."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One phase's share of a run's time; ``None`` is unknown.

    Attributes:
        phase: queue, startup, step (less its parts), data and other parts of a step, validation, checkpoint,
            lost (done again after a restart), idle, silent (no record came: not known).
        spent_seconds: over every attempt.
        left_seconds: mean of what is still due.
    """

    phase: str
    spent_seconds: float | None
    left_seconds: float | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One line of the list of runs.

    Attributes:
        run: the stored run.
        job: what the scheduler last said of its job.
        job_seen_at: epoch seconds when it said so.
        state_word: see ``StateWord``.
        badge: see ``Badge``.
        at_step: completed steps, ``None`` before the first.
        total_steps: declared steps.
        loss_now: smoothed training loss.
        last_val_loss: the newest validation's loss, finite or ``None``.
        target_loss: the declared target.
        remaining_seconds: until the run ends if it continues, counted from ``as_of``.
        finishes_within_limit: probability that it ends within the job's time limit.
        verdict: of the live comparison.
        reason: why there is no ETA, where there is none.
        as_of: epoch seconds from which durations count: when this was computed.
        version: changes whenever anything shown changes.
        spark: training losses over the run, at most ``SPARK_POINTS``, evenly spaced in steps.
        spark_share: how far through its steps the run is, 0 to 1.
        loss_at_end: the loss forecast at its end.
        ledger: time spent and left by phase.
        elapsed_seconds: since the job's allocation started.
        time_limit_seconds: the job's.
        early_stop_probability: that early stopping ends it before its steps do.
        requeues: the median of the further allocations it needs.
        act_before: epoch seconds of the last moment at which a checkpoint still ends before the limit.
        target_chance: probability that going on reaches the target.
        target_of: the curve it is a target of, ``None`` where that is not known yet.
        reached_loss: the loss that reached the target, ``None`` where none did.
        is_settled: whether its newest process has made the steps by which a limit may be said to be missed.
    """

    run: Run
    job: JobFacts | None
    job_seen_at: float | None
    state_word: StateWord
    badge: Badge
    at_step: int | None
    total_steps: int | None
    loss_now: float | None
    last_val_loss: float | None
    target_loss: float | None
    remaining_seconds: Quantiles | None
    finishes_within_limit: float | None
    verdict: Verdict | None
    reason: str | None
    as_of: float
    version: str
    spark: tuple[float, ...] = ()
    spark_share: float = 0.0
    loss_at_end: float | None = None
    ledger: tuple[LedgerRow, ...] = ()
    elapsed_seconds: float | None = None
    time_limit_seconds: float | None = None
    early_stop_probability: float | None = None
    requeues: float | None = None
    act_before: float | None = None
    target_chance: float | None = None
    target_of: Literal["train", "val"] | None = None
    reached_loss: float | None = None
    is_settled: bool = True

    @property
    def told_within_limit(self) -> float | None:
        """Probability that it ends within its limit, ``None`` also where its first steps alone say so."""
        return self.finishes_within_limit if self.is_settled else None


@dataclass(frozen=True, slots=True)
class RunView:
    """Everything the page of one run shows.

    Attributes:
        run: the stored run.
        attempts: its process starts, oldest first.
        job: what the scheduler last said of its job.
        job_seen_at: epoch seconds when it said so.
        state_word: see ``StateWord``.
        badge: see ``Badge``.
        at_step: completed steps, ``None`` before the first.
        total_steps: declared steps.
        first_loss: mean training loss of the first finite block.
        loss_now: smoothed training loss.
        last_val: the newest validation.
        target_loss: the declared target.
        target_of: the curve it is a target of.
        pace: measured rates by phase.
        eta: of continuing as planned; counted from ``as_of``.
        forecast_train: law, loss at total_steps, target of the training curve; ``None`` without such a curve.
        forecast_val: the same of the validation curve.
        band: the forecast's quantiles at up to 60 steps ahead, for the chart; of ``band_of``.
        band_of: the curve that the band continues.
        blocks: block means of the training loss.
        validations: every validation, in step order.
        checkpoints: every checkpoint, in step order.
        next_validation_step: the first step after which a validation is due.
        comparison: continue against the scenarios; ``None`` where there is nothing to compare yet.
        scenario: the relaunch scenario compared, API.md's SCENARIO, the person's or the defaults.
        scenario_is_default: whether it is the defaults.
        relaunch_band: the fixed run's forecast losses for the chart, empty where its curve is unknown.
        ledger: time spent and left by phase.
        startup_seconds: the newest attempt's start-up.
        elapsed_seconds: since the job's allocation started (else since the first attempt's start).
        time_limit_seconds: the job's.
        audit: data of the newest checkpoint audit note.
        notes: the newest warning notes, newest first.
        commands: every command, newest first.
        replacement: data of the newest replacement (``id``, ``state`` and its stages).
        replaced_by: id of the run that replaces this one.
        verdict_since: epoch seconds when the verdict took its present action.
        as_of: epoch seconds from which durations count: when this was computed.
        version: changes whenever anything shown changes; good as an ETag.
        limit: what the job's time limit does to it; ``None`` where it has none, or has ended.
        habits: what a fix usually takes its user, and where that is known from.
        economics: what the run's hours cost; ``None`` where its GPUs are not known.
        early_stop: what early stopping does to it; ``None`` where it declares none, or has ended.
    """

    run: Run
    attempts: Sequence[Attempt]
    job: JobFacts | None
    job_seen_at: float | None
    state_word: StateWord
    badge: Badge
    at_step: int | None
    total_steps: int | None
    first_loss: float | None
    loss_now: float | None
    last_val: Validation | None
    target_loss: float | None
    target_of: Literal["train", "val"]
    pace: Pace
    eta: Eta
    forecast_train: Forecast | None
    forecast_val: Forecast | None
    band: tuple[LossAt, ...]
    band_of: Literal["train", "val"]
    blocks: StepBlocks
    validations: Sequence[Validation]
    checkpoints: Sequence[Checkpoint]
    next_validation_step: int | None
    comparison: Comparison | None
    scenario: Mapping[str, Any]
    scenario_is_default: bool
    relaunch_band: tuple[LossAt, ...]
    ledger: tuple[LedgerRow, ...]
    startup_seconds: float | None
    elapsed_seconds: float | None
    time_limit_seconds: float | None
    audit: Mapping[str, Any] | None
    notes: Sequence[Note]
    commands: Sequence[Command]
    replacement: Mapping[str, Any] | None
    replaced_by: str | None
    verdict_since: float | None
    as_of: float
    version: str
    limit: RunLimit | None = None
    habits: Habits | None = None
    economics: Economics | None = None
    early_stop: EarlyStop | None = None
