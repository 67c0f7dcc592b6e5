"""What to do about a run, in one line of the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.pages.refusals import reason_text, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from markupsafe import Markup

    from app.views import Badge, RunRow
    from app.words import Words

Sentences = tuple["Markup", "Markup"]


@dataclass(frozen=True, slots=True)
class Todo:
    """A sentence and the words of the link that leads on."""

    text: Markup
    action: Markup


def todo(row: RunRow, words: Words) -> Todo:
    """Return what to do about a run."""
    return Todo(*_MAKERS[row.badge](row, words))


def _stop(row: RunRow, words: Words) -> Sentences:
    if row.state_word == "diverged":
        return words.say("The loss is no longer a number."), words.say("See what is left")
    return words.say("It is not expected to reach its target."), words.say("See why")


def _misses_limit(row: RunRow, words: Words) -> Sentences:
    left, elapsed, limit = row.remaining_seconds, row.elapsed_seconds, row.time_limit_seconds
    middle = left.at(0.5) if left else None
    chance = words.sureness(row.finishes_within_limit or 0.0)
    if middle is None or elapsed is None or limit is None or elapsed + middle <= limit:
        return words.say("Fits its limit with <b>{chance}</b>.", chance=chance), words.say(
            "See what would fit"
        )
    more = words.duration(elapsed + middle - limit)
    text = words.say(
        "Needs <b>{duration}</b> more than its limit. Fits with <b>{chance}</b>.",
        duration=more,
        chance=chance,
    )
    return text, words.say("See what would fit")


def _relaunch(row: RunRow, words: Words) -> Sentences:
    saving = row.verdict.saving_seconds.at(0.5) if row.verdict and row.verdict.saving_seconds else None
    chance = words.sureness(row.verdict.probability) if row.verdict and row.verdict.probability else None
    link = words.say("Compare both options")
    if saving is None or chance is None:
        return words.say("Relaunching has the better chance to reach the target."), link
    text = words.say(
        "Relaunch is <b>{duration}</b> sooner, <b>{chance}</b> sure.",
        duration=words.duration(abs(saving)),
        chance=chance,
    )
    return text, link


def _check(row: RunRow, words: Words) -> Sentences:
    if row.state_word in {"stale", "offline"}:
        since = words.clock(row.run.last_record_at)
        return words.say("No records since <b>{clock}</b>.", clock=since), words.say("Look at the run")
    if row.run.warnings:
        return words.say("It has warnings."), words.say("Read them")
    chance = words.sureness(row.target_chance or 0.0)
    return words.say("It reaches its target with <b>{chance}</b> only.", chance=chance), words.say("See why")


def _wait(row: RunRow, words: Words) -> Sentences:
    if row.verdict is not None and row.verdict.reasons:
        return reason_text(row.verdict.reasons[0], words), words.say("See what is missing")
    if row.reason is not None and row.remaining_seconds is None:
        return refusal(row.reason, words), words.say("Open")
    return words.say("There is nothing to choose between."), words.say("Open")


def _continue(row: RunRow, words: Words) -> Sentences:
    link = words.say("Open")
    if row.reason is not None and row.remaining_seconds is None:
        return refusal(row.reason, words), link
    if row.told_within_limit is None:
        return words.say("On course."), link
    chance = words.sureness(row.told_within_limit)
    return words.say("On course. Fits its limit with <b>{chance}</b>.", chance=chance), link


def _queued(row: RunRow, words: Words) -> Sentences:
    if row.job is not None and row.job.reason and row.job.reason != "None":
        return words.say("Waits: {reason}.", reason=row.job.reason), words.say("Open")
    return words.say("Waits in the queue."), words.say("Open")


def _done(row: RunRow, words: Words) -> Sentences:
    link = words.say("Open report")
    if row.state_word == "failed":
        return words.say("<b>Failed</b> before its end."), link
    return _against_target(row, words) or _ended(row, words), link


def _against_target(row: RunRow, words: Words) -> Markup | None:
    """Return how an ended run stands to its target, by the curve it is a target of."""
    last = row.last_val_loss if row.target_of == "val" else row.loss_now
    loss = row.reached_loss if last is None else last
    if row.target_of is None or row.target_loss is None or loss is None:
        return None
    values = {"loss": words.significant(loss)}
    if loss <= row.target_loss:
        return words.say("Reached its target: <b>{loss}</b>.", **values)
    if row.reached_loss is not None:
        return words.say("Reached its target, ended at <b>{loss}</b>.", **values)
    return words.say("Ended at <b>{loss}</b>, above its target.", **values)


def _ended(row: RunRow, words: Words) -> Markup:
    return words.say("Stopped.") if row.state_word == "stopped" else words.say("Finished.")


_MAKERS: Mapping[Badge, Callable[[RunRow, Words], Sentences]] = {
    "stop": _stop,
    "misses_limit": _misses_limit,
    "relaunch": _relaunch,
    "check": _check,
    "wait": _wait,
    "continue": _continue,
    "queued": _queued,
    "done": _done,
}
