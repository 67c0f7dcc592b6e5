"""How one scenario runs its course, draw by draw."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from planner.curve import FloatArray
from planner.draws import Source
from planner.duration import exactly
from planner.leg import Counts, Leg, whole_step
from planner.loss_path import LossPath, RefusedCurve, loss_path
from planner.scenario import CompareQuery, PaceDurations, pace_of

BoolArray = NDArray[np.bool_]

NONE, ONE = np.zeros(1), np.ones(1)
PERSON_PHASES = ("edit", "test", "queue")
TRAINING_PHASES = ("step", "validation", "checkpoint")

DEAD_CURVES = frozenset({"diverged", "not_finite"})
"""Reasons of a forecast that say that going on is pointless, not that too little is known."""

_ROUNDING = 1e-6
"""A step is done that lacks no more of itself than this."""

_RANKS = 2048
_RANK_SCORES = np.asarray(ndtri((np.arange(_RANKS) + 0.5) / _RANKS), dtype=float)
"""A curve is crossed at these ranks and each draw takes the nearest: crossing a long curve is dear."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A scenario that cannot be answered, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Beginning:
    """What comes before training: seconds of edit, test and queue over all tries, and how many start-ups."""

    phases: Mapping[str, FloatArray]
    startups: FloatArray


@dataclass(frozen=True, slots=True)
class Course:
    """One scenario, simulated; arrays have shape (n,), or (1,) where all draws agree.

    Attributes:
        phases: seconds in each phase until the goal; until the plan's end where the goal is never reached.
        counts: steps, validations and checkpoints on that way.
        arrives: whether it is reached.
        startups: how many tries there are; 0 for a job that goes on.
        leg: the training.
        pace: seconds of one step, validation and checkpoint.
        path: the losses expected.
        old_seconds: how long a job that is to be replaced still runs; ``None`` is unknown.
        begun_seconds: by phase, what is in progress takes beyond the counts; below 0 what is done of them.
        begun_counts: by phase, how many of the counts are in progress and take no more than that.
        budget_seconds: how long its process may still run; it ends itself then, wherever it is.
    """

    phases: Mapping[str, FloatArray]
    counts: Counts
    arrives: BoolArray
    startups: FloatArray
    leg: Leg
    pace: Mapping[str, FloatArray]
    path: LossPath | None
    old_seconds: FloatArray | None
    begun_seconds: Mapping[str, FloatArray] = field(default_factory=dict)
    begun_counts: Mapping[str, float] = field(default_factory=dict)
    budget_seconds: float = np.inf

    def begun(self, seconds: Mapping[str, FloatArray], counts: Mapping[str, float]) -> "Course":
        """Return the course with what is in progress by phase, no phase shorter than nothing."""
        if not seconds:
            return self
        course = replace(self, begun_seconds=seconds, begun_counts=counts)
        counted, begun = course.counted_seconds(self.counts), course._begun_training  # noqa: SLF001 - its own
        training = {phase: counted[phase] + begun[phase] for phase in TRAINING_PHASES}
        startup = np.maximum(self.phases["startup"] + seconds.get("startup", NONE), 0.0)
        return replace(course, phases={**self.phases, "startup": startup, **training})

    def within(self, budget_seconds: float, *, to_target: bool) -> "Course":
        """Return the course of a process that ends itself when its budget of time is used up.

        Without a target that is an end like another; with one, the target is then not reached.
        """
        course = replace(self, budget_seconds=budget_seconds)
        counted = self.counted_seconds(self.counts)
        share = course.trained_share(total_of(counted))
        if (share == 1).all():
            return course
        room = np.maximum(budget_seconds - self._last_startup, 0.0)
        begun = self._begun_training
        led = np.minimum(room / np.maximum(total_of(begun), 1e-9), 1.0)
        training = {phase: begun[phase] * led + counted[phase] * share for phase in TRAINING_PHASES}
        unstarted = np.maximum(self._last_startup - budget_seconds, 0.0)
        phases = {**self.phases, "startup": self.phases["startup"] - unstarted, **training}
        counts = Counts(
            *(getattr(self.counts, name) * share for name in ("steps", "validations", "checkpoints"))
        )
        arrives = self.arrives & (share == 1) if to_target else self.arrives
        return replace(course, phases=phases, counts=counts, arrives=arrives)

    def trained_share(self, counted: FloatArray) -> FloatArray:
        """Return the share of so many counted seconds that the budget has room for.

        The start-up and what is in progress come before them.
        """
        room = self.budget_seconds - self._last_startup - total_of(self._begun_training)
        return np.where(counted <= room, 1.0, np.maximum(room, 0.0) / np.maximum(counted, 1e-9))

    @property
    def _last_startup(self) -> FloatArray:
        """Seconds of start-up on the budget's clock: of several tries it is the last one's that counts."""
        begun = self.begun_seconds.get("startup", NONE)
        return np.maximum(np.minimum(self.startups, 1.0) * self.pace["startup"] + begun, 0.0)

    @property
    def _begun_training(self) -> dict[str, FloatArray]:
        """Seconds of what is in progress and not counted, by phase of training."""
        return {phase: np.maximum(self.begun_seconds.get(phase, NONE), 0.0) for phase in TRAINING_PHASES}

    def counted_seconds(self, counts: Counts) -> dict[str, FloatArray]:
        """Return the seconds still to come of what is counted, by phase of training: a part may be done."""
        whole, left = training_seconds(counts, self.pace), {}
        for phase, took in whole.items():
            done = np.minimum(self.begun_seconds.get(phase, NONE), 0.0)
            under_way = self.begun_counts.get(phase, 0.0) * self.pace[phase]
            left[phase] = np.maximum(took - under_way + done, 0.0)
        return left

    @property
    def last_step(self) -> float:
        """The step done last if it has no goal: the plan's, or the one before the budget usually ends it."""
        if np.isinf(self.budget_seconds):
            return float(self.leg.total)
        share = self.trained_share(self.whole_seconds)
        reached = np.median(self.leg.start + share * (self.leg.total - self.leg.start))
        return float(np.floor(reached + _ROUNDING))

    @property
    def whole_seconds(self) -> FloatArray:
        """Seconds of all that is counted up to the plan's last step."""
        counts = self.leg.counts_to(np.array([float(self.leg.total)]))
        return total_of(self.counted_seconds(counts))

    @property
    def end_seconds(self) -> FloatArray:
        """Seconds until the scenario ends, its goal reached or not."""
        return total_of(self.phases)

    @property
    def finish_seconds(self) -> FloatArray:
        """Seconds until the goal, inf where it is never reached."""
        return np.where(self.arrives, self.end_seconds, np.inf)

    @property
    def attention_seconds(self) -> FloatArray:
        """Edit and test of all tries."""
        return np.asarray(self.phases["edit"] + self.phases["test"])

    @property
    def overhead_seconds(self) -> FloatArray:
        """Edit, test and queue of all tries."""
        return np.asarray(self.attention_seconds + self.phases["queue"])

    @property
    def rest_seconds(self) -> FloatArray:
        """Seconds until the goal without edit, test and queue, inf where it is never reached."""
        return np.where(self.arrives, self.end_seconds - self.overhead_seconds, np.inf)

    @property
    def lead_seconds(self) -> FloatArray:
        """Start-ups and what is in progress: what the counts do not hold."""
        startup = self.startups * self.pace["startup"] + self.begun_seconds.get("startup", NONE)
        return np.asarray(np.maximum(startup, 0.0) + total_of(self._begun_training))

    @property
    def gpu_seconds(self) -> FloatArray | None:
        """Seconds during which the GPUs are held from now on, by the old job or the new one."""
        if self.old_seconds is None:
            return None
        new = total_of({phase: self.phases[phase] for phase in ("startup", *TRAINING_PHASES)})
        return np.asarray(self.old_seconds + new)

    def seconds_to(self, step: float) -> FloatArray:
        """Return the seconds until a step and the validation due at it are done, whatever the goal.

        Inf where its budget of time ends it before.
        """
        counts = self.leg.counts_to(np.array([float(step)]), checkpoint_at_step=False)
        counted = total_of(self.counted_seconds(counts))
        seconds = self.overhead_seconds + self.lead_seconds + counted
        return np.where(self.trained_share(counted) < 1, np.inf, seconds)


