"""What loss a run will reach, and when: the public face of the curve fits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from planner.belief import Belief, mixture
from planner.beside import Beside
from planner.best import Best, best_of
from planner.bins import WINDOWS
from planner.calibration import calibrate
from planner.curve import LARGEST_STEP, Curve, FloatArray, Series, clean, lift_of
from planner.errors import InvalidInputError
from planner.fit import Fit, fit_series
from planner.health import Reason, is_overfitting, refusal
from planner.learning_rate import carried_on, known_rate_of_plan
from planner.plain_law import PlainLaw, fit_plain_law
from planner.quantiles import DEFAULT_LEVELS, Quantiles
from planner.reaching import TargetForecast, reach
from planner.schedule import Schedule, schedule
from planner.template import Template, fit_template

_ENDLESS = 100.0
"""How many times the steps seen a run may take whose end is unknown; nothing is told of what is beyond."""

_ANSWERED = ("not_converging",)  # refused, but with what a fit can say all the same
_STEPS_BEHIND, _STEPS_AHEAD = 12, 24
"""Steps at which reaching is looked for, log-spaced: of the course seen, and of that to come."""


@dataclass(frozen=True, slots=True)
class ForecastQuery:
    """A question about one curve.

    Attributes:
        curve: what has been seen.
        companion: the run's other curve (training beside validation).
        like: an earlier run's whole curve.
        lr_schedule: planned (step, learning rate) knots, piecewise linear.
        total_steps: where the run ends, ``None`` where unknown.
        at: steps at which the loss is asked.
        targets: losses whose reaching is asked.
        levels: quantile levels, each in (0, 1), increasing.
    """

    curve: Curve
    companion: Curve | None = None
    like: Curve | None = None
    lr_schedule: tuple[tuple[float, float], ...] | None = None
    total_steps: int | None = None
    at: tuple[float, ...] = ()
    targets: tuple[float, ...] = ()
    levels: tuple[float, ...] = DEFAULT_LEVELS

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be meant.

        Raises:
            InvalidInputError: a total, step, target or level is out of its range.
        """
        if self.total_steps is not None and not 1 <= self.total_steps <= LARGEST_STEP:
            raise InvalidInputError("/total_steps", self.total_steps, "a whole number of at least 1")
        for name, values in (("at", self.at), ("targets", self.targets)):
            for i, value in enumerate(values):
                if not np.isfinite(value) or (name == "at" and value < 0):
                    raise InvalidInputError(f"/{name}/{i}", value, "a finite number, steps at least 0")
        if any(not 0 < level < 1 for level in self.levels) or list(self.levels) != sorted(set(self.levels)):
            raise InvalidInputError("/quantiles", self.levels, "increasing levels between 0 and 1")


@dataclass(frozen=True, slots=True)
class Law:
    """The power law floor + amplitude * step ** -exponent: its parameters' quantiles.

    As fitted: a floor below 0 of a loss that cannot be there says that no floor is in sight yet.
    """

    floor: Quantiles
    exponent: Quantiles
    amplitude: Quantiles


@dataclass(frozen=True, slots=True)
class LossAt:
    """The noise-free loss at a step."""

    step: float
    quantiles: Quantiles


