"""``POST /api/v1/compare``: the answer."""

from typing import Any, Literal

from app.schemas.base import Answer, QuantileMap


class MilestoneAnswer(Answer):
    """When a step and the validation due at it are done, and the loss expected there."""

    step: float
    finish_seconds: QuantileMap | None
    loss: QuantileMap | None


class TimelineAnswer(Answer):
    """One phase on the way, in means."""

    phase: str
    start_seconds: float
    seconds: float


class OutcomeAnswer(Answer):
    """What comes of one scenario."""

    name: str
    status: Literal["ok", "refused"]
    reason: str | None
    finish_seconds: QuantileMap | None
    total_seconds: QuantileMap | None
    steps_left: int | None
    validations_left: int | None
    loss_at_end: QuantileMap | None
    probability_of_target: float | None
    probability_first: float | None
    regret_seconds: float | None
    gpu_hours: QuantileMap | None
    cost: QuantileMap | None
    kwh: QuantileMap | None
    kg_co2: QuantileMap | None
    attention_seconds: QuantileMap | None
    milestones: list[MilestoneAnswer]
    timeline: list[TimelineAnswer]


class ReasonAnswer(Answer):
    """A reason: its code, its English, and what the English was filled with."""

    code: str
    text: str
    parameters: dict[str, Any]


class SensitivityAnswer(Answer):
    """How far an input is from turning the verdict."""

    input: str
    value: float
    flips_at: float | None
    swing_seconds: float | None


class WaitingAnswer(Answer):
    """What some more steps of the running job would buy before choosing."""

    steps: int
    seconds: float
    probability: float
    gain_seconds: float
    cost_seconds: float


class VerdictAnswer(Answer):
    """What to do, how sure that is, and what it saves."""

    action: Literal["continue", "relaunch", "stop", "wait"]
    scenario: str | None
    probability: float | None
    saving_seconds: QuantileMap | None
    saving_fraction: float | None
    sunk_seconds: float | None
    break_even_seconds: float | None
    saving_over_experiments_seconds: QuantileMap | None
    sensitivity: list[SensitivityAnswer]
    pareto: list[str] | None
    reasons: list[ReasonAnswer]
    better_if: dict[str, list[str]]
    waiting: WaitingAnswer | None


class ActionAnswer(Answer):
    """One thing to do: when, seconds from now, and how."""

    at_seconds: float
    kind: str
    text: str


class CompareResponse(Answer):
    """Outcomes in the order of the scenarios, the verdict, and what follows from it."""

    outcomes: list[OutcomeAnswer]
    verdict: VerdictAnswer
    suggestions: list[dict[str, Any]]
    actions: list[ActionAnswer]


class PointsOfCurve(Answer):
    """A curve by its points."""

    steps: list[float]
    losses: list[float]


class CurveAnswer(Answer):
    """A CURVE of API.md, one of the two: as a scenario takes it."""

    points: PointsOfCurve | None = None
    milestones: list[tuple[float, float, float]] | None = None
