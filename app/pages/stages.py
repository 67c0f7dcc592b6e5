"""A relaunch under way: its stages, each done, under way, still to come or not done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from app.pages.stage_words import stage_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from app.replacement import Order, Replacement, State
    from app.views import RunView
    from app.words import Words

Standing = Literal["done", "now", "later", "not_done"]

Stage = tuple[str, frozenset["State"], frozenset["State"]]

CHECKPOINT: Stage = (
    "checkpoint",
    frozenset({"checked", "asking", "checkpoint_asked", "signalling", "signalled"}),
    frozenset({"releasing"}),
)

STEPS: tuple[Stage, ...] = (
    ("submit", frozenset({"prepared", "submitting"}), frozenset({"submitted"})),
    ("verify", frozenset({"submitted"}), frozenset({"checked"})),
    CHECKPOINT,
    ("release", frozenset({"releasing"}), frozenset({"released"})),
    ("cancel", frozenset({"released", "cancelling"}), frozenset({"cancelled", "handed_over"})),
    ("end", frozenset({"cancelled"}), frozenset({"handed_over"})),
    ("start", frozenset({"handed_over"}), frozenset({"done"})),
)
"""The stages as a person sees them: name, the states in which each is under way, those that end it."""

OVERLAPPING: tuple[Stage, ...] = (
    *STEPS[:2],
    ("start", frozenset({"starting", "started"}), frozenset({"proven"})),
    ("checkpoint", CHECKPOINT[1] | {"proven"}, CHECKPOINT[2]),
    *STEPS[4:6],
)
"""With the new job first."""

CANCELLING: tuple[Stage, ...] = (
    ("checkpoint", CHECKPOINT[1] | {"prepared"}, CHECKPOINT[2]),
    *STEPS[4:6],
)
"""With no new job."""

KEEPING: tuple[Stage, ...] = (
    ("checkpoint", CHECKPOINT[1] | {"prepared"}, CHECKPOINT[2]),
    ("order", frozenset({"releasing", "released", "cancelling"}), frozenset({"cancelled"})),
    ("restart", frozenset({"cancelled"}), frozenset({"handed_over"})),
    ("step", frozenset({"handed_over"}), frozenset({"done"})),
)
"""With a corrected command in the same job."""

_STEPS_OF: Mapping[Order, tuple[Stage, ...]] = {
    "handover": STEPS,
    "overlap": OVERLAPPING,
    "cancel": CANCELLING,
    "keep": KEEPING,
}


@dataclass(frozen=True, slots=True)
class StageFace:
    """One stage."""

    title: Markup
    standing: Standing
    at: str | None
    words: str


@dataclass(frozen=True, slots=True)
class ReplacementFace:
    """A relaunch, ready to show."""

    title: Markup
    advice: Markup
    style: str
    stages: list[StageFace]
    log: list[tuple[str, str]]
    new_run: str | None
    lost: Markup | None


def replacement_face(replacement: Replacement, view: RunView, words: Words) -> ReplacementFace:
    """Return how a relaunch stands."""
    title, advice, style = _summary(replacement, words)
    return ReplacementFace(
        title,
        advice,
        style,
        [_stage(*step, replacement, words) for step in _STEPS_OF[replacement.order]],
        [(words.moment(stage.at), stage_words(stage.words, words)) for stage in replacement.stages],
        view.replaced_by,
        _lost(replacement, view, words),
    )


def _lost(replacement: Replacement, view: RunView, words: Words) -> Markup | None:
    """Return what the cancel cost, once the old job has been told to end."""
    if replacement.entered("cancelling") is None or view.at_step is None:
        return None
    saved = (replacement.checkpoint or {}).get("step")
    held = [one.step for one in view.checkpoints if one.step <= view.at_step]
    kept = max([*held, *([saved] if isinstance(saved, int) else [])], default=0)
    steps = max(view.at_step - kept, 0)
    if not steps:
        return words.say("No work was lost: the checkpoint holds every step.")
    pace = view.pace.step
    time = words.duration(steps * pace.mean_seconds) if pace is not None else "?"
    return words.say("Lost: {steps} steps, {time} of work.", steps=words.whole(steps), time=time)


def _summary(replacement: Replacement, words: Words) -> tuple[Markup, Markup, str]:
    old = replacement.old_id
    if replacement.state == "done":
        return _done(replacement, words)
    if replacement.state == "rolled_back":
        return (
            words.say("Undone: job {old} runs on untouched.", old=old),
            words.say("The new job was cancelled before it could start."),
            "done",
        )
    if replacement.state in {"failed", "undoing"}:
        return _failed(replacement, words)
    if replacement.is_reversible:
        advice = words.say("Job {old} runs on; until it is cancelled, all of this can be undone.", old=old)
        return words.say("Relaunching…"), advice, "relaunch"
    keeps = replacement.order == "keep"
    starting = words.say("Job {old} is starting the corrected command.", old=old)
    ending = words.say("Job {old} is ending.", old=old)
    return words.say("Handing over…"), starting if keeps else ending, "relaunch"


def _done(replacement: Replacement, words: Words) -> tuple[Markup, Markup, str]:
    old, new = replacement.old_id, replacement.new_id or ""
    if replacement.order == "cancel":
        return words.say("This run has ended"), words.say("Cancelled"), "done"
    title = words.say("Done: job {new} has taken the place of job {old}.", new=new, old=old)
    if replacement.order == "keep":
        title = words.say("Done: job {old} runs the corrected command.", old=old)
    return title, words.say("The new run shows up by itself once it reports."), "go"


def _failed(replacement: Replacement, words: Words) -> tuple[Markup, Markup, str]:
    why = words.say("It stopped because: {reason}.", reason=(replacement.reason or "").rstrip("."))
    title = words.say("Not relaunched: job {old} runs on untouched.", old=replacement.old_id)
    if replacement.order == "keep" and replacement.entered("cancelling") is not None:
        title = words.say("The corrected command does not run in job {old}.", old=replacement.old_id)
    return title, why, "stop"


def _stage(
    name: str, under_way: frozenset[State], ends: frozenset[State], replacement: Replacement, words: Words
) -> StageFace:
    own = under_way | ends
    last = next((one for one in reversed(replacement.stages) if one.state in own), None)
    ended = next(
        (replacement.entered(state) for state in ends if replacement.entered(state) is not None), None
    )
    standing = _standing(ended, under_way, replacement)
    at = ended if ended is not None else (last.at if last and standing == "now" else None)
    told = stage_words(last.words, words) if last is not None and standing in {"done", "now"} else ""
    return StageFace(_title(name, replacement, words), standing, words.clock(at) if at else None, told)


def _standing(ended: float | None, under_way: frozenset[State], replacement: Replacement) -> Standing:
    if ended is not None:
        return "done"
    if replacement.state in under_way:
        return "now"
    return "not_done" if replacement.state in {"failed", "rolled_back", "undoing"} else "later"


def _title(name: str, replacement: Replacement, words: Words) -> Markup:
    old = replacement.old_id
    named = {
        "submit": words.say("Submit the fixed job, held"),
        "verify": words.say("Check that it waits and will be able to run"),
        "checkpoint": words.say("Let job {old} save a checkpoint", old=old),
        "release": words.say("Release the fixed job: it waits for the end of job {old} only", old=old),
        "cancel": words.say("Cancel job {old}", old=old),
        "end": words.say("Wait for its end"),
        "start": words.say("See the fixed job start"),
        "order": words.say("Hand the corrected command to job {old}", old=old),
        "restart": words.say("End the old command, start the corrected one"),
        "step": words.say("See it run, on the same nodes"),
    }
    return named[name]
