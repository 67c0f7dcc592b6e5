"""What may be done to a run's job as it stands: a button each, and what the page behind it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.schemas.job_actions import JobAction
    from app.views import RunView
    from app.words import Words

BUTTONS_OF: dict[str, tuple[JobAction, ...]] = {
    "PENDING": ("hold", "release", "time-limit", "cancel"),
    "RUNNING": ("checkpoint-cancel", "cancel", "requeue", "time-limit"),
}
"""The actions that fit a job's state."""
HELD = frozenset({"JobHeldUser", "JobHeldAdmin"})


@dataclass(frozen=True, slots=True)
class JobButton:
    """One action: its button, and what its page says.

    Attributes:
        action: its name in the address.
        label: on the button that leads to its page.
        title: of that page, and on the button that does it.
        effect: what happens, in a sentence.
    """

    action: JobAction
    label: Markup
    title: Markup
    effect: Markup


def job_buttons(view: RunView, words: Words, scheduler: str = "slurm") -> list[JobButton]:
    """Return the actions that fit a run's job now, and its scheduler; none while a relaunch is under way."""
    under_way = view.replacement is not None and view.replacement.get("state") not in {
        "done", "failed", "rolled_back",
    }  # fmt: skip
    if view.job is None or under_way:
        return []
    fitting = BUTTONS_OF.get(view.job.state, ())
    unneeded = {"hold" if view.job.reason in HELD else "release"}
    if scheduler != "slurm":  # only SLURM's commands can
        unneeded.add("requeue")
    return [job_button(action, view, words) for action in fitting if action not in unneeded]


def job_button(action: JobAction, view: RunView, words: Words) -> JobButton:
    """Return one action on a run's job."""
    job = view.run.job.id if view.run.job else ""
    stays = words.say("Job {job} stays in the queue and does not start.", job=job)
    may_start = words.say("Job {job} may start when its turn comes.", job=job)
    waits = words.say("Job {job} is ended and waits in the queue again, under the same number.", job=job)
    lower = words.say(
        "Job {job} may then start earlier, or ends earlier. SLURM does not let you raise it.", job=job
    )
    ends = words.say("Job {job} is ended at once.", job=job)
    saves = words.say("Job {job} is asked for a checkpoint, and ended once it has saved it.", job=job)
    named: dict[JobAction, tuple[Markup, Markup, Markup]] = {
        "hold": (words.say("Hold"), words.say("Hold job {job}", job=job), stays),
        "release": (words.say("Release"), words.say("Release job {job}", job=job), may_start),
        "requeue": (words.say("Requeue"), words.say("Requeue job {job}", job=job), waits),
        "time-limit": (
            words.say("Lower the time limit"),
            words.say("Lower the time limit of job {job}", job=job),
            lower,
        ),
        "cancel": (words.say("Cancel"), words.say("Cancel job {job}", job=job), ends),
        "checkpoint-cancel": (
            words.say("Save and cancel"),
            words.say("Save, then cancel job {job}", job=job),
            saves,
        ),
    }
    return JobButton(action, *named[action])
