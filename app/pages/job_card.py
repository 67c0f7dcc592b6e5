"""The card of a run's job: how it stands, what it waits for, where it came from, what can be done to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.job_extras import JobExtras
from app.lineage import lineage
from app.pages.job_buttons import JobButton, job_buttons
from app.pages.job_words import reason_words, state_name
from app.run_jobs import estrangement

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.pages.facts import Fact
    from app.pages.visit import Visit
    from app.slurm.poller import PollerFigures
    from app.slurm.scheduler import JobFacts
    from app.slurm.usage import Usage
    from app.store.facts import Run
    from app.views import RunView
    from app.words import Words

GIBIBYTE = 2.0**30


@dataclass(frozen=True, slots=True)
class Ancestor:
    """One run of the line: ``here`` is the one that is shown."""

    id: str
    name: str
    job: str
    here: bool


@dataclass(frozen=True, slots=True)
class JobCard:
    """What the card shows beside the facts that every run has."""

    facts: list[Fact]
    line: list[Ancestor]
    buttons: list[JobButton]
    polling: Markup | None
    is_supervised: bool


def job_card(visit: Visit, view: RunView) -> JobCard:
    """Return the card of a run's job."""
    state, words = visit.request.app.state, visit.words
    extras = JobExtras()
    if state.extras is not None and view.job is not None and view.run.job is not None:
        here = view.run.job.cluster == state.scheduler.cluster
        extras = state.extras.of(view.run.id, view.job, _array(view)) if here else extras
    is_open = (
        state.scheduler is not None
        and view.job is not None
        and estrangement(view.run, view.job, state.store) is None
    )
    return JobCard(
        facts=job_facts(view, extras, words),
        line=_line(lineage(state.store, view.run), view.run),
        buttons=job_buttons(view, words, state.scheduler.name) if is_open else [],
        polling=polling_words(state.poller.figures(), words) if state.poller is not None else None,
        is_supervised=state.supervision.of(view.run.job) is not None,
    )


def _array(view: RunView) -> str | None:
    told = view.attempts[-1].job if view.attempts else None
    array = told.get("array_job_id") if told else None
    return str(array) if array is not None and str(array).isdecimal() else None


def _line(runs: list[Run], shown: Run) -> list[Ancestor]:
    if len(runs) == 1:
        return []
    return [Ancestor(run.id, run.name, run.job.id if run.job else "", run.id == shown.id) for run in runs]


def job_facts(view: RunView, extras: JobExtras, words: Words) -> list[Fact]:
    """Return what is known of a job beyond its state, nodes and limit."""
    job = view.job
    if job is None:
        return []
    told: list[tuple[Markup, Markup | None]] = [
        (words.say("Waits for"), _reason(job, words)),
        (words.say("Place in line"), _place(extras, words)),
        (words.say("Starts"), _start(job, words)),
        (words.say("Time left"), _left(view, words)),
        (words.say("Array"), _tasks(extras, words)),
        (words.say("Requeued"), _requeued(job, words)),
        (words.say("Resumed"), _resumed(view, words)),
        (words.say("Exit code"), words.plain(job.exit_code) if job.exit_code and not job.is_active else None),
        *_used(extras.usage, words),
    ]
    return [(name, text) for name, text in told if text is not None]


def _reason(job: JobFacts, words: Words) -> Markup | None:
    if job.state != "PENDING" or not job.reason or job.reason == "None":
        return None
    return reason_words(job.reason, words)


def _place(extras: JobExtras, words: Words) -> Markup | None:
    if extras.place is None or extras.in_line is None:
        return None
    return words.say("{n} of {all}", n=words.whole(extras.place), all=words.whole(extras.in_line))


def _start(job: JobFacts, words: Words) -> Markup | None:
    if job.state != "PENDING" or job.estimated_start is None:
        return None
    left = job.estimated_start - words.now
    if left <= 0:
        return words.say("any moment, as SLURM estimates")
    return words.say(
        "about {clock}, in {duration}, as SLURM estimates",
        clock=words.clock(job.estimated_start),
        duration=words.duration(left),
    )


