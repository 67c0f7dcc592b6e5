"""``/logs``: have the output of a job followed that was started without the reporter."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from pydantic import ValidationError

from app.errors import ConflictError, ForbiddenError, NotFoundError
from app.followed import Followed
from app.job_logs import JobLogs
from app.pages.visit import FormDep, OperatorDep, Visit, VisitDep
from app.parts import JobLogsDep, StoreDep
from app.schemas.job_logs import FollowOrder
from app.slurm.scheduler import SchedulerError
from app.store import Store
from app.words import Words
from planner.errors import InvalidInputError

NOT_POSSIBLE = 409
COUNTS = ("total_steps", "validate_every")
FIELDS = ("job", "name", *COUNTS)

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Line:
    """One job whose output is, or was, followed; ``is_run``: whether its run has a page already."""

    one: Followed
    state: Markup
    is_run: bool


@router.get("/logs")
def show_logs(visit: VisitDep, logs: JobLogsDep, store: StoreDep) -> Response:
    """Show what is followed, and a form for more."""
    return _page(visit, logs, store, {})


@router.post("/logs")
def follow_log(form: FormDep, visit: OperatorDep, logs: JobLogsDep, store: StoreDep) -> Response:
    """Follow a job's output, or say why that cannot be."""
    typed = {name: form.get(name, "").strip() for name in FIELDS}
    try:
        counts = {name: int(typed[name]) for name in COUNTS if typed[name]}
        logs.attach(visit.user, typed["job"], FollowOrder(name=typed["name"] or None, **counts))
    except (ConflictError, ForbiddenError, NotFoundError, SchedulerError, InvalidInputError) as error:
        return _page(visit, logs, store, typed, str(error))
    except (ValueError, ValidationError):
        return _page(visit, logs, store, typed, visit.words.say("Steps are whole numbers from 1."))
    return RedirectResponse(visit.link("/logs"), status_code=303)


@router.post("/logs/{job}/leave")
def leave_log(job: str, visit: OperatorDep, logs: JobLogsDep) -> Response:
    """Follow a job's output no longer."""
    logs.detach(visit.user, job)
    return RedirectResponse(visit.link("/logs"), status_code=303)


def _page(
    visit: Visit, logs: JobLogs, store: Store, typed: Mapping[str, str], problem: str | None = None
) -> Response:
    followed = logs.followed(visit.user)
    lines = [Line(one, _state(one, visit.words), store.run(one.run) is not None) for one in followed]
    return visit.page(
        "logs.html",
        status_code=200 if problem is None else NOT_POSSIBLE,
        lines=lines,
        typed=dict.fromkeys(FIELDS, "") | dict(typed),
        problem=problem,
    )


def _state(followed: Followed, words: Words) -> Markup:
    named = {
        "following": words.say("followed"),
        "ended": words.say("no longer followed"),
        "refused": words.say("not read"),
    }
    return named[followed.state]
