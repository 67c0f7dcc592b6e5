"""What the list of runs comes to: its title, what to look at first, and the groups it falls into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from app.pages.badges import NEEDS_YOU, ORDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from app.glances import Glance
    from app.views import Badge
    from app.words import Words

GroupKey = Literal["needs_you", "going_well", "too_early", "finished"]
GROUPS: tuple[GroupKey, ...] = ("needs_you", "going_well", "too_early", "finished")
"""In the order shown."""


def group_of(badge: Badge) -> GroupKey:
    """Return the group a badge belongs to."""
    if badge in NEEDS_YOU:
        return "needs_you"
    if badge == "wait":
        return "too_early"
    return "finished" if badge == "done" else "going_well"


def group_name(key: GroupKey, words: Words) -> Markup:
    """Return a group's name."""
    named: Mapping[GroupKey, Markup] = {
        "needs_you": words.say("Needs you"),
        "going_well": words.say("Going well"),
        "too_early": words.say("Too early to say"),
        "finished": words.say("Finished"),
    }
    return named[key]


def list_title(runs: Sequence[Glance], words: Words) -> Markup:
    """Return what a list of runs comes to: how many need their owner, and for what."""
    urgent = [run for run in runs if run.badge in NEEDS_YOU]
    if not urgent:
        return _quiet_title(runs, words)
    counts = [_count(badge, runs, words) for badge in ORDER if badge in NEEDS_YOU]
    told = words.plain(", ").join(count for count in counts if count)
    return words.say_n(
        "{n} of {total} runs needs you: {what}.",
        "{n} of {total} runs need you: {what}.",
        len(urgent),
        total=words.whole(len(runs)),
        what=told,
    )


def list_advice(runs: Sequence[Glance], words: Words) -> Markup | None:
    """Return which run to look at first, ``None`` where none needs it."""
    found = [run for run in runs if run.badge in NEEDS_YOU]
    if not found:
        return None
    first = min(found, key=lambda run: ORDER.index(run.badge))
    values = {"name": first.run.name}
    told: Mapping[Badge, Markup] = {
        "stop": _stop_advice(first, words),
        "misses_limit": words.say(
            "<b>{name}</b> comes first: it will not end before its time limit.", **values
        ),
        "relaunch": words.say(
            "<b>{name}</b> comes first: fixing and relaunching gets there sooner.", **values
        ),
        "check": words.say("Look at <b>{name}</b> first.", **values),
    }
    return told[first.badge]


def _stop_advice(run: Glance, words: Words) -> Markup:
    name = run.run.name
    if run.state_word == "diverged":
        return words.say("Stopping <b>{name}</b> comes first: it can no longer learn.", name=name)
    return words.say("Stopping <b>{name}</b> comes first: it is not expected to reach its target.", name=name)


def _quiet_title(runs: Sequence[Glance], words: Words) -> Markup:
    """Return the title where nothing is urgent."""
    running = sum(run.badge in {"continue", "queued"} for run in runs)
    early = sum(run.badge == "wait" for run in runs)
    if running:
        return words.say_n("{n} run is going well.", "{n} runs are going well.", running)
    if early:
        return words.say_n("{n} run, too early to say.", "{n} runs, of which it is too early to say.", early)
    return words.say_n("{n} run, finished.", "{n} runs, all finished.", len(runs))


def _count(badge: Badge, runs: Sequence[Glance], words: Words) -> Markup | None:
    count = sum(run.badge == badge for run in runs)
    named: Mapping[Badge, Markup] = {
        "stop": words.say("stop {n}", n=count),
        "misses_limit": words.say("misses limit {n}", n=count),
        "relaunch": words.say("relaunch {n}", n=count),
        "check": words.say("check {n}", n=count),
    }
    return named[badge] if count else None
