"""Learn the prior weights of the forecast's models from a folder of curves.

The weights maximise the log density of what came after each cut, with a Dirichlet prior of a few pseudo-cases
on every factor (laws, learning-rate options, misfit processes, modes). Cases of one family of repositories
share their weight, so that a repository with many runs counts little more than one with a single run. Changed
curves are learned from as well, at a smaller weight: the next log differs from all of these.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from backtest_forecast_cases import Case, load_cases
from scipy.optimize import minimize
from scipy.special import logsumexp

from planner import learned
from planner.calibration import local_noise
from planner.fit import fit_series, solve
from planner.forecast import fit_curve
from planner.grid import grid
from planner.laws import LAWS
from planner.misfit import KERNELS
from planner.schedule import options

SITUATIONS = ("hypothesised", "known", "awaited")
MODES = ("raw", "log")
PSEUDO_CASES = 3.0
SURPRISE = (0.03, 0.1)
FAMILY_POWER = 0.8
LEARNED_FROM = ("late start", "block means", "half the run", "raised")
CHANGED_SHARE = 0.3
"""What a case of a changed curve counts beside one as it was logged."""

_HIGHEST = 50.0

NAMES: tuple[tuple[str, ...], ...] = (
    MODES,
    tuple(kernel.name for kernel in KERNELS),
    tuple(law.name for law in LAWS),
    tuple(dict.fromkeys(o.name for o in options("hypothesised"))),
    tuple(dict.fromkeys(o.name for o in options("awaited"))),
)
STARTS = np.concatenate([[0], np.cumsum([len(names) for names in NAMES])])


@dataclass(frozen=True, slots=True)
class Table:
    """Every model of one case.

    Attributes:
        case: the case.
        change: what was done to its curve, ``None`` for nothing.
        evidence: temperature times log evidence, shape (windows, models).
        density: log density of the truth, shape (windows, models).
        parts: index of each model's mode, kernel, law and option among all parameters, (4, windows, models).
    """

    case: Case
    change: str | None
    evidence: np.ndarray
    density: np.ndarray
    parts: np.ndarray


def tabulate(case: Case, change: str | None) -> Table | None:
    """Return what every model says of a case, ``None`` where the curve is refused."""
    fitted = fit_curve(case.query)
    found = fitted.fit
    if found is None:
        return None
    lifted = replace(case, truth=case.truth + fitted.lift)
    fit = fit_series(found.series, found.schedule, case.query.curve.kind, most=10**9)
    x = np.array([case.query.at[0] + fit.series.offset])
    mean, deviation = fit.predict(x)
    evidence = np.array([solve(mode, grid(fit.schedule.situation))[0] for mode in fit.modes])
    noise = float(local_noise(x, fit.series, fit.modes[0].bins)[0])
    kept = fit.components
    index = (kept.mode, kept.kernel, kept.model)
    density = np.empty_like(evidence)
    density[index] = _log_density(lifted, mean[:, 0], deviation[:, 0], noise, fit.is_logarithmic)
    heated = learned.TEMPERATURES[case.kind] * evidence
    shape = (len(learned.WINDOWS["train"]), -1)
    of_modes = tuple(mode.bins.logarithmic for mode in fit.modes)
    return Table(
        case,
        change,
        heated.reshape(shape).astype(np.float32),
        density.reshape(shape).astype(np.float32),
        _parts(fit.schedule.situation, evidence.shape, of_modes),
    )


def _log_density(
    case: Case, mean: np.ndarray, deviation: np.ndarray, noise: float, is_logarithmic: np.ndarray
) -> np.ndarray:
    """Return the log density of the truth in units of the case's norm, the truth's own noise allowed for."""
    truth = max(case.truth, 1e-12)
    at = np.where(is_logarithmic, np.log(truth), case.truth)
    spread = np.hypot(deviation, np.where(is_logarithmic, noise / truth, noise)).clip(1e-9)
    jacobian = np.where(is_logarithmic, -np.log(truth), 0.0) + np.log(case.norm)
    return np.asarray(-0.5 * ((at - mean) / spread) ** 2 - np.log(spread) - 0.919 + jacobian)


@lru_cache(maxsize=8)
def _parts(situation: str, shape: tuple[int, ...], logarithmic: tuple[bool, ...]) -> np.ndarray:
    row = 3 if situation == "hypothesised" else 4
    names = [NAMES[row].index(option.name) for option in options(situation)]
    parts = np.empty((*shape, 4), dtype=int)
    parts[..., 0] = np.array(logarithmic, dtype=int)[:, None, None]
    parts[..., 1] = STARTS[1] + np.arange(shape[1])[:, None]
    parts[..., 2] = STARTS[2] + np.tile(np.arange(len(LAWS)), len(names))
    parts[..., 3] = STARTS[row] + np.repeat(names, len(LAWS))
    return np.ascontiguousarray(np.moveaxis(parts, -1, 0)).reshape(4, len(learned.WINDOWS["train"]), -1)


def learn_weights(tables: Sequence[Table]) -> np.ndarray:
    """Return the log weights of all parts, normalised within each factor."""
    crowd = Counter((table.change, table.case.family, table.case.kind) for table in tables)
    weight = [
        (CHANGED_SHARE if table.change else 1.0)
        * crowd[(table.change, table.case.family, table.case.kind)] ** -FAMILY_POWER
        for table in tables
    ]
    found = minimize(_objective, np.zeros(STARTS[-1]), (tables, weight), jac=True, options={"maxiter": 18})
    return _normalised(found.x)


def _normalised(free: np.ndarray) -> np.ndarray:
    return np.concatenate([part - logsumexp(part) for part in np.split(free, STARTS[1:-1])])


def _objective(
    free: np.ndarray, tables: Sequence[Table], weight: Sequence[float]
) -> tuple[float, np.ndarray]:
    log_weight = _normalised(free)
    total, slope = 0.0, np.zeros(len(free))
    known, background = 1 - SURPRISE[0], SURPRISE[0] * SURPRISE[1]
    for table, share in zip(tables, weight, strict=True):
        prior = table.evidence + sum(np.take(log_weight, part) for part in table.parts)
        own = _exponentials(prior)
        own *= np.array(learned.WINDOWS[table.case.kind])[:, None]
        explained = own * np.exp(np.minimum(table.density, _HIGHEST))
        density = explained.sum() + 1e-300
        total -= share * np.log(known * density + background)
        trust = share * known / (known * density + background)
        of_windows = explained.sum(axis=1) / np.array(learned.WINDOWS[table.case.kind])
        shift = (trust * (explained - own * of_windows[:, None])).ravel()
        for part in table.parts:
            slope -= np.bincount(part.ravel(), shift, len(free))
    for low, high in pairwise(STARTS):
        total -= PSEUDO_CASES * log_weight[low:high].mean()
        slope[low:high] -= PSEUDO_CASES / (high - low)
        slope[low:high] -= np.exp(log_weight[low:high]) * slope[low:high].sum()
    return total, slope


def _exponentials(logarithms: np.ndarray) -> np.ndarray:
    """Return the exponentials of each row, normalised to add up to one."""
    found = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


@contextmanager
def using_weights(log_weight: np.ndarray) -> Iterator[None]:
    """Forecast with these weights for a while."""
    before = (learned.MODES, learned.KERNELS, learned.LAWS, learned.OPTIONS)
    learned.MODES, learned.KERNELS, learned.LAWS, learned.OPTIONS = as_tables(log_weight)
    grid.cache_clear()
    try:
        yield
    finally:
        learned.MODES, learned.KERNELS, learned.LAWS, learned.OPTIONS = before
        grid.cache_clear()


def as_tables(log_weight: np.ndarray) -> tuple[dict, dict, dict, dict]:
    """Return the weights by name: modes, kernels, laws, and options by situation."""
    parts = [
        {name: round(float(np.exp(v)), 4) for name, v in zip(names, values, strict=True)}
        for names, values in zip(NAMES, np.split(log_weight, STARTS[1:-1]), strict=True)
    ]
    awaited = dict(parts[4])
    # hardly a logged run awaits its decay: these two are set by hand, to what such schedules are known to do
    awaited |= learned.AWAITED
    known = {name: value for name, value in parts[4].items() if name not in learned.AWAITED}
    endless = {"none": 0.6, "level rise": 0.3, "rise": 0.1}
    of_situations = {"hypothesised": parts[3], "known": known, "awaited": awaited, "endless": endless}
    return parts[0], parts[1], parts[2], of_situations


def tables_of(folder: Path) -> list[Table]:
    """Return the tables of all cases: told their learning rate, where there is one not told, and changed."""
    planned, blind = load_cases(folder), load_cases(folder, "none")
    untold = [b for p, b in zip(planned, blind, strict=True) if p.query.lr_schedule is not None]
    cases: list[tuple[Case, str | None]] = [(case, None) for case in planned + untold]
    for change in LEARNED_FROM:
        cases += [(case, change) for case in load_cases(folder, change=change)]
    return [table for table in (tabulate(*each) for each in cases) if table is not None]
