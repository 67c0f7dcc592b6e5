"""What a relaunch would do, from a script, before it is made."""

from dataclasses import asdict

from fastapi import APIRouter, Request

from app.actions import NO_SCHEDULER
from app.errors import ConflictError
from app.json_body import JsonRoute
from app.lost_work import lost_work
from app.parts import ActionsDep, Operator, PlansDep
from app.relaunch_check import judged
from app.schemas.actions import RelaunchOrder
from app.schemas.relaunch import CheckAnswer, LostWorkAnswer, RelaunchCheckAnswer

router = APIRouter(tags=["actions"], route_class=JsonRoute)


@router.post("/runs/{run_id}/relaunch/check")
def check_relaunch(  # noqa: PLR0913, PLR0917 - the parts of one question
    run_id: str,
    order: RelaunchOrder,
    request: Request,
    actions: ActionsDep,
    plans: PlansDep,
    caller: Operator,
) -> RelaunchCheckAnswer:
    """Say what a relaunch would run, and what speaks against it; nothing is submitted."""
    scheduler = request.app.state.scheduler
    if scheduler is None:
        raise ConflictError(NO_SCHEDULER)
    draft = actions.draft(caller.user, run_id)
    exact = actions.preview(caller.user, run_id, order)
    told, view = (
        judged(exact, order.order, draft, scheduler),
        plans.view(actions.own_run(caller.user, run_id).id),
    )
    lost = lost_work(view) if view is not None else None
    return RelaunchCheckAnswer(
        **asdict(told.exact) if told.exact is not None else {},
        job=draft.job.id,
        sha256=told.sha256,
        checks=[CheckAnswer(**asdict(check)) for check in told.checks],
        passes=told.passes,
        difference=[f"{sign}{line}" for sign, line in told.difference],
        lost=LostWorkAnswer(**asdict(lost)) if lost is not None else None,
        supervised=draft.supervised is not None,
    )