def total_of(phases: Mapping[str, FloatArray]) -> FloatArray:
    """Return the sum over phases."""
    return np.asarray(sum(phases.values(), start=NONE))


def training_seconds(counts: Counts, pace: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return the seconds in each phase of training."""
    return {
        "step": counts.steps * pace["step"],
        "validation": counts.validations * pace["validation"],
        "checkpoint": counts.checkpoints * pace["checkpoint"],
    }


def train(
    query: CompareQuery, index: int, source: Source, leg: Leg, beginning: Beginning
) -> Course | Refusal:
    """Simulate the training of one scenario to its goal."""
    everything = leg.counts_to(np.array([float(leg.total)]))
    missing = _missing(pace_of(query, index), everything, beginning.startups)
    if missing is not None:
        return Refusal(missing)
    path = _path(query, index)
    if isinstance(path, Refusal):
        return path
    reached = _goal_step(query, index, source, leg, path)
    if isinstance(reached, Refusal):
        return reached
    arrives = reached <= leg.total
    counts = _counts_at(leg, query, np.where(arrives, reached, leg.total), arrives)
    pace = {part: _drawn(query, index, part, source) for part in (*TRAINING_PHASES, "startup")}
    startup = {"startup": beginning.startups * pace["startup"]}
    phases = {**beginning.phases, **startup, **training_seconds(counts, pace)}
    return Course(phases, counts, arrives, beginning.startups, leg, pace, path, NONE)


def _path(query: CompareQuery, index: int) -> LossPath | Refusal | None:
    curve = query.scenarios[index].curve
    if isinstance(curve, RefusedCurve):
        is_needed = query.target is not None or curve.reason in DEAD_CURVES
        return Refusal(curve.reason) if is_needed else None
    if curve is None:
        return None if query.target is None else Refusal("no_curve")
    return loss_path(curve)


def _goal_step(
    query: CompareQuery, index: int, source: Source, leg: Leg, path: LossPath | None
) -> FloatArray | Refusal:
    """Return the step after which the goal is reached, inf where it never is."""
    if query.target is None or path is None:
        return np.array([float(leg.total)])
    crossed = _crossing(query, index, source, path)
    if query.target.of == "train":
        return np.maximum(whole_step(crossed), leg.start)
    if leg.validations is None:
        return Refusal("unknown_validate_every")
    return leg.first_validation_from(crossed)


def _crossing(query: CompareQuery, index: int, source: Source, path: LossPath) -> FloatArray:
    loss = NONE if query.target is None else np.array([query.target.loss])
    targets = source.values("/target/loss", loss)
    if path.is_exact:
        return path.crossing(targets, NONE)
    ranks = source.ranks(f"/scenarios/{index}/curve", ("curve", query.scenarios[index].curve))
    if len(ranks) < _RANKS:
        return path.crossing(targets, np.asarray(ndtri(ranks)))
    by_rank = path.crossing(targets, _RANK_SCORES)
    return np.asarray(by_rank[(ranks * _RANKS).astype(int)])


def _counts_at(leg: Leg, query: CompareQuery, step: FloatArray, arrives: BoolArray) -> Counts:
    """Count to the goal: a validation that shows the target reached ends it before the checkpoint."""
    full = leg.counts_to(step)
    if query.target is None or query.target.of == "train":
        return full
    seen = leg.counts_to(step, checkpoint_at_step=False)
    return Counts(full.steps, full.validations, np.where(arrives, seen.checkpoints, full.checkpoints))


def _missing(pace: PaceDurations, counts: Counts, startups: FloatArray) -> str | None:
    """Return the first part of the pace that is needed and unknown."""
    needed = (
        ("step_seconds", pace.step_seconds, counts.steps),
        ("validation_seconds", pace.validation_seconds, counts.validations),
        ("checkpoint_seconds", pace.checkpoint_seconds, counts.checkpoints),
        ("startup_seconds", pace.startup_seconds, startups),
    )
    for name, duration, count in needed:
        if duration is None and np.any(count > 0):
            return f"missing_{name}"
    return None


def _drawn(query: CompareQuery, index: int, part: str, source: Source) -> FloatArray:
    """Draw one part of the pace: apart where the scenario overrides it, else the job's own."""
    name = f"{part}_seconds"
    overrides = query.scenarios[index].pace
    own = None if overrides is None else getattr(overrides, name)
    if own is not None:
        return source.seconds(f"/scenarios/{index}/pace/{name}", own)
    shared = getattr(query.pace, name)
    return source.seconds(f"/pace/{name}", exactly(0.0) if shared is None else shared)
