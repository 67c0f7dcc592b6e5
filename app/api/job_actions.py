"""What a person may do to the job of a run, from a script."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, status

from app.api.actions import Key
from app.json_body import JsonRoute
from app.parts import JobActionsDep, Operator
from app.schemas.job_actions import JobActedAnswer, JobAction, JobOrder

router = APIRouter(tags=["actions"], route_class=JsonRoute)


@router.post(
    "/runs/{run_id}/job/{action}", status_code=status.HTTP_202_ACCEPTED, response_model=JobActedAnswer
)
def post_job_action(  # noqa: PLR0913, PLR0917 - the parts of one question
    run_id: str,
    action: JobAction,
    key: Key,
    jobs: JobActionsDep,
    caller: Operator,
    order: Annotated[JobOrder, Body(default_factory=JobOrder)],
) -> Any:  # noqa: ANN401 - see response_model
    """Hold, release, requeue or cancel the run's job, or lower its time limit."""
    return jobs.act(caller.user, run_id, action, order, key)
