"""What the API says of a stored run."""

from typing import Any, Literal

from app.schemas.answers import VerdictAnswer
from app.schemas.base import Answer, QuantileMap
from app.schemas.eta import EarlyStopAnswer, EtaAnswer
from app.schemas.forecast import ForecastResponse, LossAtAnswer


class JobAnswer(Answer):
    """SLURM's name for a job."""

    cluster: str
    id: str


class RunAnswer(Answer):
    """A run in a few numbers; null is unknown.

    Durations count from ``as_of``, epoch seconds.
    """

    id: str
    name: str
    user: str
    created: float
    last_record_at: float
    finished: str | None
    replaces: str | None
    job: JobAnswer | None
    job_state: str | None
    job_seen_at: float | None
    state: str
    badge: str
    at_step: int | None
    total_steps: int | None
    loss_now: float | None
    last_val_loss: float | None
    target_loss: float | None
    remaining_seconds: QuantileMap | None
    finishes_within_limit: float | None
    verdict: VerdictAnswer | None
    reason: str | None
    warnings: dict[str, int]
    as_of: float
    version: str


class RunsResponse(Answer):
    """Runs, the one heard of last first."""

    runs: list[RunAnswer]


class PhasePaceAnswer(Answer):
    """How long one step, or one event, takes."""

    mean_seconds: float
    low_seconds: float
    high_seconds: float
    count: int
    quick_seconds: float
    median_seconds: float
    slow_seconds: float


class StallsAnswer(Answer):
    """Rare long steps: how many steps apart, and the mean seconds each costs beyond a usual step."""

    steps_between: float
    seconds: float


class RegimeAnswer(Answer):
    """The newest lasting change of pace: since which step, new seconds over old; bit by bit, or at once."""

    since_step: int
    ratio: float
    is_gradual: bool


class PaceAnswer(Answer):
    """Measured rates by phase; null: not seen yet."""

    step: PhasePaceAnswer | None
    validation: PhasePaceAnswer | None
    checkpoint: PhasePaceAnswer | None
    startup: PhasePaceAnswer | None
    first_steps: PhasePaceAnswer | None
    stalls: StallsAnswer | None
    regime: RegimeAnswer | None


class LedgerAnswer(Answer):
    """One phase's share of a run's time."""

    phase: str
    spent_seconds: float | None
    left_seconds: float | None


class OutlookAnswer(Answer):
    """What is reached by the time limit, what is lost, what finishing takes; a quantile of null: never."""

    finishes: float
    step: QuantileMap
    checkpoint_step: QuantileMap
    lost_steps: QuantileMap
    lost_seconds: QuantileMap
    requeues: QuantileMap
    requeue_seconds: float
    startup_seconds: float
    repeated_seconds: float
    finish_seconds: QuantileMap
    act_within_seconds: float


class LimitEffectAnswer(Answer):
    """What another cadence, in steps, would change; ``saved_seconds`` is a mean."""

    setting: Literal["validate_every", "checkpoint_every"]
    value: int
    saved_seconds: float
    finishes: float
    lost_seconds: QuantileMap
    requeues: QuantileMap


class LimitAnswer(Answer):
    """What happens at the job's time limit; ``limit_at`` and ``act_before`` are epoch seconds."""

    limit_at: float
    outlook: OutlookAnswer
    act_before: float
    queue_seconds: float
    checkpoint_every: int | None
    best_checkpoint_every: int | None
    effects: list[LimitEffectAnswer]


class RunDetail(RunAnswer):
    """A run with what was declared of it and measured on it."""

    plan: dict[str, Any]
    target_of: Literal["train", "val"]
    first_loss: float | None
    next_validation_step: int | None
    pace: PaceAnswer
    ledger: list[LedgerAnswer]
    startup_seconds: float | None
    elapsed_seconds: float | None
    time_limit_seconds: float | None
    audit: dict[str, Any] | None
    scenario: dict[str, Any]
    scenario_is_default: bool
    replacement: dict[str, Any] | None
    replaced_by: str | None
    verdict_since: float | None
    limit: LimitAnswer | None
    early_stop: EarlyStopAnswer | None


class PointsAnswer(Answer):
    """The curves of a run, bounded in length: block means of the training loss, and every validation."""

    steps: list[float]
    losses: list[float | None]
    lowest: list[float | None]
    highest: list[float | None]
    ended: list[float | None]
    validation_steps: list[int]
    validation_losses: list[float | None]
    validation_ended: list[float | None]
    as_of: float


class RunEta(EtaAnswer):
    """When a run's steps end; seconds count from ``as_of``, epoch seconds. ``ended`` is when it did.

    With badge ``stop`` that end is of no use: the loss is no number any more, or the target out of reach.
    """

    state: str
    badge: str
    finished: str | None
    ended: float | None
    limit: LimitAnswer | None
    as_of: float


class RunForecasts(ForecastResponse):
    """The forecasts of a run's curves (``train``, ``val``), and the band for a chart."""

    band_of: Literal["train", "val"]
    band: list[LossAtAnswer]
    as_of: float


class RunVerdict(Answer):
    """The live verdict, ``null`` where there is nothing to decide, and since when it stands.

    ``badge`` is what the run needs: the verdict, or what is more pressing, as on its page.
    """

    id: str
    state: str
    badge: str
    verdict: VerdictAnswer | None
    since: float | None
    as_of: float
