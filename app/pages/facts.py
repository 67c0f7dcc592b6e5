"""The facts of a run's job, and its warnings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from app.forecast_words import told
from app.pages.end_facts import end_facts
from app.pages.evidence import millions
from app.pages.limit_facts import limit_facts
from app.pages.partial import hint_of_other

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.slurm.scheduler import JobFacts
    from app.views import RunView, StateWord
    from app.words import Words

Fact = tuple["Markup", "Markup"]

STALE_JOB_SECONDS = 120.0
"""A job state older than this is told with its age."""


def state_text(state: StateWord, words: Words) -> Markup:
    """Return the word for how a run stands."""
    named = {
        "live": words.say("Live"),
        "stale": words.say("Stale"),
        "offline": words.say("Offline"),
        "queued": words.say("Queued"),
        "finished": words.say("Finished"),
        "failed": words.say("Failed"),
        "stopped": words.say("Stopped"),
        "diverged": words.say("Diverged"),
    }
    return named[state]


def freshness(view: RunView, words: Words) -> Markup:
    """Return how old what is shown is, in words."""
    age = words.duration(math.floor(max(0.0, words.now - view.run.last_record_at)))
    if view.state_word in {"stale", "offline"}:
        return words.say("no records for {duration}", duration=age)
    return words.say("updated {duration} ago", duration=age)


def job_state(job: JobFacts | None, words: Words) -> Markup:
    """Return SLURM's state in the reader's words; one that is not known here stays SLURM's own."""
    if job is None:
        return words.say("not known")
    named = {
        "PENDING": words.say("Pending"),
        "RUNNING": words.say("Running"),
        "SUSPENDED": words.say("Suspended"),
        "COMPLETING": words.say("Completing"),
        "COMPLETED": words.say("Completed"),
        "CANCELLED": words.say("Cancelled"),
        "FAILED": words.say("Failed"),
        "TIMEOUT": words.say("Timed out"),
    }
    return named.get(job.state) or words.plain(job.state)


def facts(view: RunView, words: Words) -> list[Fact]:
    """Return the facts of a run's job that are known, and a hint where there is one of a refused loss."""
    job = view.job
    told: list[tuple[Markup, Markup | None]] = [
        (words.say("State"), _state(view, words)),
        (words.say("Nodes"), _nodes(job, words)),
        (words.say("GPUs"), words.plain(words.whole(job.gpus)) if job and job.gpus else None),
        (words.say("Partition"), words.plain(job.partition) if job and job.partition else None),
        (words.say("Time limit"), _limit(view, words)),
        *end_facts(view, words),
        *limit_facts(view, words),
        (words.say("Checkpoint"), _checkpoint(view, words)),
        (words.say("Parameters"), _parameters(view, words)),
        *hint_of_other(view, words),
        (words.say("Attempts"), words.plain(words.whole(len(view.attempts)))),
        (words.say("Folder"), words.plain(job.work_dir) if job and job.work_dir else None),
    ]
    return [(name, text) for name, text in told if text is not None]


def warnings(view: RunView, words: Words) -> list[Markup]:
    """Return every warning of a run, each in a sentence."""
    val = view.forecast_val
    turned = val is not None and "overfitting" in val.warnings
    overfits = told(val, "val", view.total_steps, words) if turned else None
    noted = [words.plain(str(note.data.get("text", ""))) for note in view.notes]
    return [*([overfits] if overfits else []), *_oddities(view, words), *noted]


def _oddities(view: RunView, words: Words) -> list[Markup]:
    counted = dict(view.run.warnings)
    beyond = counted.pop("steps_beyond_total", 0)
    told = []
    if beyond:
        told.append(
            words.say_n(
                "{n} step came after the declared end.", "{n} steps came after the declared end.", beyond
            )
        )
    told += [
        words.say("{name}: {n}", name=name.replace("_", " "), n=words.whole(count))
        for name, count in counted.items()
        if count
    ]
    return told


def _state(view: RunView, words: Words) -> Markup | None:
    job = view.job
    if job is None:
        return None
    state = job_state(job, words)
    if job.state == "RUNNING" and job.started:
        state = words.say("{state} since {clock}", state=state, clock=words.clock(job.started))
    if job.submitted and job.started and job.started >= job.submitted + 1:
        queued = words.duration(job.started - job.submitted)
        state = words.say("{state}, queued {duration}", state=state, duration=queued)
    is_old = view.job_seen_at is not None and words.now - view.job_seen_at > STALE_JOB_SECONDS
    if is_old and job.is_active and view.job_seen_at is not None:
        return words.say("{state} (as of {age})", state=state, age=words.age(view.job_seen_at))
    return state


def _nodes(job: JobFacts | None, words: Words) -> Markup | None:
    if job is None or not (job.nodes or job.node_count):
        return None
    if job.nodes and job.node_count and job.node_count > 1:
        return words.say("{n} ({names})", n=words.whole(job.node_count), names=job.nodes)
    return words.plain(job.nodes or words.whole(job.node_count or 0))


def _limit(view: RunView, words: Words) -> Markup | None:
    limit, elapsed = view.time_limit_seconds, view.elapsed_seconds
    if limit is None or elapsed is None:
        return None
    values = {"limit": words.duration(limit), "clock": words.clock(view.as_of + limit - elapsed)}
    chance = view.eta.finishes_within_limit
    if chance is None:
        return words.say("{limit}, until {clock}", **values)
    return words.say(
        "{limit}, until {clock}. Fits with <b>{chance}</b>", chance=words.sureness(chance), **values
    )


def _checkpoint(view: RunView, words: Words) -> Markup | None:
    if not view.checkpoints:
        return words.say("none yet")
    newest = max(view.checkpoints, key=lambda one: (one.step, one.started))
    return words.say(
        "step {step} at {clock}", step=words.whole(newest.step), clock=words.clock(newest.started)
    )


def _parameters(view: RunView, words: Words) -> Markup | None:
    total = view.audit.get("parameters") if view.audit else None
    random = view.audit.get("random_parameters") if view.audit else None
    if not isinstance(total, int):
        return None
    if isinstance(random, int) and random:
        return words.say(
            "{total}, <b>{random} started from random</b>",
            total=millions(total, words),
            random=millions(random, words),
        )
    return words.plain(millions(total, words))
