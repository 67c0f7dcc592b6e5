"""What the rules look at, and what they find."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from app.slurm.scheduler import JobFacts
from app.states import has_settled
from app.store.facts import Run, StepBlocks, Validation
from app.views import RunView
from planner.verdict import VerdictAction

MIDDLE = 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule has found.

    Attributes:
        key: names the episode; a finding of the episode that goes on is no news.
        data: numbers and words the text is made of.
        since: epoch seconds when it came to be, ``None``: now.
        is_alarm: whether it may wake somebody.
    """

    key: str
    data: Mapping[str, Any] = field(default_factory=dict)
    since: float | None = None
    is_alarm: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What was computed of a run that goes on, at the moment ``now``, epoch seconds; ``None`` is unknown.

    Attributes:
        now: when.
        action: what the verdict advises.
        sure: how sure that is.
        saving_seconds: what relaunching saves, its median.
        verdict_since: epoch seconds when the verdict took this action.
        within_limit: probability that the run ends within its time limit.
        remaining_seconds: to its end, the median.
        limit_at: epoch seconds of the limit.
        blocks: its curve.
        last_val: its newest validation.
        validations: all of them, in step order.
        is_overfitting: whether the forecast of the validation loss warns that it has turned up.
        loss_now: smoothed training loss.
        target_loss: the declared target.
        target_of: the curve it is a target of.
        at_step: completed steps.
    """

    now: float
    action: VerdictAction | None
    sure: float | None
    saving_seconds: float | None
    verdict_since: float | None
    within_limit: float | None
    remaining_seconds: float | None
    limit_at: float | None
    blocks: StepBlocks
    last_val: Validation | None
    validations: Sequence[Validation]
    is_overfitting: bool
    loss_now: float | None
    target_loss: float | None
    target_of: Literal["train", "val"]
    at_step: int | None


@dataclass(frozen=True, slots=True)
class Tempo:
    """How a run's records usually come.

    Attributes:
        last_active: epoch seconds by the run's clock when its last step, validation or checkpoint ended.
        usual_seconds: median interval between records, ``None`` before there were some.
        longest_seconds: the longest pause it made, validations and checkpoints included.
        is_timed: phases whose usual length is known.
        at_step: completed steps.
        total_steps: declared steps.
    """

    last_active: float | None
    usual_seconds: float | None
    longest_seconds: float
    is_timed: frozenset[str]
    at_step: int | None
    total_steps: int | None


@dataclass(frozen=True, slots=True)
class Pulse:
    """The bare facts of a run at the moment ``now``, epoch seconds; what silence and ends are told by.

    Attributes:
        now: when.
        run: the run.
        job: what the scheduler last said of its job.
        tempo: how its records usually come, ``None`` where that was not computed yet.
        changed: epoch seconds when a record was last seen to arrive.
        phase: the phase it said it is in.
        stale_after_seconds: of silence.
        listening_since: epoch seconds since which records could have been heard.
    """

    now: float
    run: Run
    job: JobFacts | None
    tempo: Tempo | None
    changed: float | None
    phase: str | None
    stale_after_seconds: float
    listening_since: float


def facts_of(view: RunView) -> Facts:
    """Return what the rules look at of a view."""
    # Of a run that does not report, or whose records are not read yet since the service was down, only time
    # passes: that changes no verdict. A broken loss has a rule of its own, and is told once.
    is_live = view.state_word == "live"
    verdict = view.comparison.verdict if view.comparison and is_live else None
    saving = verdict.saving_seconds if verdict else None
    remaining = view.eta.remaining_seconds
    forecast = view.forecast_val
    return Facts(
        now=view.as_of,
        action=verdict.action if verdict else None,
        sure=verdict.probability if verdict else None,
        saving_seconds=saving.at(MIDDLE) if saving else None,
        verdict_since=view.verdict_since,
        within_limit=view.eta.finishes_within_limit if is_live and has_settled(view.attempts) else None,
        remaining_seconds=remaining.at(MIDDLE) if remaining else None,
        limit_at=view.limit.limit_at if view.limit else None,
        blocks=view.blocks,
        last_val=view.last_val,
        validations=view.validations,
        is_overfitting=is_live and forecast is not None and "overfitting" in forecast.warnings,
        loss_now=view.loss_now,
        target_loss=view.target_loss,
        target_of=view.target_of,
        at_step=view.at_step,
    )
