"""The shapes a falling loss may have, as functions of a clock that is 1 at the last step seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planner.curve import FloatArray

_ONE, _EARLIER = np.array(1.0), np.array(0.25)


@dataclass(frozen=True, slots=True)
class Law:
    """One family.

    Attributes:
        name: the key of its learned weight.
        shape: loss against the clock, up to an offset and a factor.
        begins_late: whether much was learned before the counter began.
    """

    name: str
    shape: Callable[[FloatArray], FloatArray]
    begins_late: bool = False

    def drop(self, clock: FloatArray) -> FloatArray:
        """Return the shape moved and stretched to 0 at clock 1 and 1 at clock 1/4, shape of ``clock``."""
        now, earlier = self.shape(_ONE), self.shape(_EARLIER)
        return np.asarray((self.shape(clock) - now) / (earlier - now))


def _power(exponent: float, shift: float = 0.0) -> Callable[[FloatArray], FloatArray]:
    return lambda clock: np.asarray((clock + shift) ** -exponent)


def _exponential(decay: float) -> Callable[[FloatArray], FloatArray]:
    return lambda clock: np.asarray(np.exp(-clock / decay))


LAWS: tuple[Law, ...] = (
    # pow3 of Domhan et al. (IJCAI 2015): loss = floor + amplitude * step ** -exponent
    Law("power 0.25", _power(0.25)),
    Law("power 0.5", _power(0.5)),
    Law("power 0.75", _power(0.75)),
    Law("power 1", _power(1.0)),
    # the same with a shifted origin; exponent 1 is Optimus' 1 / (b0 k + b1) + b2 (EuroSys 2018)
    Law("shifted power 0.5", _power(0.5, 0.1)),
    Law("shifted power 1", _power(1.0, 0.1)),
    Law("shifted power 2", _power(2.0, 0.2)),
    # as much done before the first step as since: a run that carries an earlier one on
    Law("late power 0.5", _power(0.5, 1.0), begins_late=True),
    # the limit of a small exponent, as in ilog2 of Domhan et al.
    Law("logarithm", lambda clock: np.asarray(-np.log(clock))),
    Law("square root", lambda clock: np.asarray(-np.sqrt(clock))),
    Law("line", lambda clock: np.asarray(-clock)),
    # exp4 of Domhan et al. with a fixed shape: a fast and a slow decay
    Law("fast exponential", _exponential(0.15)),
    Law("slow exponential", _exponential(1.2)),
)
