"""What a relaunch would do, from a script, before it is made."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Header, Request

from app.actions import NO_SCHEDULER
from app.errors import ConflictError
from app.json_body import JsonRoute
from app.lost_work import lost_work
from app.parts import ActionsDep, Operator, PlansDep
from app.relaunch_check import judged
from app.replace import REPLACES
from app.replacement import Replacement
from app.schemas.actions import RelaunchOrder
from app.schemas.relaunch import CheckAnswer, LostWorkAnswer, RelaunchCheckAnswer

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="the relaunch's own: once that was made, what it was is said again, whatever became of"
        " the job",
    ),
]

router = APIRouter(tags=["actions"], route_class=JsonRoute)


@router.post("/runs/{run_id}/relaunch/check")
def check_relaunch(  # noqa: PLR0913, PLR0917 - the parts of one question
    run_id: str,
    order: RelaunchOrder,
    request: Request,
    actions: ActionsDep,
    plans: PlansDep,
    caller: Operator,
    key: Key = None,
) -> RelaunchCheckAnswer:
    """Say what a relaunch would run, and what speaks against it; nothing is submitted."""
    scheduler = request.app.state.scheduler
    if scheduler is None:
        raise ConflictError(NO_SCHEDULER)
    made = actions.relaunched(caller.user, run_id, key) if key is not None else None
    if made is not None:
        return _said_again(made)
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


def _said_again(made: Replacement) -> RelaunchCheckAnswer:
    """Return what was said of a relaunch that has been made: its repeat confirms the same."""
    checks = [CheckAnswer.model_validate(dict(check)) for check in made.checks]
    return RelaunchCheckAnswer(
        job=made.old_id,
        sha256=made.sha256,
        script=made.script,
        script_args=list(made.script_args),
        options=dict(made.options),
        work_dir=made.work_dir,
        order=made.order,
        environment={name: value for name, value in made.environment.items() if name != REPLACES},
        checks=checks,
        passes=all(check.passed for check in checks),
        difference=[],
        lost=None,
        supervised=made.order == "keep",
    )
