"""Follow the output of a job that was started without the reporter."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, status

from app.json_body import JsonRoute
from app.parts import JobLogsDep, Operator, Reader
from app.schemas.job_logs import FollowedAnswer, FollowedList, FollowOrder

router = APIRouter(tags=["logs"], route_class=JsonRoute)


@router.post("/jobs/{job}/log", status_code=status.HTTP_202_ACCEPTED, response_model=FollowedAnswer)
def follow_log(
    job: str,
    logs: JobLogsDep,
    caller: Operator,
    order: Annotated[FollowOrder, Body(default_factory=FollowOrder)],
) -> Any:  # noqa: ANN401 - see response_model
    """Follow a job's output, and report what it tells as a run of that job; asking again is harmless."""
    return logs.attach(caller.user, job, order)


@router.delete("/jobs/{job}/log", response_model=FollowedAnswer)
def leave_log(job: str, logs: JobLogsDep, caller: Operator) -> Any:  # noqa: ANN401 - see response_model
    """Follow a job's output no longer; what was reported stays."""
    return logs.detach(caller.user, job)


@router.get("/logs", response_model=FollowedList)
def list_logs(logs: JobLogsDep, caller: Reader) -> Any:  # noqa: ANN401 - see response_model
    """List the jobs whose output is, or was, followed."""
    return FollowedList(logs=[FollowedAnswer.model_validate(one) for one in logs.followed(caller.user)])
