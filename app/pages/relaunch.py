"""``/runs/{id}/relaunch`` and ``/replacements/{id}``: a relaunch, before it is made and while it happens."""

from collections.abc import AsyncIterable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.datastructures import UploadFile

from app.actions import Actions
from app.lost_work import lost_work
from app.pages.answer import answer
from app.pages.check_words import check_finding, check_name
from app.pages.fix_outcomes import outcome_face
from app.pages.relaunch_course import courses, lost_words, signal_words
from app.pages.relaunch_form import (
    SIGNALS,
    RelaunchForm,
    checked,
    exact_of,
    first_form,
    order_of,
    sent_form,
)
from app.pages.relaunch_refusal import REFUSALS, refusal
from app.pages.run import own_view
from app.pages.stages import replacement_face
from app.pages.streams import changes
from app.pages.visit import FormDep, OperatorDep, Visit, VisitDep
from app.parts import ActionsDep, PlansDep
from app.plans import Plans
from app.relaunch_check import Told
from app.replace_draft import Draft
from app.schemas.actions import LARGEST_SCRIPT
from app.views import RunView

STREAM_PAUSE_SECONDS = 0.3

router = APIRouter()


@router.get("/runs/{run_id}/relaunch")
def show_relaunch(run_id: str, visit: VisitDep, actions: ActionsDep, plans: PlansDep) -> Response:
    """Show what a relaunch would do, with the running job's own script to be corrected."""
    view = own_view(visit, actions, plans, run_id)
    try:
        draft = actions.draft(visit.user, view.run.id)
    except REFUSALS as error:
        why = refusal(view, error, visit.request.app.state.scheduler, visit.words)
        return visit.page("relaunch/refused.html", why.status, view=view, why=why)
    form = first_form(draft, visit.request.app.state.settings)
    return _page(visit, view, draft, form, _told(visit, form, draft))


async def _form_with_file(request: Request) -> Mapping[str, str]:
    """Return a form whose script is the file that was sent along, where one was."""
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return fields
    # What is no text has no line that could run: it shows as such, and the checks say so.
    text = (await file.read(LARGEST_SCRIPT + 1)).decode("utf-8", "replace")
    await file.close()
    return {**fields, "script": text if len(text) <= LARGEST_SCRIPT else ""}


@router.post("/runs/{run_id}/relaunch/check")
def check_relaunch(
    run_id: str,
    form: Annotated[Mapping[str, str], Depends(_form_with_file)],
    visit: OperatorDep,
    actions: ActionsDep,
    plans: PlansDep,
) -> Response:
    """Check an edited script, or a file in its place, without submitting it."""
    view, sent = own_view(visit, actions, plans, run_id), sent_form(form)
    draft = actions.draft(visit.user, view.run.id)
    return _page(visit, view, draft, sent, _told(visit, sent, draft))


@router.post("/runs/{run_id}/relaunch")
def start_relaunch(
    run_id: str, form: FormDep, visit: OperatorDep, actions: ActionsDep, plans: PlansDep
) -> Response:
    """Start the relaunch that was shown; sent twice it is still one.

    What was changed since is shown first: only what the person has seen, by its fingerprint, is started.
    """
    view, sent = own_view(visit, actions, plans, run_id), sent_form(form)
    draft = actions.draft(visit.user, view.run.id)
    exact = exact_of(sent, draft)
    if exact is None or exact.sha256 != sent.confirmed:
        return _page(visit, view, draft, sent, _told(visit, sent, draft), is_unseen=exact is not None)
    started = actions.relaunch(visit.user, view.run.id, order_of(sent), sent.key)
    return RedirectResponse(visit.link(f"/replacements/{started.id}"), status_code=303)


@router.get("/replacements/{replacement_id}")
def show_replacement(replacement_id: str, visit: VisitDep, actions: ActionsDep, plans: PlansDep) -> Response:
    """Show how a relaunch stands."""
    told = _replacement(replacement_id, visit, actions, plans)
    known = actions.outcome_if_known(told["replacement"])
    outcome = None if known is None else outcome_face(known, visit.words)
    return visit.page("replacement.html", **told, outcome=outcome)


@router.post("/replacements/{replacement_id}/rollback")
def undo_replacement(replacement_id: str, visit: OperatorDep, actions: ActionsDep) -> Response:
    """Undo a relaunch while the running job has not been touched."""
    found = actions.rollback(visit.user, replacement_id)
    return RedirectResponse(visit.link(f"/replacements/{found.id}"), status_code=303)


@router.get("/replacements/{replacement_id}/live", response_class=EventSourceResponse)
async def stream_replacement(
    replacement_id: str, visit: VisitDep, actions: ActionsDep, plans: PlansDep
) -> AsyncIterable[ServerSentEvent]:
    """Send how a relaunch goes on."""

    def fragments() -> Mapping[str, str]:
        now = visit.later()
        told = _replacement(replacement_id, now, actions, plans)
        return {"replacement": now.render("relaunch/stages.html", **told), "version": str(told["version"])}

    async for event in changes(visit, None, fragments, STREAM_PAUSE_SECONDS):
        yield event


def _told(visit: Visit, form: RelaunchForm, draft: Draft) -> Told:
    told = checked(form, draft, visit.request.app.state.scheduler)
    visit.request.app.state.queues.note_trial(draft.job.id, told.checks)
    return told


def _page(  # noqa: PLR0913 - the parts of one page
    visit: Visit, view: RunView, draft: Draft, form: RelaunchForm, told: Told, *, is_unseen: bool = False
) -> Response:
    scheduler = visit.request.app.state.scheduler.name
    return visit.page(
        "relaunch.html",
        view=view,
        answer=answer(view, visit.words),
        form=form,
        draft=draft,
        told=told,
        check_name=check_name,
        check_finding=check_finding,
        is_unseen=is_unseen,
        courses=courses(draft, told.exact, scheduler, visit.words),
        signals=[(name, signal_words(draft, name, visit.words)) for name in SIGNALS],
        lost=lost_words(lost_work(view), visit.words),
        scheduler=scheduler,
    )


def _replacement(replacement_id: str, visit: Visit, actions: Actions, plans: Plans) -> dict[str, Any]:
    found = actions.replacement(visit.user, replacement_id)
    view = own_view(visit, actions, plans, found.run)
    face = replacement_face(found, view, visit.words)
    version = f"{found.updated}-{found.state}-{view.replaced_by}"
    return {"face": face, "replacement": found, "view": view, "version": version}
