"""What a comparison is asked: the job as it stands, and the what-ifs."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from planner.duration import Duration
from planner.errors import InvalidInputError
from planner.loss_path import CurveSource
from planner.plan import Cadence, Plan
from planner.quantiles import Quantiles

Action = Literal["continue", "relaunch", "stop"]
DEFAULT_QUANTILES: tuple[float, ...] = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class PaceDurations:
    """Seconds of one step, validation, checkpoint and start-up; ``None`` is unknown, or not overridden."""

    step_seconds: Duration | None = None
    validation_seconds: Duration | None = None
    checkpoint_seconds: Duration | None = None
    startup_seconds: Duration | None = None


LARGEST_LOSS = 1e30


@dataclass(frozen=True, slots=True)
class PlanOverrides:
    """What a scenario declares otherwise than the job; ``None`` leaves the job's own."""

    total_steps: int | None = None
    validate_every: Cadence = None
    validate_at_end: bool | None = None
    checkpoint_every: Cadence = None
    validation_batches: int | None = None

    def apply(self, plan: Plan) -> Plan:
        """Return the plan with these overrides.

        Raises:
            InvalidInputError: an override is not a positive whole number.
        """
        return replace(plan, **_given(self))


@dataclass(frozen=True, slots=True)
class Target:
    """The loss a scenario is to reach, on its training or on its validation curve."""

    loss: float
    of: Literal["val", "train"]

    @property
    def is_forecast(self) -> bool:
        """Whether a forecast could come down to it: forecast losses are above 0."""
        return 0 < self.loss <= LARGEST_LOSS


@dataclass(frozen=True, slots=True)
class Scenario:
    """One what-if.

    Attributes:
        name: unique in its query.
        action: what is done with the job.
        curve: the losses expected, steps over the whole run.
        plan: what differs from the job's plan.
        pace: what differs from the job's pace; drawn apart from it.
        validations_left: the count that overrides the plan's.
        edit_seconds: of one try; this and what follows is for a relaunch only.
        test_seconds: of one try.
        queue_seconds: of one try.
        resume_step: the completed steps the new job starts from; ``None`` is 0.
        cancel: when the old job ends; ``None`` is now.
        success_probability: of one try; ``None`` is 1.
    """

    name: str
    action: Action
    curve: CurveSource | None = None
    plan: PlanOverrides | None = None
    pace: PaceDurations | None = None
    validations_left: int | None = None
    edit_seconds: Duration | None = None
    test_seconds: Duration | None = None
    queue_seconds: Duration | None = None
    resume_step: int | Literal["latest"] | None = None
    cancel: Literal["now", "at_relaunch"] | None = None
    success_probability: float | None = None


@dataclass(frozen=True, slots=True)
class Economics:
    """What an hour costs; ``None`` is unknown and leaves what depends on it unknown."""

    gpus: float | None = None
    gpu_hour_price: float | None = None
    currency: str | None = None
    watts_per_gpu: float | None = None
    grams_co2_per_kwh: float | None = None
    attention_hour_price: float | None = None


@dataclass(frozen=True, slots=True)
class Objective:
    """How much time and cost weigh in the choice."""

    time: float = 1.0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion other than time: scores from 0 to 1 by scenario name, and its weight in the choice."""

    name: str
    scores: Mapping[str, float]
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class CompareQuery:
    """The whole question; ``None`` is unknown or undeclared. Times are seconds from now.

    Attributes:
        at_step: completed steps.
        plan: the job's own plan.
        pace: the job's own pace; a part may be unknown where its count is 0.
        scenarios: at least one, at most 50.
        target: the loss all are to reach; ``None``: each runs to its own ``total_steps``.
        before_seconds: how much of ``elapsed_seconds`` had passed when the job's newest process started; what
            that process may run by the plan's own budget of time counts from then.
        reached: a loss all were to reach that the job has reached already: why there is no target.
        left_out: a loss all were to reach that no forecast comes down to: why there is none.
        job: SLURM's job id.
        script: name of its batch script, which the corrected job is submitted from.
        elapsed_seconds: what the job has run already.
        attention_seconds: what the person has to spare for edits and tests.
        experiments: how many more of the same are to come.
        quantiles: levels, each in (0, 1).
        seed: of the simulation.
        begun_seconds: by phase, what going on takes beyond its counts: the rest of what is in progress and in
            none of them; below 0 the part already done of what is. Quantiles where it is uncertain.
        begun_counts: by phase, how many of its counts that is the whole time of: they take no other.
    """

    at_step: int
    plan: Plan
    pace: PaceDurations
    scenarios: tuple[Scenario, ...]
    target: Target | None = None
    job: str | None = None
    script: str | None = None
    elapsed_seconds: float | None = None
    economics: Economics | None = None
    objective: Objective | None = None
    attention_seconds: float | None = None
    experiments: float | None = None
    criteria: tuple[Criterion, ...] | None = None
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES
    seed: int = 0
    begun_seconds: Mapping[str, float | Quantiles] = field(default_factory=dict)
    begun_counts: Mapping[str, float] = field(default_factory=dict)
    reached: Target | None = None
    left_out: Target | None = None
    before_seconds: float = 0.0


def fix_of(scenario: Scenario) -> Hashable:
    """Return what makes a relaunch the fix it is, however carried out; ``None`` where nothing is fixed."""
    if scenario.action != "relaunch":
        return None
    chance = scenario.success_probability or 1.0
    return (scenario.edit_seconds, scenario.test_seconds, scenario.queue_seconds, chance)


def plan_of(query: CompareQuery, index: int) -> Plan:
    """Return the plan of one scenario: the job's, with the scenario's overrides.

    Raises:
        InvalidInputError: an override is not a positive whole number.
    """
    overrides = query.scenarios[index].plan
    try:
        return query.plan if overrides is None else overrides.apply(query.plan)
    except InvalidInputError as error:
        raise InvalidInputError(f"/scenarios/{index}{error.pointer}", error.value, error.expected) from error


def pace_of(query: CompareQuery, index: int) -> PaceDurations:
    """Return the pace of one scenario: the job's, with the scenario's overrides."""
    overrides = query.scenarios[index].pace
    return query.pace if overrides is None else replace(query.pace, **_given(overrides))


def _given(overrides: PlanOverrides | PaceDurations) -> dict[str, Any]:
    named = {one.name: getattr(overrides, one.name) for one in fields(overrides)}
    return {name: value for name, value in named.items() if value is not None}
