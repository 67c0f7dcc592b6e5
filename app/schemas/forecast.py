"""``POST /api/v1/forecast``."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from app.schemas.base import (
    Answer,
    Count,
    Levels,
    Name,
    Number,
    Position,
    Positions,
    QuantileMap,
    Request,
    Schedule,
    SomeNumbers,
    SomeRates,
)
from app.schemas.numbers import column
from planner.curve import Curve
from planner.errors import InvalidInputError
from planner.forecast import ForecastQuery
from planner.quantiles import DEFAULT_LEVELS


class CurveFields(Request):
    """One loss curve and what is asked of it."""

    id: Name
    kind: Literal["train", "val"] | None = None
    steps: Positions
    losses: SomeNumbers
    companion: Name | None = None
    like: Name | None = None
    lr: SomeRates | None = None
    lr_schedule: Schedule | None = None
    total_steps: Count | None = None
    at: Annotated[list[Position], column(10_000)] | None = None
    targets: Annotated[list[Number], column(1_000)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        expected = f"as many entries as steps has ({len(self.steps)})"
        for name in ("losses", "lr"):
            column = getattr(self, name)
            if column is not None and len(column) != len(self.steps):
                raise InvalidInputError(f"/{name}", column, expected)
        return self

    def to_curve(self) -> Curve:
        """Return the planner's record of it; null becomes NaN."""
        lr = None if self.lr is None else _floats(self.lr)
        return Curve(_floats(self.steps), _floats(self.losses), self.kind, lr)


class ForecastRequest(Request):
    """Curves in."""

    curves: Annotated[list[CurveFields], Field(max_length=2_000)]
    quantiles: Levels | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        ids: set[str] = set()
        for index, curve in enumerate(self.curves):
            if curve.id in ids:
                raise InvalidInputError(f"/curves/{index}/id", curve.id, "an id of its own")
            ids.add(curve.id)
        for index, curve in enumerate(self.curves):
            _check_references(f"/curves/{index}", curve, ids)
        return self

    def query(self, index: int) -> ForecastQuery:
        """Return the planner's question for one curve.

        Raises:
            InvalidInputError: the curve contradicts itself.
        """
        item, curves = self.curves[index], {other.id: other for other in self.curves}
        return ForecastQuery(
            curve=item.to_curve(),
            companion=curves[item.companion].to_curve() if item.companion else None,
            like=curves[item.like].to_curve() if item.like else None,
            lr_schedule=None if item.lr_schedule is None else tuple(item.lr_schedule),
            total_steps=item.total_steps,
            at=tuple(item.at or ()),
            targets=tuple(item.targets or ()),
            levels=tuple(self.quantiles or DEFAULT_LEVELS),
        )


class LawAnswer(Answer):
    """The power law's parameters."""

    floor: QuantileMap
    exponent: QuantileMap
    amplitude: QuantileMap


class LossAtAnswer(Answer):
    """The noise-free curve at one step."""

    step: float
    quantiles: QuantileMap


class TargetAnswer(Answer):
    """When, and how probably, the curve reaches a loss."""

    loss: float
    probability: float
    step_quantiles: QuantileMap | None


class BestAnswer(Answer):
    """The lowest loss so far, and where it came first."""

    step: float
    loss: float


class ForecastAnswer(Answer):
    """The forecast of one curve.

    ``text`` says in words why it is refused or that it overfits, and what can be said all the same.
    """

    id: str
    status: Literal["ok", "refused"]
    reason: str | None
    warnings: list[str]
    law: LawAnswer | None
    at: list[LossAtAnswer]
    targets: list[TargetAnswer]
    best: BestAnswer | None
    text: str | None


class ForecastResponse(Answer):
    """Forecasts out, in the order of the curves."""

    forecasts: list[ForecastAnswer]


def _check_references(pointer: str, curve: CurveFields, ids: set[str]) -> None:
    for name in ("companion", "like"):
        other = getattr(curve, name)
        if other is not None and (other == curve.id or other not in ids):
            raise InvalidInputError(f"{pointer}/{name}", other, "the id of another curve in this call")


def _floats(values: list[float] | list[float | None]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
