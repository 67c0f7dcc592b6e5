"""The options side by side: what each costs on one clock axis, and which is advised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.pages.adding_up import adding_up
from app.pages.axis import ClockAxis, Tick, covering
from app.pages.gantt import Segment, Stretch, ahead, behind, segments
from app.pages.phases import phase_name
from app.pages.refusals import option_name, reason_text, refusal
from planner.reasons import refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from app.views import RunView
    from app.words import Words
    from planner.outcome import Outcome
    from planner.quantiles import Quantiles
    from planner.report import Comparison

CONTINUE, STOP = "continue", "stop"
PAST_SHARE = 0.5
"""How much longer than the time ahead the past may be drawn."""

UNKNOWN_SECONDS = 3_600.0
"""What the axis covers from now on where no option's end is known."""

LIMIT_WITHIN = 1.6
"""A time limit further away than this many times the last end is told, not drawn."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option with its numbers, seconds from now; ``None`` is unknown or never."""

    name: str
    finish: Quantiles | None
    reason: str | None
    parts: Sequence[tuple[str, float]]
    steps: int | None
    validations: int | None
    loss_at_end: Quantiles | None
    probability_of_target: float | None


@dataclass(frozen=True, slots=True)
class Whisker:
    """An uncertain end on the axis: where 8 in 10 ends lie, and the middle; open where it may never come."""

    low: float
    middle: float
    high: float
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class OptionFace:
    """An option row, ready to show."""

    name: Markup
    is_advised: bool
    total: str
    is_known: bool
    done: str | None
    interval: Markup | None
    goal: Markup | None
    why_not: Markup | None
    composition: Markup | None
    bars: list[Segment]
    ghost: Segment | None
    end: Whisker | None
    label: Markup


@dataclass(frozen=True, slots=True)
class Timeline:
    """The option rows over their shared axis."""

    options: list[OptionFace]
    ticks: list[Tick]
    now_x: float
    limit_x: float | None
    limit_clock: str | None
    phases: list[str]
    has_past: bool


def options_of(view: RunView) -> list[Option]:
    """Return the options compared, the advised one first; without a comparison, continuing alone."""
    if view.comparison is None:
        return [_by_eta(view)]
    advised = view.comparison.verdict.scenario
    outcomes = [outcome for outcome in view.comparison.outcomes if outcome.name != STOP]
    if all(outcome.status == "refused" for outcome in outcomes):
        return [_by_eta(view)]  # what is known of going on says more than rows without bars
    options = [_with_whole_bar(_of_outcome(outcome), view) for outcome in outcomes]
    return sorted(options, key=lambda option: (option.name != advised, option.reason is not None))


def timeline(view: RunView, words: Words) -> Timeline:
    """Return the option rows of a run."""
    options = options_of(view)
    axis = _axis(view, options)
    limit = _limit(view)
    is_drawn = limit is not None and view.as_of < limit <= axis.end
    advised = view.comparison.verdict.scenario if view.comparison else None
    faces = [_face(option, view, axis, words, advised) for option in options]
    drawn = {bar.style.removesuffix(" past") for face in faces for bar in face.bars}
    return Timeline(
        faces,
        axis.ticks(words),
        axis.x(view.as_of),
        axis.x(limit) if limit is not None and is_drawn else None,
        words.clock(limit) if limit is not None and is_drawn else None,
        sorted(drawn),
        any(bar.style.endswith(" past") for face in faces for bar in face.bars),
    )


def goal_text(view: RunView, words: Words) -> Markup | None:
    """Return what both options run to, such as "val loss 0.34"; ``None`` without a target, or past it."""
    if view.target_loss is None or is_past_target(view.comparison):
        return None
    loss = words.typed(view.target_loss)
    if view.target_of == "val":
        return words.say("val loss {loss}", loss=loss)
    return words.say("train loss {loss}", loss=loss)


def is_past_target(comparison: Comparison | None) -> bool:
    """Return whether options are compared at their ends because the target is reached, or left out."""
    reasons = comparison.verdict.reasons if comparison else ()
    return any(one.code in {"target_reached", "target_left_out"} for one in reasons)


def _by_eta(view: RunView) -> Option:
    eta = view.eta
    means = eta.by_phase
    parts = (
        [
            (phase, getattr(means, phase, 0.0) or 0.0)
            for phase in ("startup", "step", "validation", "checkpoint")
        ]
        if means
        else []
    )
    return Option(
        CONTINUE,
        eta.remaining_seconds,
        eta.reason,
        _stretched(parts, eta.remaining_seconds),
        eta.steps_left,
        eta.validations_left,
        None,
        None,
    )


def _stretched(parts: list[tuple[str, float]], until: Quantiles | None) -> list[tuple[str, float]]:
    """Return means of phases so that they add up to the median that is shown beside them."""
    middle, whole = until.at(0.5) if until else None, sum(seconds for _, seconds in parts)
    if middle is None or whole <= 0:
        return parts
    return [(phase, seconds * middle / whole) for phase, seconds in parts]


def _with_whole_bar(option: Option, view: RunView) -> Option:
    """Return an option; where continuing is not expected to reach its target, with its whole plan drawn."""
    is_lost = option.finish is not None and option.finish.at(0.5) is None
    return replace(option, parts=_by_eta(view).parts) if is_lost and option.name == CONTINUE else option


def _of_outcome(outcome: Outcome) -> Option:
    return Option(
        outcome.name,
        outcome.finish_seconds,
        outcome.reason,
        [(part.phase, part.seconds) for part in outcome.composition or outcome.timeline],
        outcome.steps_left,
        outcome.validations_left,
        outcome.loss_at_end,
        outcome.probability_of_target,
    )


