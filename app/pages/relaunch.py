"""``/runs/{id}/relaunch`` and ``/replacements/{id}``: a relaunch, before it is made and while it happens."""

from collections.abc import AsyncIterable, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.actions import Actions
from app.pages.answer import answer
from app.pages.relaunch_form import RelaunchForm, checked, first_form, order_of, sent_form
from app.pages.run import own_view
from app.pages.stages import replacement_face
from app.pages.streams import changes
from app.pages.visit import FormDep, OperatorDep, Visit, VisitDep
from app.parts import ActionsDep, PlansDep
from app.plans import Plans

STREAM_PAUSE_SECONDS = 0.3

router = APIRouter()


@router.get("/runs/{run_id}/relaunch")
def show_relaunch(run_id: str, visit: VisitDep, actions: ActionsDep, plans: PlansDep) -> Response:
    """Show what a relaunch would do, with the running job's own script to be corrected."""
    run = actions.own_run(visit.user, run_id)
    draft = actions.draft(visit.user, run.id)
    return _page(visit, actions, plans, run.id, first_form(draft, visit.request.app.state.settings))


@router.post("/runs/{run_id}/relaunch/check")
def check_relaunch(
    run_id: str, form: FormDep, visit: OperatorDep, actions: ActionsDep, plans: PlansDep
) -> Response:
    """Check an edited script without submitting it."""
    run = actions.own_run(visit.user, run_id)
    return _page(visit, actions, plans, run.id, sent_form(form))


@router.post("/runs/{run_id}/relaunch")
def start_relaunch(
    run_id: str, form: FormDep, visit: OperatorDep, actions: ActionsDep, plans: PlansDep
) -> Response:
    """Start the relaunch; sent twice it is still one."""
    run = actions.own_run(visit.user, run_id)
    sent = sent_form(form)
    if sent.error is not None:
        return _page(visit, actions, plans, run.id, sent)
    started = actions.relaunch(visit.user, run.id, order_of(sent), sent.key)
    return RedirectResponse(visit.link(f"/replacements/{started.id}"), status_code=303)


@router.get("/replacements/{replacement_id}")
def show_replacement(replacement_id: str, visit: VisitDep, actions: ActionsDep, plans: PlansDep) -> Response:
    """Show how a relaunch stands."""
    return visit.page("replacement.html", **_replacement(replacement_id, visit, actions, plans))


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


def _page(visit: Visit, actions: Actions, plans: Plans, run_id: str, form: RelaunchForm) -> Response:
    view = own_view(visit, actions, plans, run_id)
    draft = actions.draft(visit.user, run_id)
    scheduler = visit.request.app.state.scheduler
    return visit.page(
        "relaunch.html",
        view=view,
        answer=answer(view, visit.words),
        form=form,
        draft=draft,
        told=checked(form, draft, scheduler),
        scheduler=scheduler.name,
    )


def _replacement(replacement_id: str, visit: Visit, actions: Actions, plans: Plans) -> dict[str, Any]:
    found = actions.replacement(visit.user, replacement_id)
    view = own_view(visit, actions, plans, found.run)
    face = replacement_face(found, view, visit.words)
    version = f"{found.updated}-{found.state}-{view.replaced_by}"
    return {"face": face, "replacement": found, "view": view, "version": version}
