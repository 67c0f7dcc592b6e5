"""``/runs/{id}/report`` and ``/plan/report``: the comparison to print, to send and to keep."""

from fastapi import APIRouter
from fastapi.responses import Response

from app.pages.answer import answer
from app.pages.plan_page import exactly
from app.pages.plan_question import read_plan, refusal_of
from app.pages.report_account import account_of, account_of_past, account_of_run
from app.pages.report_blocks import Report, kind_of
from app.pages.report_content import report
from app.pages.report_markdown import markdown
from app.pages.run import own_view
from app.pages.visit import Visit, VisitDep
from app.pages.what_if_answer import question_of
from app.pages.what_if_fields import field_values
from app.parts import ActionsDep, PlansDep
from app.plans import Plans
from app.views import RunView
from planner.errors import InvalidInputError
from planner.report import compare

MARKDOWN = "text/markdown; charset=utf-8"

router = APIRouter()


@router.get("/runs/{run_id}/report")
@router.get("/runs/{run_id}/report.md")
def show_report(run_id: str, visit: VisitDep, actions: ActionsDep, plans: PlansDep) -> Response:
    """Show a run's report, under the what-if's assumptions where the URL holds some."""
    view = own_view(visit, actions, plans, run_id)
    made = report_of_run(view, visit, plans)
    return _written(made, visit, name=view.run.id, back=f"/runs/{view.run.id}")


@router.get("/plan/report")
@router.get("/plan/report.md")
def show_plan_report(visit: VisitDep) -> Response:
    """Show the report of the numbers in the URL."""
    asked = read_plan(visit.request.query_params)
    if asked.query is None:
        raise refusal_of(asked)
    comparison = compare(asked.query)
    visit = exactly(visit, comparison)
    account = account_of(None, visit.words.now, asked.query, comparison)
    return _written(report(account, visit.words), visit, name="plan", back="/plan")


def report_of_run(view: RunView, visit: Visit, plans: Plans) -> Report:
    """Return a run's report; of a run with nothing to compare, what was measured."""
    values = field_values(view, visit.request.query_params)
    sure = answer(view, visit.words)
    past = report(account_of_past(view), visit.words, sure.lead + " " + sure.sentence)
    if view.comparison is None or not all(value.is_valid for value in values.values()):
        return past
    try:
        query = question_of(view, values, plans)
    except InvalidInputError:
        return past
    if query is None:
        return past
    is_changed = any(value.is_changed for value in values.values())
    comparison = compare(query) if is_changed else view.comparison
    return report(account_of_run(view, query, comparison), visit.words)


def _written(made: Report, visit: Visit, *, name: str, back: str) -> Response:
    if visit.request.url.path.endswith(".md"):
        headers = {"Content-Disposition": f'attachment; filename="{name}-report.md"'}
        return Response(markdown(made), media_type=MARKDOWN, headers=headers)
    query = f"?{visit.request.url.query}" if visit.request.url.query else ""
    return visit.page(
        "report.html", report=made, kind_of=kind_of, back=back + query, download=f"{back}/report.md{query}"
    )