def _axis(view: RunView, options: Sequence[Option]) -> ClockAxis:
    ends = [end for option in options for end in _ends(option)]
    last = max(ends, default=0.0)
    if last <= 0:
        return covering(view.as_of, [view.as_of + UNKNOWN_SECONDS])
    limit = _limit(view)
    if limit is not None and 0 < limit - view.as_of <= LIMIT_WITHIN * last:
        last = max(last, limit - view.as_of)
    past = min(view.elapsed_seconds or 0.0, PAST_SHARE * last)
    return covering(view.as_of - past, [view.as_of + last])


def _ends(option: Option) -> list[float]:
    drawn = sum(seconds for _, seconds in option.parts)
    known = option.finish.values if option.finish else ()
    return [drawn, *(value for value in known if value is not None)]


def _limit(view: RunView) -> float | None:
    if view.time_limit_seconds is None or view.elapsed_seconds is None:
        return None
    return view.as_of + view.time_limit_seconds - view.elapsed_seconds


def _face(option: Option, view: RunView, axis: ClockAxis, words: Words, advised: str | None) -> OptionFace:
    middle = option.finish.at(0.5) if option.finish else None
    name = option_name(option.name, words)
    done = words.clock(view.as_of + middle) if middle is not None else None
    return OptionFace(
        name=name,
        is_advised=option.name == advised,
        total=_total(option, words),
        is_known=middle is not None,
        done=done,
        interval=_interval(option, words),
        goal=_goal(option, view, words),
        why_not=_why_not(option, view, words),
        composition=_composition(option, words),
        bars=_bars(option, view, axis),
        ghost=_ghost(option, view, axis),
        end=_whisker(option, view, axis),
        label=words.say("{name}: done {clock}", name=name, clock=done or words.say("not known")),
    )


def _total(option: Option, words: Words) -> str:
    if option.finish is None:
        return words.say("not known")
    middle = option.finish.at(0.5)
    return words.say("not in sight") if middle is None else words.duration(middle)


def _interval(option: Option, words: Words) -> Markup | None:
    if option.finish is None or option.finish.at(0.5) is None:
        return None
    low, high = words.span(option.finish)
    if low is None:
        return None
    if high is None:
        return words.say("8 in 10: from {low}, or never", low=words.duration(low))
    if words.duration(low) == words.duration(high):
        return None
    return words.say("8 in 10: {low} to {high}", low=words.duration(low), high=words.duration(high))


def _goal(option: Option, view: RunView, words: Words) -> Markup | None:
    goal = goal_text(view, words)
    if goal is not None and option.probability_of_target is not None:
        return words.say(
            "{goal}: {chance} likely", goal=goal, chance=words.sureness(option.probability_of_target)
        )
    loss = option.loss_at_end.at(0.5) if option.loss_at_end else None
    if loss is not None:
        return words.say("ends at loss {loss}", loss=words.significant(loss))
    return words.say_n("{n} step", "{n} steps", option.steps) if option.steps else None


def _why_not(option: Option, view: RunView, words: Words) -> Markup | None:
    if option.reason is not None:
        outcomes = view.comparison.outcomes if view.comparison is not None else ()
        is_scenario = any(one.name == option.name and one.reason == option.reason for one in outcomes)
        return (
            reason_text(refused(option.name, option.reason), words)
            if is_scenario
            else refusal(option.reason, words)
        )
    if option.finish is not None and option.finish.at(0.5) is None:
        goal = goal_text(view, words) or words.say("the target")
        return words.say("Not expected to reach {goal}.", goal=goal)
    return None


def _composition(option: Option, words: Words) -> Markup | None:
    """Return what a bar is made of: "40 min edit + 15 min test + 3 h 25 training + …", adding up as read."""
    rounded = zip(option.parts, adding_up([seconds for _, seconds in option.parts], words), strict=True)
    told = [
        words.say("{duration} {phase}", duration=words.duration(seconds), phase=phase_name(phase, words))
        for (phase, _), seconds in rounded
        if seconds > 0
    ]
    return words.plain(" + ").join(told) if told else None


def _bars(option: Option, view: RunView, axis: ClockAxis) -> list[Segment]:
    middle = option.finish.at(0.5) if option.finish else None
    future = ahead(option.parts, view.as_of, _turns(option, view), middle)
    past = []
    if option.name == CONTINUE and view.elapsed_seconds is not None:
        started = view.as_of - view.elapsed_seconds
        past = behind(started, view.startup_seconds, view.validations, view.as_of)
    return segments([*past, *future], axis)


def _turns(option: Option, view: RunView) -> int | None:
    """Return how many validations fit into an option's validation time: it may end before its plan does."""
    each = view.pace.validation.mean_seconds if view.pace.validation else None
    total = sum(seconds for phase, seconds in option.parts if phase == "validation")
    return max(1, round(total / each)) if each and total else option.validations


def _ghost(option: Option, view: RunView, axis: ClockAxis) -> Segment | None:
    """Return how long the run trains on beside its replacement's preparation; ``None`` where it does not."""
    if option.name == CONTINUE or view.scenario.get("cancel") != "at_relaunch":
        return None
    before = sum(seconds for phase, seconds in option.parts if phase in {"edit", "test", "queue"})
    drawn = segments([Stretch("step", view.as_of, before)], axis)
    return drawn[0] if drawn else None


def _whisker(option: Option, view: RunView, axis: ClockAxis) -> Whisker | None:
    middle = option.finish.at(0.5) if option.finish else None
    if option.finish is None or middle is None:
        return None
    low, high = option.finish.at(0.1), option.finish.at(0.9)
    return Whisker(
        axis.x(view.as_of + (middle if low is None else low)),
        axis.x(view.as_of + middle),
        axis.x(axis.end if high is None else view.as_of + high),
        is_open=high is None,
    )
