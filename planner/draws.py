"""The random numbers of one comparison: seeded, evenly spread, shared where quantities are shared."""

from collections.abc import Collection, Hashable
from functools import lru_cache
from typing import Protocol

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from planner.curve import FloatArray
from planner.duration import Duration

DRAWS = 8192
"""A power of two, as Sobol points want; probabilities then repeat to about ± 0.005 between seeds."""

MOST_TRIES = 10
_SOBOL_COLUMNS = 16
_EPSILON = float(np.finfo(float).eps)


class Source(Protocol):
    """Where a simulation gets its uncertain quantities from.

    A quantity is known by its JSON pointer; quantities with one ``share`` key are one quantity. Arrays have
    shape (1,) where all draws agree.
    """

    def seconds(self, pointer: str, duration: Duration, share: Hashable = None) -> FloatArray:
        """Return a duration."""
        ...

    def values(self, pointer: str, given: FloatArray) -> FloatArray:
        """Return a quantity that has no spread of its own, shape (n,)."""
        ...

    def ranks(self, pointer: str, share: Hashable = None) -> FloatArray:
        """Return ranks in (0, 1)."""
        ...

    def tries(self, pointer: str, chance: float, share: Hashable = None) -> FloatArray:
        """Return how many tries it takes until one succeeds, at most ``MOST_TRIES``."""
        ...

    def repeated(
        self, first: FloatArray, tries: FloatArray, pointer: str, duration: Duration, share: Hashable = None
    ) -> FloatArray:
        """Return the seconds of all tries together, given those of the first."""
        ...


class Draws:
    """Columns of random ranks, one per uncertain quantity, handed out in the order first asked for.

    The first columns are a scrambled Sobol sequence (Owen 1998, doi:10.1006/jcom.1998.0487), whose
    probabilities repeat between seeds three to five times better than independent draws do; the rest, which
    only a comparison of many scenarios needs, are stratified and otherwise independent.
    """

    def __init__(self, seed: int, count: int = DRAWS) -> None:
        self._seed = seed
        self._count = count
        self._places: dict[str, int] = {}
        self._shared: dict[Hashable, int] = {}
        self._columns: dict[int, tuple[FloatArray, FloatArray]] = {}

    def seconds(self, pointer: str, duration: Duration, share: Hashable = None) -> FloatArray:
        """Return draws of a duration."""
        if duration.is_exact:
            return np.array([float(duration.low)])
        return duration.at_score(self._column(pointer, share)[1])

    def values(self, pointer: str, given: FloatArray) -> FloatArray:  # noqa: ARG002 - one face for both
        """Return what was given."""
        return given

    def ranks(self, pointer: str, share: Hashable = None) -> FloatArray:
        """Return the column of a quantity, shape (count,): the same whenever it is asked for."""
        return self._column(pointer, share)[0]

    def tries(self, pointer: str, chance: float, share: Hashable = None) -> FloatArray:
        """Return a geometric number of tries, cut at ``MOST_TRIES``."""
        if chance >= 1.0:
            return np.ones(1)
        needed = 1.0 + np.floor(np.log(self.ranks(pointer, share)) / np.log1p(-chance))
        return np.asarray(np.minimum(needed, MOST_TRIES), dtype=float)

    def repeated(
        self, first: FloatArray, tries: FloatArray, pointer: str, duration: Duration, share: Hashable = None
    ) -> FloatArray:
        """Return the first try's seconds plus a fresh draw for each further try."""
        if duration.is_exact or tries.max() == 1.0:
            return np.asarray(first * tries)
        generator = np.random.default_rng([self._seed, self._place(pointer, share), MOST_TRIES])
        total = first + np.zeros(len(tries))
        for further in range(2, int(tries.max()) + 1):
            again = tries >= further
            total[again] += duration.at_score(generator.standard_normal(int(again.sum())))
        return total

    def _place(self, pointer: str, share: Hashable) -> int:
        # A shared quantity keeps a column free: were it no longer shared, the others would stay as they are.
        own = self._places.setdefault(pointer, len(self._places))
        return own if share is None else self._shared.setdefault(share, own)

    def _column(self, pointer: str, share: Hashable) -> tuple[FloatArray, FloatArray]:
        """Return the ranks and the scores of a quantity."""
        place = self._place(pointer, share)
        if place not in self._columns:
            ranks = np.clip(self._ranks(place), _EPSILON, 1.0 - _EPSILON)
            self._columns[place] = ranks, np.asarray(ndtri(ranks), dtype=float)
        return self._columns[place]

    def _ranks(self, place: int) -> FloatArray:
        if place < _SOBOL_COLUMNS:
            return np.asarray(_sobol(self._seed, self._count)[place])
        generator = np.random.default_rng([self._seed, place])
        return np.asarray((generator.permutation(self._count) + generator.random(self._count)) / self._count)


class Medians:
    """Every quantity at its median and tries at their mean, but one, which takes given values.

    Args:
        names: JSON pointers of the quantity that varies, and the ``share`` key of a curve.
        values: what it takes, shape (n,).
    """

    def __init__(self, names: Collection[Hashable] = (), values: FloatArray | None = None) -> None:
        self._names = names
        self._values = np.ones(1) if values is None else values

    def seconds(self, pointer: str, duration: Duration, share: Hashable = None) -> FloatArray:  # noqa: ARG002 - one face for both
        """Return the median, or the values given."""
        return self.values(pointer, np.array([duration.median]))

    def values(self, pointer: str, given: FloatArray) -> FloatArray:
        """Return what was given, or the values that vary."""
        return self._values if pointer in self._names else given

    def ranks(self, pointer: str, share: Hashable = None) -> FloatArray:  # noqa: ARG002 - one face for both
        """Return the middle rank, or the ranks given."""
        return self._values if share in self._names else np.array([0.5])

    def tries(self, pointer: str, chance: float, share: Hashable = None) -> FloatArray:  # noqa: ARG002 - one face for both
        """Return the mean number of tries."""
        p = self.values(pointer, np.array([chance]))
        return np.asarray((1.0 - (1.0 - p) ** MOST_TRIES) / p)

    def repeated(
        self,
        first: FloatArray,
        tries: FloatArray,
        pointer: str,  # noqa: ARG002 - one face for both
        duration: Duration,  # noqa: ARG002 - one face for both
        share: Hashable = None,  # noqa: ARG002 - one face for both
    ) -> FloatArray:
        """Return as many times the first try's seconds."""
        return np.asarray(first * tries)


@lru_cache(maxsize=4)
def _sobol(seed: int, count: int) -> FloatArray:
    points = qmc.Sobol(_SOBOL_COLUMNS, scramble=True, rng=np.random.default_rng(seed)).random(count)
    return np.asarray(points.T, dtype=float, order="C")