def _left(view: RunView, words: Words) -> Markup | None:
    limit, elapsed = view.time_limit_seconds, view.elapsed_seconds
    if view.job is None or view.job.state != "RUNNING" or limit is None or elapsed is None:
        return None
    left = limit - elapsed - max(words.now - view.as_of, 0.0)
    return words.plain(words.duration(left)) if left > 0 else words.say("none")


def _tasks(extras: JobExtras, words: Words) -> Markup | None:
    if not extras.tasks:
        return None
    counted = ", ".join(f"{words.whole(n)} {state_name(state, words)}" for state, n in extras.tasks.items())
    return words.plain(counted)


def _requeued(job: JobFacts, words: Words) -> Markup | None:
    if not job.restart_count:
        return None
    return words.say_n("{n} time", "{n} times", job.restart_count)


def _resumed(view: RunView, words: Words) -> Markup | None:
    if len(view.attempts) < 2:  # noqa: PLR2004 - the first start is no resumption
        return None
    newest = view.attempts[-1]
    if newest.first_step is None:
        return words.say("at {clock}", clock=words.clock(newest.started))
    return words.say(
        "at {clock}, from step {step}", clock=words.clock(newest.started), step=words.whole(newest.first_step)
    )


def _used(usage: Usage | None, words: Words) -> list[tuple[Markup, Markup | None]]:
    """Return how well it used what it was given, as ``seff`` does."""
    if usage is None:
        return []
    return [
        (words.say("CPU used"), _cpu(usage, words)),
        (words.say("Memory used"), _memory(usage, words)),
        (words.say("GPU time"), _gpu(usage, words)),
    ]


def _cpu(usage: Usage, words: Words) -> Markup | None:
    if usage.cpu_share is None or usage.cpus is None:
        return None
    hours = words.significant((usage.cpu_seconds or 0.0) / 3600, 2)
    return words.say(
        "{share} of {n} cores, {hours} core hours",
        share=words.percent(usage.cpu_share), n=words.whole(usage.cpus), hours=hours,
    )  # fmt: skip


def _memory(usage: Usage, words: Words) -> Markup | None:
    if usage.memory_bytes is None:
        return None
    used = words.significant(usage.memory_bytes / GIBIBYTE, 2)
    if usage.memory_given_bytes is None or usage.memory_share is None:
        return words.say("{used} GiB", used=used)
    given = words.significant(usage.memory_given_bytes / GIBIBYTE, 2)
    share = words.percent(usage.memory_share)
    return words.say("{share} of {given} GiB: {used} GiB", share=share, given=given, used=used)


def _gpu(usage: Usage, words: Words) -> Markup | None:
    if usage.gpu_hours is None or usage.gpus is None:
        return None
    hours = words.significant(usage.gpu_hours, 2)
    return words.say("{hours} GPU hours on {n} GPUs", hours=hours, n=words.whole(usage.gpus))


def polling_words(figures: PollerFigures, words: Words) -> Markup:
    """Return how often the scheduler was asked for all jobs together, and how old its answer is."""
    asked = {"n": words.whole(figures.calls_last_hour), "budget": words.whole(figures.calls_per_hour)}
    if figures.last_error is not None:
        if figures.last_answer is None:
            return words.say("The scheduler does not answer.")
        return words.say(
            "The scheduler does not answer: what is shown is from {age}.", age=words.age(figures.last_answer)
        )
    if figures.last_answer is None:
        return words.say("The scheduler was asked {n} of at most {budget} times in the last hour.", **asked)
    return words.say(
        "The scheduler was asked {n} of at most {budget} times in the last hour, for all jobs together; "
        "its last answer is from {age}.",
        age=words.age(figures.last_answer),
        **asked,
    )
