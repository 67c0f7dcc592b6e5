"""The parts of the service that handlers ask for, wired once in ``app.main``."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request

from app.actions import Actions
from app.alerts.desk import AlertDesk
from app.auth import Caller, require
from app.job_actions import JobActions
from app.job_logs import JobLogs
from app.plans import Plans
from app.pool import Pool
from app.store import Store


def _part(name: str) -> Callable[[Request], Coroutine[Any, Any, Any]]:
    """Return the dependency that hands out one part; it needs no thread of its own."""

    async def dependency(request: Request) -> Any:  # noqa: ANN401 - typed where it is used
        return getattr(request.app.state, name)

    return dependency


StoreDep = Annotated[Store, Depends(_part("store"))]
PlansDep = Annotated[Plans, Depends(_part("plans"))]
PoolDep = Annotated[Pool, Depends(_part("pool"))]
ActionsDep = Annotated[Actions, Depends(_part("actions"))]
JobActionsDep = Annotated[JobActions, Depends(_part("job_actions"))]
JobLogsDep = Annotated[JobLogs, Depends(_part("job_logs"))]
AlertsDep = Annotated[AlertDesk, Depends(_part("alerts"))]
Reader = Annotated[Caller, Depends(require("read"))]
Operator = Annotated[Caller, Depends(require("operate"))]
