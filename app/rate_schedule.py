"""The learning rate a trainer declares over its steps, as its reporter sends it.

A question of the API is strict about its knots. A record is not: a run that is under way would lose its plan
for a jump, which has two knots at one step, or for a rate that rounding left below zero.
"""

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator

from app.schemas.base import LARGEST_COUNT, MOST_KNOTS, Number
from app.schemas.numbers import column, saying

ROUNDING = 1e-12
"""How far below zero a rate may be to count as zero."""
MOST_SENT = 1_000_000

Knots = list[tuple[float, float]]


def tidied(knots: Knots) -> Knots | None:
    """Return the knots in the form that is forecast with, ``None`` where they are no schedule.

    A rate just below zero is zero, and of knots at one step the last holds. Steps that go back or are out of
    bounds, rates further below zero and more than ``MOST_KNOTS`` knots make it none.
    """
    goes_back = any(after < before for (before, _), (after, _) in pairwise(knots))
    is_out = any(not 0 <= step <= LARGEST_COUNT or rate < -ROUNDING for step, rate in knots)
    held = dict(knots)
    if goes_back or is_out or len(held) > MOST_KNOTS:
        return None
    return [(step, max(rate, 0.0)) for step, rate in held.items()]


Sent = Annotated[tuple[Number, Number], saying("a pair [step, learning rate] of finite numbers")]
DeclaredSchedule = Annotated[list[Sent], column(MOST_SENT), AfterValidator(tidied)]
