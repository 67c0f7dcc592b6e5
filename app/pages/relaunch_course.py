"""What a relaunch will do, step by step, with the exact commands, before it is started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.slurm.launch import signal_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from markupsafe import Markup

    from app.lost_work import LostWork
    from app.pages.relaunch_form import Way
    from app.replace_draft import Corrected, Draft
    from app.words import Words


@dataclass(frozen=True, slots=True)
class CourseStep:
    """One thing that will happen, and the command that does it, where SLURM has one."""

    text: Markup
    command: str | None = None


def courses(
    draft: Draft, exact: Corrected | None, scheduler: str, words: Words
) -> Mapping[Way, list[CourseStep]]:
    """Return the steps of each way that is open to a job."""
    found: dict[Way, list[CourseStep]] = {
        "handover": list(_handover(draft, exact, scheduler, words)),
        "overlap": list(_overlap(draft, exact, scheduler, words)),
    }
    return {"keep": list(_keep(draft, words)), **found} if draft.supervised is not None else found


def _handover(draft: Draft, exact: Corrected | None, scheduler: str, words: Words) -> Iterator[CourseStep]:
    job = draft.job.id
    yield CourseStep(
        words.say("The fixed job is submitted, held, and waits for the end of job {job}.", job=job),
        _submit(job, exact, scheduler),
    )
    yield _verify(scheduler, words)
    yield _ask(job, words)
    yield CourseStep(
        words.say("The fixed job is released: from here on it only waits for the end of job {job}.", job=job),
        _release(scheduler),
    )
    yield _cancel(job, scheduler, words)


def _overlap(draft: Draft, exact: Corrected | None, scheduler: str, words: Words) -> Iterator[CourseStep]:
    job = draft.job.id
    yield CourseStep(words.say("The fixed job is submitted, held."), _submit(None, exact, scheduler))
    yield _verify(scheduler, words)
    yield CourseStep(
        words.say("It is released, and starts as soon as there is room beside job {job}.", job=job),
        _release(scheduler),
    )
    yield CourseStep(
        words.say("Once it has reported its first step, job {job} is asked for a checkpoint.", job=job)
    )
    yield _cancel(job, scheduler, words)


def _keep(draft: Draft, words: Words) -> Iterator[CourseStep]:
    job = draft.job.id
    yield _ask(job, words)
    yield CourseStep(
        words.say("The corrected command is handed to job {job}. Only now is there no way back.", job=job),
        f"~/.cutloss/supervise/{draft.job.cluster}-{job}.json",
    )
    yield CourseStep(words.say("The old command is told to end, and killed if it does not."))
    yield CourseStep(
        words.say("The corrected one starts on the same nodes, in the same job: there is no queue.")
    )


def _submit(after: str | None, exact: Corrected | None, scheduler: str) -> str | None:
    options = exact.options if exact is not None else {}
    folder = exact.work_dir if exact is not None else ""
    if scheduler == "rest":
        return "POST /slurm/…/job/submit"
    if scheduler != "slurm":
        return None
    told = [f"--{name}={value}" if value else f"--{name}" for name, value in options.items()]
    waits = [f"--dependency=afterany:{after}"] if after is not None else []
    given = ["--parsable", "--hold", *waits, "--comment=cutloss:…", f"--chdir={folder}", *told]
    return " ".join(["sbatch", *given])


def _verify(scheduler: str, words: Words) -> CourseStep:
    text = words.say("It is checked that it really waits and will be able to run.")
    return CourseStep(text, {"slurm": "squeue --jobs=NEW", "rest": "GET /slurm/…/job/NEW"}.get(scheduler))


def _ask(job: str, words: Words) -> CourseStep:
    return CourseStep(
        words.say("Job {job} is asked for a checkpoint, and the answer is waited for.", job=job)
    )


def _release(scheduler: str) -> str | None:
    return {"slurm": "scontrol release NEW", "rest": 'POST /slurm/…/job/NEW {"hold": false}'}.get(scheduler)


def _cancel(job: str, scheduler: str, words: Words) -> CourseStep:
    text = words.say("Job {job} is cancelled. Only now is there no way back.", job=job)
    return CourseStep(text, {"slurm": f"scancel {job}", "rest": f"DELETE /slurm/…/job/{job}"}.get(scheduler))


def signal_words(draft: Draft, signal: str, words: Words) -> Markup:
    """Return what a signal would do to a job, by how its script starts the training."""
    if draft.script is None:
        return words.say("{signal}: its script is not known, so none is sent", signal=signal)
    named = {
        "batch": words.say("{signal}: to the batch shell, which passes it on", signal=signal),
        "step": words.say("{signal}: to the steps that srun has started", signal=signal),
        "full": words.say("{signal}: to the batch shell and all it has started", signal=signal),
        None: words.say("{signal}: not sent, its batch script would die of it", signal=signal),
    }
    return named[signal_target(draft.script, signal)]


def lost_words(lost: LostWork | None, words: Words) -> Markup | None:
    """Return what would be lost without a new checkpoint, in steps and minutes."""
    if lost is None:
        return None
    steps = words.whole(lost.steps)
    if lost.steps == 0:
        return words.say("Nothing would be lost: the newest checkpoint is of the present step.")
    if lost.seconds is None:
        return words.say("Without a new checkpoint {steps} steps are lost.", steps=steps)
    time = words.duration(lost.seconds)
    if lost.since_step is None:
        return words.say(
            "There is no checkpoint yet: without one all {steps} steps are lost, {time} of work.",
            steps=steps,
            time=time,
        )
    return words.say(
        "Without a new checkpoint {steps} steps are lost, {time} of work: the last one is of step {since}.",
        steps=steps,
        time=time,
        since=words.whole(lost.since_step),
    )