@dataclass(frozen=True, slots=True)
class Forecast:
    """The answer to a query, or the reason there is none.

    Attributes:
        status: whether it is an answer; a refused one keeps what can be said all the same.
        reason: why it is refused.
        warnings: what is to be said beside it: ``"overfitting"``.
        law: the plain power law.
        at: the loss at the steps asked.
        targets: the reaching of the targets asked.
        best: the best of the curve so far, also where nothing can be said of what is to come.
    """

    status: Literal["ok", "refused"]
    reason: Reason | None = None
    warnings: tuple[str, ...] = ()
    law: Law | None = None
    at: tuple[LossAt, ...] = ()
    targets: tuple[TargetForecast, ...] = ()
    best: Best | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fit that answers many questions; refit only when the curve has grown.

    Attributes:
        fit: the average over models, ``None`` where nothing can be said.
        plain_law: the plain laws, ``None`` where none can be fitted.
        template: the earlier run, ``None`` where there is none or it is unlike this one.
        total_steps: as asked.
        lift: what was added to the losses to make them positive.
        reason: why the curve is refused.
        warnings: what is to be said beside the answer.
        best: the best of the curve so far.
        beside: the few points of the curve, where the fit is that of its companion.
    """

    fit: Fit | None
    plain_law: PlainLaw | None
    template: Template | None
    total_steps: int | None
    lift: float
    reason: Reason | None
    warnings: tuple[str, ...]
    best: Best | None = None
    beside: Beside | None = None

    def answer(
        self, at: Sequence[float], targets: Sequence[float], levels: Sequence[float] = DEFAULT_LEVELS
    ) -> Forecast:
        """Return the forecast at steps and of targets; a refused one keeps what can be said all the same."""
        return Forecast(
            "ok" if self.reason is None else "refused",
            self.reason,
            self.warnings,
            self.law(levels),
            self.at(at, levels),
            self.targets(targets, levels),
            self.best,
        )

    def at(self, steps: Sequence[float], levels: Sequence[float] = DEFAULT_LEVELS) -> tuple[LossAt, ...]:
        """Return the loss at each step; nothing where nothing can be said."""
        if self.fit is None or len(steps) == 0:
            return ()
        values = self._belief(np.asarray(steps, dtype=float)).quantiles(np.asarray(levels))
        return tuple(
            LossAt(float(step), Quantiles(tuple(levels), tuple(row.tolist())))
            for step, row in zip(steps, values, strict=True)
        )

    def targets(
        self, losses: Sequence[float], levels: Sequence[float] = DEFAULT_LEVELS
    ) -> tuple[TargetForecast, ...]:
        """Return whether and when each loss is reached; nothing where nothing can be said."""
        if self.fit is None or len(losses) == 0:
            return ()
        steps = self._path()
        belief = self._belief(steps)
        return tuple(reach(float(loss), steps, belief, levels) for loss in losses)

    def law(self, levels: Sequence[float] = DEFAULT_LEVELS) -> Law | None:
        """Return the parameters of the plain power law, ``None`` where none can be fitted."""
        if self.plain_law is None or self.beside is not None:
            return None
        values = self.plain_law.parameters(np.asarray(levels))
        if values is None:
            return None
        values[0] -= self.lift
        return Law(*(Quantiles(tuple(levels), tuple(row.tolist())) for row in values))

    def _path(self) -> FloatArray:
        """Return the steps at which reaching is looked for: those seen, then those ahead."""
        assert self.fit is not None  # noqa: S101 - only called where there is a fit
        series = self.fit.series
        total = _ENDLESS * series.end if self.total_steps is None else self.total_steps + series.offset
        behind = np.geomspace(series.x[0], series.end, _STEPS_BEHIND)
        ahead = np.geomspace(series.end, max(total, series.end), _STEPS_AHEAD)[1:]
        return np.concatenate([behind, ahead]) - series.offset

    def _belief(self, steps: FloatArray) -> Belief:
        belief = self._belief_of_fit(steps)
        if self.beside is None:
            return belief
        return self.beside.told(belief, self._belief_of_fit(np.array([self.beside.step])))

    def _belief_of_fit(self, steps: FloatArray) -> Belief:
        assert self.fit is not None  # noqa: S101 - only called where there is a fit
        fit = self.fit
        first = float(np.exp(fit.modes[0].bins.u[0])) * fit.series.end
        x = np.clip(steps + fit.series.offset, first, _ENDLESS * fit.series.end)
        mean, deviation = fit.predict(x)
        belief = mixture(fit.components.weight, mean, deviation, fit.is_logarithmic)
        belief = calibrate(belief, x, fit, self.plain_law, is_lifted=self.lift != 0)
        belief = belief if self.template is None else self.template.blend(belief, x)
        return Belief(belief.values - self.lift)


def forecast(query: ForecastQuery) -> Forecast:
    """Forecast one curve: its loss at the steps asked and the reaching of the targets asked."""
    return fit_curve(query).answer(query.at, query.targets, query.levels)


def fit_curve(query: ForecastQuery) -> Fitted:
    """Fit a curve once, so that many steps and targets can be asked of it."""
    series, best = clean(query.curve), best_of(query.curve)
    reason = refusal(query.curve, series)
    warnings = _warnings(query, series)
    if reason not in {None, *_ANSWERED}:
        told = _told_by_companion(query, series) if reason == "too_few_points" else None
        nothing = Fitted(None, None, None, query.total_steps, 0.0, reason, warnings)
        return replace(told or nothing, reason=reason, warnings=warnings, best=best)
    lift = lift_of(series)
    series = replace(series, y=series.y + lift)
    fit = fit_series(series, _schedule(query, series), query.curve.kind)
    law, template = _plain_law(fit), _template(query, fit)
    return Fitted(fit, law, template, query.total_steps, lift, reason, warnings, best)


def _told_by_companion(query: ForecastQuery, series: Series) -> Fitted | None:
    """Return the fit of the training curve beside a short validation curve, ``None`` where there is none."""
    beside = query.companion
    if query.curve.kind != "val" or beside is None or beside.kind == "val" or len(series.y) == 0:
        return None
    fitted = fit_curve(ForecastQuery(beside, lr_schedule=query.lr_schedule, total_steps=query.total_steps))
    if fitted.reason is not None:
        return None
    return replace(fitted, beside=Beside(series.end - series.offset, float(series.y[-1])))


def _warnings(query: ForecastQuery, series: Series) -> tuple[str, ...]:
    validation = series if query.curve.kind == "val" else None
    if validation is None and query.companion is not None and query.companion.kind == "val":
        validation = clean(query.companion)
    return ("overfitting",) if validation is not None and is_overfitting(validation) else ()


def _schedule(query: ForecastQuery, series: Series) -> Schedule:
    """Return the learning rate: as planned, else as seen and carried on where its shape is plain."""
    seen = _seen_rate(query, series)
    total = None if query.total_steps is None else query.total_steps + series.offset
    rate = None
    if query.lr_schedule:
        rate = known_rate_of_plan(query.lr_schedule, series.offset, seen, series.end)
    elif seen is not None and total is not None:
        rate = carried_on(*seen, total)
    return schedule(series.end, total, rate)


def _plain_law(fit: Fit) -> PlainLaw | None:
    """Return the plain laws under the noise that suits them better: a constant, or a share of the loss."""
    raw = fit.modes[0].bins
    found = [fit_plain_law(raw, raw.variance, fit.series.end)]
    if len(fit.modes) > len(WINDOWS):
        relative = fit.modes[1].bins
        losses = raw.level + raw.scale * raw.z
        variance = relative.variance * (relative.scale * losses / raw.scale) ** 2
        found.append(fit_plain_law(raw, variance, fit.series.end))
    laws = [law for law in found if law is not None]
    return min(laws, key=lambda law: law.misfit, default=None)


def _template(query: ForecastQuery, fit: Fit) -> Template | None:
    if query.like is None:
        return None
    total = None if query.total_steps is None else query.total_steps + fit.series.offset
    return fit_template(clean(query.like), fit.series, fit.modes[0].bins, total)


def _seen_rate(query: ForecastQuery, series: Series) -> tuple[FloatArray, FloatArray] | None:
    """Return the learning rate seen, of the curve itself or of its companion."""
    if series.lr is None and query.companion is not None:
        series = clean(query.companion)
    return None if series.lr is None else (series.x, series.lr)
