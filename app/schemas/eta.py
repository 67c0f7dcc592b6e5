"""``POST /api/v1/eta``."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from app.schemas.base import (
    Answer,
    Count,
    Levels,
    Limit,
    Name,
    Number,
    PlanFields,
    QuantileMap,
    Request,
    Seconds,
    SomeNumbers,
    Step,
    TimingsFields,
)
from app.schemas.numbers import saying
from planner.errors import InvalidInputError
from planner.eta import EtaQuery, InProgress
from planner.plan import Plan
from planner.quantiles import DEFAULT_LEVELS
from planner.stop_rule import EarlyStopping
from planner.timings import Timings

Phase = Annotated[
    Literal["queue", "startup", "step", "data", "validation", "checkpoint", "idle"],
    saying("one of queue, startup, step, data, validation, checkpoint and idle"),
]


class InProgressFields(Request):
    """The phase under way."""

    phase: Phase
    elapsed_seconds: Seconds
    done: Step | None = None
    of: Count | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.of is not None and (self.done or 0) > self.of:
            raise InvalidInputError("/done", self.done, f"at most of ({self.of})")
        return self


class EarlyStoppingFields(Request):
    """What ends a run once validations improve no more: ``patience`` in a row that were no better.

    What is watched is the validation loss, unless ``monitor`` names something else.
    """

    patience: Count
    min_delta: Number | None = None
    monitor: Name | None = None
    mode: Literal["min", "max"] | None = None


class DeclaredPlanFields(PlanFields):
    """A plan with what else may end the run.

    ``max_seconds`` is a wall-clock budget from the allocation's start, as ``elapsed_seconds`` is.
    """

    max_seconds: Seconds | None = None
    early_stopping: EarlyStoppingFields | None = None


class ValidationsFields(TimingsFields):
    """Validations seen; their losses are needed where early stopping is to be foretold."""

    loss: SomeNumbers | None = None

    @model_validator(mode="after")
    def _check_losses(self) -> Self:
        if self.loss is not None and len(self.loss) != len(self.step):
            raise InvalidInputError("/loss", self.loss, f"as many entries as step has ({len(self.step)})")
        return self


class RunFields(Request):
    """One run as it is now.

    Entries of ``steps``, ``validations`` and ``checkpoints`` beyond ``at_step`` are another attempt's: they
    tell how long such a thing takes and count as nothing done. A phase in progress is a fact, whatever the
    plan says: under ``"validate_every": "never"`` the rest of one that runs all the same is in the answer.
    """

    id: Name
    at_step: Step
    startup_seconds: Seconds | None = None
    plan: DeclaredPlanFields
    steps: TimingsFields | None = None
    validations: ValidationsFields | None = None
    checkpoints: TimingsFields | None = None
    in_progress: InProgressFields | None = None
    resumed_at_step: Step | None = None
    elapsed_seconds: Seconds | None = None
    time_limit_seconds: Limit | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        total = self.plan.total_steps
        if total is not None and self.at_step > total:
            raise InvalidInputError("/at_step", self.at_step, f"at most total_steps ({total})")
        return self

    def to_query(self, levels: tuple[float, ...]) -> EtaQuery:
        """Return the planner's question."""
        progress = self.in_progress
        return EtaQuery(
            at_step=self.at_step,
            plan=to_plan(self.plan),
            startup_seconds=self.startup_seconds,
            steps=_timings(self.steps),
            validations=_timings(self.validations),
            checkpoints=_timings(self.checkpoints),
            in_progress=InProgress(**dict(progress)) if progress else None,
            resumed_at_step=self.resumed_at_step,
            elapsed_seconds=self.elapsed_seconds,
            time_limit_seconds=self.time_limit_seconds,
            levels=levels,
        )


class EtaRequest(Request):
    """Runs in."""

    runs: Annotated[list[RunFields], Field(max_length=2_000)]
    quantiles: Levels | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        ids: set[str] = set()
        for index, run in enumerate(self.runs):
            if run.id in ids:
                raise InvalidInputError(f"/runs/{index}/id", run.id, "an id of its own")
            ids.add(run.id)
        return self

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantiles asked for."""
        return tuple(self.quantiles or DEFAULT_LEVELS)


class PhaseMeansAnswer(Answer):
    """Mean seconds left in each phase; they add up to the mean."""

    step: float | None
    validation: float | None
    checkpoint: float | None
    startup: float | None = None


class EarlyStopAnswer(Answer):
    """What early stopping does to a run.

    ``probability`` is that it ends the run before its last step, ``step`` where (a quantile of null: it does
    not), ``remaining_seconds`` is the time to whichever end comes first. All three are null, with a
    ``reason``, where what is watched cannot be forecast, and where the rule was met already and the run goes
    on all the same (``"stop_was_due"``).
    """

    patience: int
    waited: int
    best: float | None
    earliest_step: int | None
    probability: float | None
    step: QuantileMap | None
    remaining_seconds: QuantileMap | None
    reason: Literal["no_validations_due", "no_losses", "stop_was_due", "not_the_loss", "not_forecast"] | None


class EtaAnswer(Answer):
    """When one run ends: by its steps, or by its own budget of time, whichever is first."""

    id: str
    status: Literal["ok", "refused"]
    reason: str | None
    steps_left: int | None
    validations_left: int | None
    checkpoints_left: int | None
    remaining_seconds: QuantileMap | None
    by_phase: PhaseMeansAnswer | None
    mean_seconds: float | None
    finishes_within_limit: float | None
    step_at_limit: QuantileMap | None
    ends_by_budget: float | None = None
    step_at_end: QuantileMap | None = None
    early_stopping: EarlyStopAnswer | None = None


class EtaResponse(Answer):
    """ETAs out, in the order of the runs."""

    etas: list[EtaAnswer]


def to_plan(fields: PlanFields) -> Plan:
    """Return the planner's record of a declared plan."""
    declared = {key: value for key, value in fields if value is not None}
    rule = declared.pop("early_stopping", None)
    return Plan(**declared, early_stopping=None if rule is None else _rule(rule))


def _rule(fields: EarlyStoppingFields) -> EarlyStopping:
    return EarlyStopping(**{key: value for key, value in fields if value is not None})


def _timings(fields: TimingsFields | None) -> Timings:
    if fields is None:
        return Timings()
    seconds = [np.nan if value is None else value for value in fields.seconds]
    return Timings(np.array(fields.step, dtype=np.float64), np.array(seconds, dtype=np.float64))
