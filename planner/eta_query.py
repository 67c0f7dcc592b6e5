"""What an ETA is asked with."""

from dataclasses import dataclass, field

from planner.errors import InvalidInputError
from planner.plan import Plan
from planner.priors import Priors
from planner.quantiles import DEFAULT_LEVELS
from planner.timings import LARGEST, Timings


@dataclass(frozen=True, slots=True)
class InProgress:
    """A phase that has begun and not ended.

    Attributes:
        phase: which.
        elapsed_seconds: for how long.
        done: batches of it that are done, where known.
        of: how many it has.
        silent_seconds: how much of that has passed since ``done`` was counted.
    """

    phase: str
    elapsed_seconds: float
    done: int | None = None
    of: int | None = None
    silent_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Silence:
    """Time in which nothing was told to be done, nor to be in progress.

    Attributes:
        seconds: since the last thing that was done.
        usual_seconds: until the next report usually comes; so long a silence is no delay.
    """

    seconds: float
    usual_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class EtaQuery:
    """What is known of a run now.

    Attributes:
        at_step: completed steps, run-wide.
        plan: what the trainer declared.
        startup_seconds: this allocation's start-up, where known.
        steps: step durations, in the order reported.
        validations: validations seen; an unknown duration is NaN.
        checkpoints: checkpoints seen.
        in_progress: the phase under way.
        silence: since the last thing done, where nothing tells what is under way.
        resumed_at_step: the step this attempt resumed at.
        elapsed_seconds: seconds since the allocation's start.
        time_limit_seconds: the allocation's limit, from the same start.
        levels: quantiles asked for.
        priors: what the person's earlier runs took.
        before_seconds: how much of ``elapsed_seconds`` had passed when the newest process started.
        stride: steps between the newest entries of the log, where known.
    """

    at_step: int
    plan: Plan
    startup_seconds: float | None = None
    steps: Timings = field(default_factory=Timings)
    validations: Timings = field(default_factory=Timings)
    checkpoints: Timings = field(default_factory=Timings)
    in_progress: InProgress | None = None
    resumed_at_step: int | None = None
    elapsed_seconds: float | None = None
    time_limit_seconds: float | None = None
    levels: tuple[float, ...] = DEFAULT_LEVELS
    priors: Priors = field(default_factory=Priors)
    silence: Silence | None = None
    before_seconds: float = 0.0
    stride: float | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            InvalidInputError: a number out of its range, or a resume ahead of the completed steps.
        """
        _check_steps(self)
        _check_durations(self)
        if self.in_progress is not None:
            _check_in_progress(self.in_progress)
        for index, level in enumerate(self.levels):
            if not 0 < level < 1:
                raise InvalidInputError(f"/quantiles/{index}", level, "a number between 0 and 1")

    @property
    def process_seconds(self) -> float | None:
        """Seconds since the newest process started, ``None`` where the clock is not known."""
        return None if self.elapsed_seconds is None else max(self.elapsed_seconds - self.before_seconds, 0.0)


def _check_steps(query: EtaQuery) -> None:
    if not 0 <= query.at_step < LARGEST:
        raise InvalidInputError("/at_step", query.at_step, "a step of at least 0")
    total, resumed = query.plan.total_steps, query.resumed_at_step
    if total is not None and total >= LARGEST:
        raise InvalidInputError("/plan/total_steps", total, f"fewer than {LARGEST:g} steps")
    if resumed is not None and not 0 <= resumed <= query.at_step:
        raise InvalidInputError("/resumed_at_step", resumed, f"a step from 0 to at_step ({query.at_step})")


def _check_durations(query: EtaQuery) -> None:
    for name in ("startup_seconds", "elapsed_seconds", "time_limit_seconds", "before_seconds"):
        value = getattr(query, name)
        if value is not None and not 0 <= value < LARGEST:
            raise InvalidInputError(f"/{name}", value, "seconds of at least 0")
    if query.time_limit_seconds == 0:
        raise InvalidInputError("/time_limit_seconds", 0, "seconds above 0; no limit is None")
    if query.silence is not None:
        _check_silence(query.silence)


def _check_silence(silence: Silence) -> None:
    for name in ("seconds", "usual_seconds"):
        value = getattr(silence, name)
        if not 0 <= value < LARGEST:
            raise InvalidInputError(f"/silence/{name}", value, "seconds of at least 0")


def _check_in_progress(begun: InProgress) -> None:
    if not 0 <= begun.elapsed_seconds < LARGEST:
        raise InvalidInputError(
            "/in_progress/elapsed_seconds", begun.elapsed_seconds, "seconds of at least 0"
        )
    if not 0 <= begun.silent_seconds <= begun.elapsed_seconds:
        raise InvalidInputError(
            "/in_progress/silent_seconds", begun.silent_seconds, "seconds from 0 to elapsed_seconds"
        )
    for name in ("done", "of"):
        value = getattr(begun, name)
        if value is not None and value < 0:
            raise InvalidInputError(f"/in_progress/{name}", value, "a count of at least 0")
    if begun.done is not None and begun.of is not None and begun.done > begun.of:
        raise InvalidInputError("/in_progress/done", begun.done, f"at most /in_progress/of ({begun.of})")
