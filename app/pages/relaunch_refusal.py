"""Why a run cannot be relaunched from here, in words, and what can be done instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.errors import ConflictError, ForbiddenError, NotFoundError
from app.slurm.scheduler import SchedulerError, SchedulerUnavailableError

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.slurm.scheduler import Scheduler
    from app.views import RunView
    from app.words import Words

REFUSALS = (NotFoundError, ConflictError, ForbiddenError, SchedulerError)
"""What asking for a run's job may raise where there is nothing to relaunch."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, and what instead."""

    title: Markup
    advice: Markup
    status: int


def refusal(view: RunView, error: Exception, scheduler: Scheduler | None, words: Words) -> Refusal:
    """Return why a run cannot be relaunched from here."""
    job = view.run.job
    if scheduler is None:
        return Refusal(
            words.say("This service runs without a scheduler."),
            words.say("Start it on a login node of the cluster to relaunch from here."),
            409,
        )
    if job is None:
        return Refusal(
            words.say("This run is not a job of a scheduler, so there is nothing to submit again."),
            words.say("Stop it where it was started, and start it there with the fix."),
            404,
        )
    if job.cluster != scheduler.cluster:
        return Refusal(
            words.say("Job {job} is one of {cluster}.", job=job.id, cluster=job.cluster),
            words.say("This service submits to {cluster} only.", cluster=scheduler.cluster),
            409,
        )
    if isinstance(error, SchedulerUnavailableError):
        return Refusal(
            words.say("The scheduler does not answer."),
            words.say("Nothing was done. Try again in a moment."),
            503,
        )
    if isinstance(error, NotFoundError):
        return Refusal(
            words.say("The scheduler no longer knows job {job}.", job=job.id),
            words.say("It ended too long ago; submit the fixed script yourself."),
            404,
        )
    return Refusal(words.say("This cannot be done now."), words.plain(str(error)), 409)
