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
        label: on the button that leads to its page, and on that which does it.
        effect: what happens, in a sentence.
        is_last: whether the job, or its present process, ends by it.
    """

    action: JobAction
    label: Markup
    effect: Markup
    is_last: bool


def job_buttons(view: RunView, words: Words) -> list[JobButton]:
    """Return the actions that fit a run's job now; none while a relaunch is under way."""
    under_way = view.replacement is not None and view.replacement.get("state") not in {
        "done", "failed", "rolled_back",
    }  # fmt: skip
    if view.job is None or under_way:
        return []
    fitting = BUTTONS_OF.get(view.job.state, ())
    unneeded = "hold" if view.job.reason in HELD else "release"
    return [job_button(action, view, words) for action in fitting if action != unneeded]


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
    named: dict[JobAction, tuple[Markup, Markup, bool]] = {
        "hold": (words.say("Hold"), stays, False),
        "release": (words.say("Release"), may_start, False),
        "requeue": (words.say("Requeue"), waits, True),
        "time-limit": (words.say("Lower the time limit"), lower, False),
        "cancel": (words.say("Cancel"), ends, True),
        "checkpoint-cancel": (words.say("Save and cancel"), saves, True),
    }
    label, effect, is_last = named[action]
    return JobButton(action, label, effect, is_last)
