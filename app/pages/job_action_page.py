"""``/runs/{id}/job/{action}``: one thing to be done to a run's job, confirmed on a page of its own."""

import secrets
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from app.lost_work import lost_work
from app.pages.job_buttons import job_button
from app.pages.relaunch_course import lost_words
from app.pages.relaunch_form import SIGNALS
from app.pages.run import own_view
from app.pages.visit import FormDep, OperatorDep, Visit, VisitDep
from app.parts import ActionsDep, JobActionsDep, PlansDep
from app.schemas.job_actions import JobAction, JobOrder
from app.views import RunView

MINUTE = 60.0
LONGEST_MINUTES = 366 * 24 * 60.0
LOSING = frozenset({"cancel", "requeue"})
"""Actions that end the running process without a checkpoint."""

router = APIRouter()


@dataclass(frozen=True, slots=True)
class ActionForm:
    """What the form holds; times in minutes, as typed.

    Attributes:
        limit: with ``time-limit``: the new limit.
        wait: with ``checkpoint-cancel``: how long the checkpoint is waited for.
        key: makes sending it twice one action.
        error: the field that cannot be used.
    """

    limit: str
    wait: str
    signal: str
    without_answer: str
    key: str
    error: str | None = None


@router.get("/runs/{run_id}/job/{action}")
def show_job_action(  # noqa: PLR0913, PLR0917 - the parts of one question
    run_id: str, action: JobAction, visit: VisitDep, actions: ActionsDep, jobs: JobActionsDep, plans: PlansDep
) -> Response:
    """Show what an action does to a run's job, to be confirmed; what would be refused is refused here."""
    view = own_view(visit, actions, plans, run_id)
    jobs.refuse_unfit(view.run, action)
    usual = visit.request.app.state.settings.checkpoint_wait_seconds / MINUTE
    form = ActionForm(_present_limit(view), f"{usual:g}", "", "abort", secrets.token_urlsafe(16))
    return _page(visit, view, action, form)


@router.post("/runs/{run_id}/job/{action}")
def do_job_action(  # noqa: PLR0913, PLR0917 - the parts of one action
    run_id: str,
    action: JobAction,
    form: FormDep,
    visit: OperatorDep,
    actions: ActionsDep,
    jobs: JobActionsDep,
    plans: PlansDep,
) -> Response:
    """Do it; sent twice it is done once."""
    view = own_view(visit, actions, plans, run_id)
    sent = ActionForm(
        limit=form.get("limit", "").strip(),
        wait=form.get("wait", "").strip(),
        signal=form.get("signal", ""),
        without_answer="proceed" if form.get("without_answer") == "proceed" else "abort",
        key=form.get("key", "")[:200] or secrets.token_urlsafe(16),
    )
    order = _order(action, sent)
    if isinstance(order, str):
        wrong = ActionForm(sent.limit, sent.wait, sent.signal, sent.without_answer, sent.key, order)
        return _page(visit, view, action, wrong)
    acted = jobs.act(visit.user, view.run.id, action, order, sent.key)
    poller = visit.request.app.state.poller
    if poller is not None:
        poller.wake()
    target = f"/replacements/{acted.replacement}" if acted.replacement else f"/runs/{view.run.id}"
    return RedirectResponse(visit.link(target), status_code=303)


def _order(action: JobAction, form: ActionForm) -> JobOrder | str:
    """Return what the form orders, or the name of the field that cannot be used."""
    if action == "time-limit":
        minutes = _minutes(form.limit)
        return "limit" if not minutes else JobOrder(time_limit_seconds=MINUTE * minutes)
    if action != "checkpoint-cancel":
        return JobOrder()
    minutes = _minutes(form.wait)
    if minutes is None:
        return "wait"
    return JobOrder(
        checkpoint_wait_seconds=MINUTE * minutes,
        signal=next((signal for signal in SIGNALS if signal == form.signal), None),
        without_answer="proceed" if form.without_answer == "proceed" else "abort",
    )


def _minutes(text: str) -> float | None:
    try:
        minutes = float(text.replace(",", "."))
    except ValueError:
        return None
    return minutes if 0 <= minutes <= LONGEST_MINUTES else None


def _present_limit(view: RunView) -> str:
    return f"{view.time_limit_seconds / MINUTE:g}" if view.time_limit_seconds else ""


def _page(visit: Visit, view: RunView, action: JobAction, form: ActionForm) -> Response:
    button = job_button(action, view, visit.words)
    lost = lost_words(lost_work(view), visit.words) if action in LOSING else None
    return visit.page(
        "job_action.html",
        422 if form.error else 200,
        view=view,
        button=button,
        form=form,
        lost=lost,
        signals=SIGNALS,
    )
