"""What the job's time limit does to a run, and what would soften it, a short sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.run_limit import RARER_SAVES

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.run_limit import LimitEffect, RunLimit
    from app.views import RunView
    from app.words import Words

SURE = 0.99
"""A run this sure to end in time has nothing to fear of its limit."""
WORTH_SAYING = 0.1
WORTH_SECONDS = 60.0
"""What saves less is not worth a line."""
OFF_BY = 1.25
"""An interval within this factor of the best one is good enough."""


def limit_facts(view: RunView, words: Words) -> list[tuple[Markup, Markup]]:
    """Return what is to be said of a run's limit, nothing where it ends in time."""
    limit = view.limit
    if limit is None or limit.outlook.finishes > SURE:
        return []
    told = [
        (words.say("At the limit"), _at_limit(view, limit, words)),
        (words.say("Requeues"), _requeues(limit, words)),
        (words.say("Ends with them"), _with_requeues(view, limit, words)),
        (words.say("Last chance"), _last_chance(limit, words)),
        (words.say("Save every"), _interval(limit, words)),
        (words.say("Save rarer"), _rarer_saves(limit, words)),
        (words.say("Validate rarer"), _rarer(limit, words)),
    ]
    return [(name, text) for name, text in told if text is not None]


def _at_limit(view: RunView, limit: RunLimit, words: Words) -> Markup | None:
    outlook = limit.outlook
    step, saved, lost = (one.at(0.5) for one in (outlook.step, outlook.checkpoint_step, outlook.lost_seconds))
    if step is None or saved is None or lost is None:
        return None
    values = {
        "step": words.whole(step), "total": words.whole(view.total_steps or 0), "saved": words.whole(saved),
        "lost": words.duration(lost),
    }  # fmt: skip
    return words.say("step {step} of {total}, saved at {saved}: {lost} of work lost", **values)


def _requeues(limit: RunLimit, words: Words) -> Markup | None:
    count = limit.outlook.requeues.at(0.5)
    if count is None:
        return words.say("without a checkpoint in time it never ends")
    if count < 1:
        return None
    cost = words.say(
        "{queue} in the queue, {startup} to start, {repeated} repeated",
        queue=words.duration(limit.queue_seconds),
        startup=words.duration(limit.outlook.startup_seconds),
        repeated=words.duration(limit.outlook.repeated_seconds),
    )
    return words.say_n(
        "{n} more, costing {duration}: {cost}",
        "{n} more, costing {duration} each: {cost}",
        round(count),
        duration=words.duration(limit.outlook.requeue_seconds),
        cost=cost,
    )


def _with_requeues(view: RunView, limit: RunLimit, words: Words) -> Markup | None:
    finish = limit.outlook.finish_seconds
    middle, (low, high) = finish.at(0.5), words.span(finish)
    count = limit.outlook.requeues.at(0.5)
    if middle is None or low is None or high is None or not count:
        return None
    low_clock, middle_clock, high_clock = (words.clock(view.as_of + end) for end in (low, middle, high))
    return words.say(
        "about {clock}, between {low} and {high}", clock=middle_clock, low=low_clock, high=high_clock
    )


def _last_chance(limit: RunLimit, words: Words) -> Markup:
    return words.say("start a checkpoint before {clock}", clock=words.clock(limit.act_before))


def _interval(limit: RunLimit, words: Words) -> Markup | None:
    best, every = limit.best_checkpoint_every, limit.checkpoint_every
    if best is None or (every is not None and 1 / OFF_BY <= best / every <= OFF_BY):
        return None
    steps = words.say_n("{n} step", "{n} steps", best)
    if every is None:
        return words.say("about {best}: that loses least", best=steps)
    effect = _saving(limit, best)
    now, then = limit.outlook.lost_seconds.at(0.5), effect.lost_seconds.at(0.5) if effect else None
    values = {"best": steps, "every": words.whole(every)}
    if now is None or then is None:
        return words.say("about {best} instead of {every}: that loses least", **values)
    return words.say(
        "about {best} instead of {every}: that loses least, at the limit {then} instead of {now}",
        then=words.duration(then),
        now=words.duration(now),
        **values,
    )


def _saving(limit: RunLimit, every: int) -> LimitEffect | None:
    """Return what checkpoints so many steps apart would change, ``None`` where it was not asked."""
    of_saves = (one for one in limit.effects if one.setting == "checkpoint_every")
    return next((one for one in of_saves if one.value == every), None)


def _rarer_saves(limit: RunLimit, words: Words) -> Markup | None:
    effect = _saving(limit, RARER_SAVES * (limit.checkpoint_every or 0))
    lost = effect.lost_seconds.at(0.5) if effect else None
    if effect is None or lost is None or effect.saved_seconds < WORTH_SECONDS:
        return None
    return words.say(
        "every {n} steps saves {saved}, and loses {lost} at the limit",
        n=words.whole(effect.value),
        saved=words.duration(effect.saved_seconds),
        lost=words.duration(lost),
    )


def _rarer(limit: RunLimit, words: Words) -> Markup | None:
    now = limit.outlook.finishes
    helping = [one for one in limit.effects if _helps(one, now)]
    if not helping:
        return None
    best = max(helping, key=lambda one: one.finishes)
    return words.say(
        "every {n} steps saves {saved}: then it fits with <b>{chance}</b>",
        n=words.whole(best.value),
        saved=words.duration(max(best.saved_seconds, 0.0)),
        chance=words.sureness(best.finishes),
    )


def _helps(effect: LimitEffect, now: float) -> bool:
    return effect.setting == "validate_every" and effect.finishes - now > WORTH_SAYING
