"""``/runs/{id}``: one run, and what its chart and its what-if ask for."""

from typing import Annotated

import orjson
from fastapi import APIRouter, File, Path, UploadFile
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from app.actions import Actions
from app.charts import figure_json
from app.curve_file import LARGEST_BYTES, read_curve
from app.errors import NotFoundError, TooLargeError
from app.hindsight import history_of
from app.pages.cadence import SETTING, cadence_to_set
from app.pages.chart_data import MOST_POINTS, chart_data, detail
from app.pages.curve_upload import unread
from app.pages.faces import run_face
from app.pages.fix_outcomes import outcome_face
from app.pages.history_card import history_card
from app.pages.job_card import job_card
from app.pages.verdict_history import sureness, verdict_history
from app.pages.visit import FormDep, OperatorDep, Visit, VisitDep
from app.pages.what_if import what_if
from app.pages.what_if_fields import field_values
from app.pages.what_if_scenario import scenario_from
from app.parts import ActionsDep, PlansDep, StoreDep
from app.plans import Plans
from app.schemas.actions import CommandFields
from app.schemas.compare import RelaunchFields
from app.store import Store
from app.views import RunView
from planner.errors import InvalidInputError

JSON = "application/json"
Step = Annotated[int, Path(ge=0, le=10**12)]

router = APIRouter()

OPEN_SECONDS = 60.0
"""How old the view may be that a what-if is asked of: the page it is asked from shows that one, too."""


def own_view(
    visit: Visit, actions: Actions, plans: Plans, run_id: str, within_seconds: float = 0.0
) -> RunView:
    """Return what is shown of one of the reader's own runs, as it was so long ago where only time passed.

    Raises:
        NotFoundError: there is none, or it is another user's.
    """
    view = plans.view(actions.own_run(visit.user, run_id).id, within_seconds)
    if view is None:
        raise NotFoundError(f"There is no run {run_id[:100]!r}.")
    return view


@router.get("/runs/{run_id}")
def show_run(run_id: str, visit: VisitDep, actions: ActionsDep, plans: PlansDep, store: StoreDep) -> Response:
    """Show one run."""
    return _page(own_view(visit, actions, plans, run_id), visit, plans, store, actions)


@router.get("/runs/{run_id}/what-if")
def show_what_if(run_id: str, visit: VisitDep, actions: ActionsDep, plans: PlansDep) -> Response:
    """Return the what-if's answer alone, for a page that is already open."""
    view = own_view(visit, actions, plans, run_id, OPEN_SECONDS)
    question = what_if(view, visit.request.query_params, plans, visit.words)
    return visit.page("run/what_if_answer.html", what_if=question, is_asked=True)


@router.post("/runs/{run_id}/scenario")
def keep_scenario(
    run_id: str, form: FormDep, visit: OperatorDep, actions: ActionsDep, plans: PlansDep
) -> Response:
    """Keep the what-if's relaunch as the one this run is compared with."""
    view = own_view(visit, actions, plans, run_id)
    scenario = RelaunchFields.model_validate(scenario_from(view, field_values(view, form)))
    actions.set_scenario(visit.user, view.run.id, scenario.model_dump(mode="json", exclude_none=True))
    return RedirectResponse(visit.link(f"/runs/{view.run.id}"), status_code=303)


@router.post("/runs/{run_id}/cadence")
def set_cadence(
    run_id: str, form: FormDep, visit: OperatorDep, actions: ActionsDep, plans: PlansDep
) -> Response:
    """Ask the running job's trainer to validate as the what-if assumes."""
    view = own_view(visit, actions, plans, run_id)
    every = cadence_to_set(view, field_values(view, form))
    if every is None:
        raise InvalidInputError(f"/{SETTING}", form.get(SETTING), "another cadence for a run that goes on")
    actions.command(visit.user, view.run.id, CommandFields(command="set", name=SETTING, value=every))
    return RedirectResponse(visit.link(f"/runs/{view.run.id}") + "#what-if", status_code=303)


@router.post("/runs/{run_id}/curve")
def keep_curve(  # noqa: PLR0913, PLR0917 - the form and the parts, given by name
    run_id: str,
    file: Annotated[UploadFile, File()],
    visit: OperatorDep,
    actions: ActionsDep,
    plans: PlansDep,
    store: StoreDep,
) -> Response:
    """Expect of the fix what a CSV file says; one that cannot be read is told of beside the form."""
    view = own_view(visit, actions, plans, run_id)
    try:
        curve = read_curve(file.file.read(LARGEST_BYTES + 1))
    except (InvalidInputError, TooLargeError) as error:
        return _page(view, visit, plans, store, actions, problem=unread(error, visit.words))
    actions.set_scenario(visit.user, view.run.id, {**view.scenario, "curve": curve})
    return RedirectResponse(visit.link(f"/runs/{view.run.id}") + "#what-if", status_code=303)


def _page(  # noqa: PLR0913 - the parts of the service a page is made with
    view: RunView,
    visit: Visit,
    plans: Plans,
    store: Store,
    actions: Actions,
    *,
    problem: Markup | None = None,
) -> Response:
    told, fixed = history_of(store, view), actions.outcome_if_known(view.replacement)
    return visit.page(
        "run.html",
        status_code=200 if problem is None else 422,
        face=run_face(view, visit.words),
        job=job_card(visit, view),
        what_if=what_if(view, visit.request.query_params, plans, visit.words),
        curve_problem=problem,
        said=history_card(told, visit.words),
        verdicts=verdict_history(told, visit.words),
        sureness=sureness(told, visit.words),
        outcome=None if fixed is None else outcome_face(fixed, visit.words),
    )


@router.get("/runs/{run_id}/chart")
def show_chart(
    run_id: str, visit: VisitDep, actions: ActionsDep, plans: PlansDep, store: StoreDep
) -> Response:
    """Return what the loss chart shows now."""
    view = own_view(visit, actions, plans, run_id)
    told = chart_data(view, visit.words, history_of(store, view).verdict)
    return Response(orjson.dumps(told), media_type=JSON)


@router.get("/runs/{run_id}/chart/{first}-{last}")
def show_stretch(  # noqa: PLR0913, PLR0917 - the path's fields, and parts given by name
    run_id: str,
    first: Step,
    last: Step,
    visit: VisitDep,
    actions: ActionsDep,
    plans: PlansDep,
    store: StoreDep,
) -> Response:
    """Return the losses between two steps, in as fine a resolution as a chart can show."""
    view = own_view(visit, actions, plans, run_id)
    blocks = store.step_blocks(view.run.id, MOST_POINTS, (first, max(first, last)))
    return Response(orjson.dumps(detail(view, blocks, visit.words)), media_type=JSON)


@router.get("/chart")
def show_figure(visit: VisitDep) -> Response:  # noqa: ARG001 - signed in, nothing more
    """Return the empty figure, the same for every run."""
    return Response(figure_json(), media_type=JSON)
